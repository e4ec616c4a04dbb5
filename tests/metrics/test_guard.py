"""The guard around Java on real scorings: what dies, lasts or is missing costs one metric and never the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from zsbench.metrics import java, ptb
from zsbench.metrics.bleu import bleu_4
from zsbench.metrics.java import find_jar
from zsbench.metrics.meteor import Meteor, meteor
from zsbench.metrics.rouge import rouge_l
from zsbench.metrics.scoring import ScoringContext, prepare_references, score_predictions

REFERENCES = {f"x{n}": [f"a dog number {n} runs", "the dog is running"] for n in range(20)}
PREDICTIONS = dict.fromkeys(REFERENCES, "a dog runs")
CONTEXT = ScoringContext(split="tiny", resamples=100)


def score(metrics):
    split = prepare_references(REFERENCES, metrics)
    return {result.metric: result for result in score_predictions(PREDICTIONS, split, metrics, context=CONTEXT)}


def test_java_killed_in_the_middle_of_meteor_costs_meteor_alone(monkeypatch):
    """The real jar is killed once it has its lines: the run goes on by itself, and the process is gone."""
    killed = []
    plain = java._write_lines

    def write_and_kill(process, lines):
        plain(process, lines)
        process.kill()
        killed.append(process)

    monkeypatch.setattr(java, "_write_lines", write_and_kill)
    found = score([bleu_4(), Meteor(seconds=120.0), rouge_l()])
    assert "Java program of meteor died after 0 of 20 answers" in found["meteor"].not_run
    assert found["meteor"].score is None
    assert found["bleu-4"].score > 0
    assert found["rouge-l"].score > 0
    assert killed[0].poll() is not None


def test_meteor_that_never_answers_ends_at_its_limit(monkeypatch):
    """A jar that hangs is given up after the limit that was set."""
    monkeypatch.setattr(java, "_write_lines", lambda process, lines: None)
    found = score([Meteor(seconds=1.0), rouge_l()])
    assert "had not ended after 1 s" in found["meteor"].not_run
    assert found["rouge-l"].score > 0


def test_no_meteor_process_without_meteor(monkeypatch):
    """Other metrics start the tokeniser, and nothing that stays."""
    monkeypatch.setattr(java.JavaServer, "ask", None)
    found = score([bleu_4(), rouge_l()])
    assert found["bleu-4"].score > 0


def test_full_disk_costs_the_metrics_that_need_it(monkeypatch):
    """A temporary folder that takes nothing is a reason with a remedy."""

    def fail(self, data):
        raise OSError(28, "No space left on device", str(self))

    split = prepare_references(REFERENCES, [rouge_l()])
    monkeypatch.setattr(Path, "write_bytes", fail)
    (result,) = score_predictions(PREDICTIONS, split, [rouge_l()], context=CONTEXT)
    assert "No space left on device" in result.not_run
    assert "TMPDIR" in result.not_run


def test_nothing_is_written_beside_the_jars():
    """Installed packages may be read-only: tokenising leaves them as they were."""
    package = find_jar("meteor/meteor-1.5.jar").parents[1]
    before = sorted((str(path), path.stat().st_mtime_ns) for path in package.rglob("*") if path.suffix != ".pyc")
    ptb.tokenize_captions(["A dog runs."])
    after = sorted((str(path), path.stat().st_mtime_ns) for path in package.rglob("*") if path.suffix != ".pyc")
    assert before == after


def test_programs_work_outside_of_the_packages(fake_java):
    """METEOR too has its working directory elsewhere."""
    fake_java("import os, sys\nsys.stdin.readline()\nprint(os.getcwd(), *range(22), flush=True)")
    metric = meteor()
    with pytest.raises(ValueError, match="could not convert") as caught:
        metric.statistics({"a": "x"}, {"a": "x"})
    metric.close()
    assert "site-packages" not in str(caught.value)


def test_path_with_spaces_and_a_comma_locale_change_nothing(tmp_path, monkeypatch):
    """Tokens are the same from a folder with spaces and under German settings."""
    expected = ptb.tokenize_captions(["1,5 dogs don't run.", "café 1.5"])
    folder = tmp_path / "a folder, with spaces"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    for name in ("LC_ALL", "LANG", "LC_NUMERIC"):
        monkeypatch.setenv(name, "de_DE.UTF-8")
    assert ptb.tokenize_captions(["1,5 dogs don't run.", "café 1.5"]) == expected


def test_two_scorings_at_once_share_a_store(tmp_path):
    """Two commands that start together both end well, with the same scores."""
    for name, content in (("refs", REFERENCES), ("said", {id_: [text] for id_, text in PREDICTIONS.items()})):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    command = "from zsbench.cli import main; main()"
    arguments = ["score", "said.json", "-r", "refs.json", "-m", "rouge-l", "--json"]
    environment = {**os.environ, "ZSBENCH_CACHE": str(tmp_path / "cache")}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", command, *arguments],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [json.loads(process.communicate(timeout=120)[0]) for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert outputs[0]["metrics"][0]["score"] == outputs[1]["metrics"][0]["score"] > 0
    assert outputs[0]["run"] != outputs[1]["run"]
