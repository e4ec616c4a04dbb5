"""Processes of a run that die: a worker in each kind of stage, the tokeniser, METEOR."""

from __future__ import annotations

import pytest

import zsbench_faults as faults

pytestmark = pytest.mark.slow
TOKENISER, METEOR = "PTBTokenizer", "meteor-1.5.jar"


def is_worker(place, stage):
    """Says whether a process is a worker, as soon as one works on a stage of this kind: it keeps that stage's lock."""

    def _is_worker(pid, command):
        if "java" in command.partition(" ")[0] or not list(place.store.glob(f"partial/{stage}-*")):
            return False
        key = next(iter(place.store.glob(f"partial/{stage}-*"))).name.rpartition("-")[2]
        return any(key in str(lock) for lock in open_files(pid))

    return _is_worker


def open_files(pid):
    """What a process keeps open."""
    from pathlib import Path

    found = []
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            found.append(link.readlink())
        except OSError:
            continue
    return found


@pytest.mark.parametrize("stage", ["text-features", "train", "predict", "score"])
def test_a_worker_that_dies_costs_its_stage_alone(calm, tmp_path, stage):
    """The others are made, the reason is told, and the same command makes the rest."""
    place = faults.Place.under(tmp_path, stage)
    process = calm.start(place)
    assert faults.kill_member(process, is_worker(place, stage))
    code, said = faults.end(process)
    assert code == 4, said
    assert f"FAILED {stage}" in said
    assert "The worker process died (exit code -9). " in said
    assert "run the same command again" in said
    calm.check_resumed(place)


@pytest.mark.parametrize("program", [TOKENISER, METEOR])
def test_a_java_program_that_dies_costs_its_metric_alone(calm, tmp_path, program):
    """Predictions stand, the table says what did not run, and the same command scores it."""
    place = faults.Place.under(tmp_path, "java")
    process = calm.start(place)
    assert faults.kill_member(process, lambda _, command: program in command)
    code, said = faults.end(process)
    assert code == 0, said
    reasons = {row.not_run for result in results(place) for row in result.metrics if row.id != "spice"}
    assert any("The Java program of" in reason for reason in reasons), reasons
    calm.check_resumed(place)
    assert {row.not_run for result in results(place) for row in result.metrics if row.id != "spice"} == {""}


def results(place):
    """Every cell's result of the newest run."""
    from zsbench.records import read_results

    return read_results(place.results / "latest")
