"""``zsbench score`` and ``zsbench compare``: what they print, keep and refuse."""

from __future__ import annotations

import json
import sys

import pytest
from typer.testing import CliRunner

import zsbench_fakes
from zsbench import cli
from zsbench.cli.app import app
from zsbench.plugins import load_plugins

METRICS = ("-m", "exact,words")


@pytest.fixture
def zsbench(monkeypatch, tmp_path):
    """Run the command on the fakes, in a folder with references and two systems."""
    for module in ("run", "score", "compare"):
        monkeypatch.setattr(f"zsbench.cli.{module}.load_plugins", lambda: load_plugins([zsbench_fakes.FAKES]))
    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    ids = [f"x{n}" for n in range(60)]
    files = {
        "refs": {id_: ["a dog", f"a {id_}"] for id_ in ids},
        "good": [{"image_id": id_, "caption": "a dog"} for id_ in ids],
        "bad": [{"image_id": id_, "caption": "a dog" if n % 2 else "a big cat"} for n, id_ in enumerate(ids)],
        "part": [{"image_id": id_, "caption": "a dog"} for id_ in ids[:50]],
    }
    for name, content in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")

    def _zsbench(*arguments):
        return CliRunner().invoke(app, list(arguments))

    return _zsbench


def test_score_prints_every_metric_and_where_the_records_are(zsbench, tmp_path):
    """Score, error, interval, n and signature."""
    result = zsbench("score", "bad.json", "-r", "refs.json", *METRICS)
    assert result.exit_code == 0
    assert "refs.json: 60 predictions (coco-results)." in result.stdout
    assert "| Exact    |   50.00 |" in result.stdout
    assert "Exact|tok:none|refs:all:" in result.stdout
    assert (tmp_path / "results" / "latest" / "run.json").exists()


def test_score_json_is_one_document(zsbench, tmp_path):
    """Standard output is JSON and nothing else; the record is where it says."""
    document = json.loads(zsbench("score", "bad.json", "-r", "refs.json", "--json", *METRICS).stdout)
    assert (document["form"], document["n"], document["labels"]) == ("coco-results", 60, [])
    assert [row["score"] for row in document["metrics"]] == [0.5, 2.5]
    assert document["descriptives"]["mean_length"] == 2.5
    assert (tmp_path / document["run"] / "cells").is_dir()


def test_partial_scores_are_labelled_in_print_and_json(zsbench):
    """Without the flag they are refused."""
    arguments = ("score", "part.json", "-r", "refs.json", *METRICS)
    assert zsbench(*arguments).exit_code == 1
    assert "LABELLED partial: 50 of 60 examples are predicted." in zsbench(*arguments, "--allow-partial").stdout
    document = json.loads(zsbench(*arguments, "--allow-partial", "--json").stdout)
    assert document["labels"] == ["partial: 50 of 60 examples are predicted"]


def test_scores_are_printed_although_records_cannot_be_written(zsbench, tmp_path):
    """A results folder that takes nothing costs the records, not the numbers."""
    (tmp_path / "results").write_text("a file", encoding="utf-8")
    result = zsbench("score", "good.json", "-r", "refs.json", *METRICS)
    assert "100.00" in result.stdout
    assert "cannot be written" in str(result.exception)


def test_compare_of_files_speaks_plainly(zsbench, tmp_path):
    """Who is better, by how much, and on which examples; nothing is recorded."""
    result = zsbench("compare", "good.json", "bad.json", "-r", "refs.json", *METRICS)
    assert result.exit_code == 0
    assert "B is worse on Exact by 50.00" in result.stdout
    assert "30 of 60 predictions differ." in result.stdout
    assert "'a dog' -> 'a big cat'" in result.stdout
    assert not (tmp_path / "results").exists()


def test_compare_of_records_equals_compare_of_files(zsbench):
    """Two scored files and their records give the same document."""
    runs = [
        json.loads(zsbench("score", f"{name}.json", "-r", "refs.json", "--json", *METRICS).stdout)["run"]
        for name in ("good", "bad")
    ]
    records = json.loads(zsbench("compare", *runs, "--json").stdout)
    files = json.loads(zsbench("compare", "good.json", "bad.json", "-r", "refs.json", "--json", *METRICS).stdout)
    assert records == files
    (comparison,) = records["comparisons"]
    assert {row["metric"] for row in comparison["metrics"]} == {"exact", "words"}
    assert comparison["losses"][0]["change"] == -1.0


def test_compare_of_two_runs_pairs_their_systems(zsbench, tmp_path):
    """A run against itself: every system is the same as itself."""
    zsbench("run")
    document = json.loads(zsbench("compare", "results/latest", "results/latest", "--json").stdout)
    assert len(document["comparisons"]) == 3
    assert all(row["difference"] == 0 for one in document["comparisons"] for row in one["metrics"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["score", "good.json"], "holds no references"),
        (["score", "nowhere.json", "-r", "refs.json"], "nowhere.json cannot be read"),
        (["score", "good.json", "-r", "refs.json", "--form", "coco-result"], "Did you mean 'coco-results'"),
        (["score", "part.json", "-r", "refs.json", "-m", "exact"], "10 ids have no prediction (x50, x51"),
        (["score", "good.json", "-t", "fake-tusk", "--data-root", "fake-world"], "Did you mean 'fake-task'"),
        (["compare", "good.json", "part.json", "-r", "refs.json", "-m", "exact"], "--allow-partial"),
        (
            ["compare", "good.json", "part.json", "-r", "refs.json", "-m", "exact", "--allow-partial"],
            "n: 60 against 50",
        ),
        (["compare", "nowhere", "results"], "no run and no cell nowhere"),
    ],
)
def test_wrong_input_is_three_sentences_and_exit_code_two(zsbench, monkeypatch, capsys, arguments, message):
    """No traceback; what to do is said."""
    monkeypatch.setattr(sys, "argv", ["zsbench", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_full_disk_is_three_sentences(zsbench, monkeypatch, capsys):
    """Whatever writes: the file, what is kept, what to do."""

    def fail(*_, **__):
        raise OSError(28, "No space left on device", "results/x")

    monkeypatch.setattr("zsbench.rescoring.FileScorer.score", fail)
    monkeypatch.setattr(sys, "argv", ["zsbench", "score", "good.json", "-r", "refs.json"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    assert "results/x cannot be written (No space left on device)" in capsys.readouterr().err
