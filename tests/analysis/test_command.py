"""``zsbench analyze`` as people call it, on pairs that are given."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

import zsbench.cli.analyze as command
from zsbench.cli.app import app
from zsbench.errors import ConfigError
from zsbench.interfaces import MatrixSpec
from zsbench.registry import Owner, Registry


@pytest.fixture
def call(monkeypatch, pairs):
    """Runs a command line; its output."""
    monkeypatch.setattr(command, "_load", lambda *given, **more: pairs)

    def _call(*arguments):
        result = CliRunner().invoke(app, ["analyze", *map(str, arguments)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.output

    return _call


def test_the_page_is_printed_and_the_report_written(call, tmp_path):
    """Verdicts stand first; the folder is named."""
    output = call("gap", "--output", tmp_path / "gap", "--regions", 4)
    assert "DOES NOT HOLD" in output or "holds" in output
    assert str(tmp_path / "gap" / "gap.html") in output
    assert (tmp_path / "gap" / "gap.html").is_file()


def test_the_record_is_printed_on_request(call, tmp_path):
    """JSON and nothing else."""
    record = json.loads(call("gap", "--output", tmp_path, "--regions", 4, "--json"))
    assert record["kind"] == "gap-analysis"
    assert record["closeness"]["settings"]["regions"] == 4


def test_a_setting_that_does_not_exist_is_refused(call, tmp_path):
    """The message lists what there is."""
    with pytest.raises(ConfigError, match="softmax-of-row"):
        call("gap", "--output", tmp_path, "--attention-weights", "none")


def test_noise_says_what_each_estimate_looks_at(call):
    """Text-only estimates are told from the others."""
    lines = call("noise").splitlines()
    assert [line.split()[0] for line in lines] == ["captions-largest", "captions-mean", "pairs-around-mean", "pairs"]
    assert ["NOT text-only" in line for line in lines] == [False, False, True, True]


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("ViT-B-32", {"model": "ViT-B-32"}),
        ("ViT-B-32:openai", {"model": "ViT-B-32", "pretrained": "openai"}),
        ("hf-hub:laion/x", {"model": "hf-hub:laion/x"}),
    ],
)
def test_an_encoder_is_a_model_with_or_without_its_weights(text, settings):
    """A name of the hub keeps its colon."""
    assert command._encoder_setting(text).settings == settings


def test_a_folder_is_an_encoder_of_its_own(tmp_path):
    """Whatever its name."""
    assert command._encoder_setting(str(tmp_path)).settings == {"model": str(tmp_path.resolve())}


def test_without_a_shipped_default_every_flag_is_needed():
    """The message says what ships one."""
    assert command._default_matrix(Registry()) is None
    with pytest.raises(ConfigError, match="--task was not given"):
        command._needed(None, "--task")


def test_the_tagged_matrix_gives_the_defaults(tmp_path):
    """Its encoder, and the task of its fits."""
    path = tmp_path / "m.yaml"
    path.write_text("{captioners: [a], tasks: [b], corpora: [c], gap_fit: {task: d}, encoder: {settings: {model: e}}}")
    registry = Registry()
    registry.add(MatrixSpec(id="other", factory=partial(Path, str(tmp_path / "absent"))), Owner("test"))
    registry.add(MatrixSpec(id="mine", factory=partial(Path, str(path)), tags=("gap-analysis",)), Owner("test"))
    assert command._default_matrix(registry).gap_fit.task == "d"
