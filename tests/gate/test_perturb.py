"""The tool that makes a run worse: captions swapped, scored again, nothing else touched."""

from __future__ import annotations

import pytest

from zsbench.errors import ConfigError
from zsbench.gate import GateRules, judge_run
from zsbench.gate.perturb import swap_captions, swap_predictions
from zsbench.records import read_cells
from zsbench_cells import REGISTRY, make_metric

HUNDRED = {str(n): f"caption {n}" for n in range(100)}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of the fakes."""
    from typer.testing import CliRunner

    import zsbench_fakes
    from zsbench.cli.app import app
    from zsbench.plugins import load_plugins

    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("zsbench.cli.run.load_plugins", lambda: load_plugins([zsbench_fakes.FAKES]))
    result = CliRunner().invoke(app, ["run", "-o", str(tmp_path / "results")])
    assert result.exit_code == 0, result.output
    return tmp_path / "results" / "latest"


@pytest.mark.parametrize(("share", "moved"), [(0, 0), (0.03, 3), (0.001, 2), (1, 100)])
def test_a_share_of_captions_moves_to_other_examples(share, moved):
    """At least two, for one cannot be swapped; nothing is lost."""
    found = swap_predictions(HUNDRED, share, seed=1)
    assert sum(found[id_] != text for id_, text in HUNDRED.items()) == moved
    assert sorted(found.values()) == sorted(HUNDRED.values())
    assert list(found) == list(HUNDRED)


def test_the_copy_is_a_run_with_true_scores(run, tmp_path):
    """Its statistics are those of the captions it holds, so that a gate reads it like any run."""
    copy = swap_captions(run, tmp_path / "copies", 0.5, REGISTRY, seed=3)
    own, swapped = read_cells(run), read_cells(copy)
    assert [cell.name for cell in swapped] == [cell.name for cell in own]
    for before, after in zip(own, swapped, strict=True):
        assert sorted(before.predictions.values()) == sorted(after.predictions.values())
        words = [float(len(text.split())) for text in after.predictions.values()]
        assert after.statistics["words"][:, 0].tolist() == words
        assert after.rows["words"].score == pytest.approx(sum(words) / len(words))
    report = judge_run(swapped, own, make_metric, GateRules())
    assert any(cell.changed for cell in report.cells)


def test_nothing_swapped_passes_at_once(run, tmp_path):
    """Scoring again gives the same statistics."""
    copy = swap_captions(run, tmp_path / "copies", 0, REGISTRY)
    assert judge_run(read_cells(copy), read_cells(run), make_metric, GateRules()).tests == 0


def test_a_share_beyond_the_whole_is_refused(tmp_path):
    """Three per cent are 0.03."""
    with pytest.raises(ConfigError, match=r"0\.03"):
        swap_captions(tmp_path, tmp_path, 3, REGISTRY)


def test_plugin_authors_have_the_tool_without_a_registry(run, tmp_path, monkeypatch):
    """The conformance kit's function swaps as this one does, with what is installed."""
    from types import SimpleNamespace

    from zsbench import testing

    monkeypatch.setattr("zsbench.plugins.load_plugins", lambda: SimpleNamespace(registry=REGISTRY))
    theirs = testing.swap_captions(run, tmp_path / "theirs", 0.5, seed=3)
    ours = swap_captions(run, tmp_path / "ours", 0.5, REGISTRY, seed=3)
    found = [[cell.predictions for cell in read_cells(copy)] for copy in (theirs, ours)]
    assert found[0] == found[1] != [cell.predictions for cell in read_cells(run)]
