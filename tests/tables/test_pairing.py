import numpy as np
import pytest

import zsbench_fakes
from zsbench.config import read_matrix
from zsbench.errors import ConfigError, MissingDataError, ScoringError
from zsbench.plugins import load_plugins
from zsbench.runner.reporter import Silent
from zsbench.runner.session import RunOptions, Session
from zsbench.tables.frame import load_frame, name_runs
from zsbench.tables.pairing import compare_with

pytest.importorskip("torch", reason="a run needs it")
PLUGINS = load_plugins([zsbench_fakes.FAKES])
DIFFERENCE = ["difference", "difference_error", "difference_low", "difference_high", "p_value"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Make a run of the fakes; its folder."""
    folder = tmp_path_factory.mktemp("runs")

    def _run(baseline, **overrides):
        overrides = {"captioners": ["fake", "fake-one", "nearest"], "tasks": ["fake-grouped"], **overrides}
        matrix = read_matrix(zsbench_fakes.matrix_file(), {**overrides, "baseline": baseline})
        return Session(RunOptions(matrix, folder / "results", folder / "cache"), PLUGINS, Silent()).run().folder

    return _run


def compared(baseline, *runs):
    """The frame of some runs with another baseline."""
    return compare_with(load_frame(runs), baseline, name_runs(runs), PLUGINS.registry)


def test_differences_are_those_of_a_run_with_that_baseline(run):
    """To the last digit, for groups too."""
    expected, found = load_frame([run("nearest")]), compared("nearest", run("fake"))
    assert found["baseline"].tolist() == expected["baseline"].tolist()
    assert expected["difference"].notna().sum() > 4
    assert expected.loc[expected["grouping"] != "", "difference"].notna().any()
    np.testing.assert_array_equal(found[DIFFERENCE], expected[DIFFERENCE])


def test_the_runs_own_baseline_costs_nothing(run, monkeypatch):
    """Its differences are in the records."""
    monkeypatch.setattr("zsbench.tables.pairing.measure_seed", None)
    path = run("fake")
    assert compared("fake", path)["difference"].equals(load_frame([path])["difference"])


def test_the_baseline_may_be_of_another_run(run):
    """Cells pair by task and seed; a captioner is never compared with itself."""
    one, other = run("fake", captioners=["fake"]), run("nearest", captioners=["nearest"])
    found = compared("nearest", one, other).set_index("captioner")
    assert found.loc["fake", "difference"].notna().all()
    assert found.loc["nearest", "difference"].isna().all()


def test_other_signatures_are_refused(run):
    """The fields that differ are told."""
    one, other = run("fake", captioners=["fake"]), run("nearest", captioners=["nearest"], limit=4)
    with pytest.raises(ScoringError, match="differ in n: 10 against 4"):
        compared("nearest", one, other)


def test_a_row_without_a_counterpart_has_no_difference(run):
    """Another seed is no counterpart."""
    one, other = run("fake", captioners=["fake"]), run("nearest", captioners=["nearest"], seeds=[7])
    assert compared("nearest", one, other)["difference"].isna().all()


def test_an_unknown_baseline_is_refused(run):
    """With the closest captioner of the records."""
    with pytest.raises(ConfigError, match="Did you mean 'nearest'"):
        compared("nearst", run("fake"))


def test_records_without_statistics_are_refused(run):
    """By the file that is missing."""
    path = run("fake")
    for file in path.glob("cells/*/statistics.safetensors"):
        file.unlink()
    with pytest.raises(MissingDataError, match=r"statistics\.safetensors"):
        compared("nearest", path)
