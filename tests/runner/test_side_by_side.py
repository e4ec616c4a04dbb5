"""Workers: stages side by side, and what happens when one of them dies."""

from __future__ import annotations

import os
import signal
import time

import pytest

from zsbench.plan import Stage
from zsbench.plugins import load_plugins
from zsbench.runner import side_by_side
from zsbench.runner.outcome import Outcome, StageRecord
from zsbench.runner.reporter import Silent
from zsbench.runner.side_by_side import Resources, can_fork, run_side_by_side
from zsbench.runner.workbench import Workbench
from zsbench.store import Store

pytestmark = [
    pytest.mark.skipif(not can_fork(), reason="this system does not fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


class Notes(Silent):
    def __init__(self):
        self.order, self.progress = [], []

    def stage_finished(self, stage, seconds):
        self.order.append(stage.label)

    def stage_failed(self, stage, reason):
        self.order.append(f"{stage.label}: {reason}")

    def stage_advanced(self, stage, done, total, tokens=0):
        self.progress.append((stage.label, done, total))


def act(stage, bench, device):
    """A stage's label says what it does."""
    if "dies" in stage.label:
        os._exit(9)
    if "killed" in stage.label:
        os.kill(os.getpid(), signal.SIGKILL)
    if "fails" in stage.label:
        return StageRecord("failed", reason="on purpose")
    bench.progress(1, 2)
    if "slow" in stage.label:
        time.sleep(0.2)
    place = bench.store.path(stage.kind, stage.key)
    place.mkdir(parents=True)
    (place / "made").write_text(f"{os.getpid()} {sorted(map(str, bench.places))}", encoding="utf-8")
    return StageRecord("done", 0.1)


@pytest.fixture
def crew(tmp_path, monkeypatch):
    """Run stages given as (kind, label, labels of its inputs)."""
    monkeypatch.setattr(side_by_side, "make_stage", act)
    bench = Workbench(Store(tmp_path), load_plugins([]).registry)
    notes, outcome = Notes(), Outcome()

    def _crew(*specs, workers=2, scorers=0):
        stages = [Stage(kind, label, label, tuple(inputs), {}, None) for kind, label, inputs in specs]
        outcome.stages.update({stage.key: StageRecord("missing") for stage in stages})
        left = run_side_by_side(stages, bench, Resources("cpu", 1, workers, scorers), notes, outcome)
        return left, outcome, notes

    return _crew


def test_a_stage_starts_when_its_inputs_are_there(crew):
    """Order of the plan does not matter; inputs do."""
    left, outcome, notes = crew(("predict", "b", "a"), ("train", "a-slow", ""), ("train", "a", ""))
    assert left == []
    assert {record.state for record in outcome.stages.values()} == {"done"}
    assert notes.order.index("a") < notes.order.index("b")
    assert "'a'" in (outcome.places["b"] / "made").read_text(encoding="utf-8")


def test_stages_run_in_processes_of_their_own(crew):
    """Two slow stages are made by two workers, neither of them this process."""
    _, outcome, notes = crew(("train", "slow-1", ""), ("train", "slow-2", ""))
    makers = {(place / "made").read_text(encoding="utf-8").split()[0] for place in outcome.places.values()}
    assert len(makers) == 2
    assert str(os.getpid()) not in makers
    assert ("slow-1", 1, 2) in notes.progress
    assert len(outcome.worker_memory) == 2


def test_scoring_is_kept_to_one_worker(crew):
    """One METEOR process serves the run."""
    _, outcome, _ = crew(*[("score", f"slow-{number}", "") for number in range(4)])
    makers = {(place / "made").read_text(encoding="utf-8").split()[0] for place in outcome.places.values()}
    assert len(makers) == 1


def makers(outcome, *labels):
    """The processes that made some stages."""
    return {(outcome.places[label] / "made").read_text(encoding="utf-8").split()[0] for label in labels}


def test_a_cell_is_scored_beside_the_next_ones_captioning(crew):
    """One process captions all cells, another one tokenises and scores all of them."""
    cells = [spec for n in "12" for spec in (("predict", f"p{n}", ""), ("score", f"s{n}", [f"p{n}", "r"]))]
    left, outcome, notes = crew(("references", "r", ""), *cells, workers=1, scorers=1)
    assert left == []
    assert len(makers(outcome, "p1", "p2")) == len(makers(outcome, "r", "s1", "s2")) == 1
    assert makers(outcome, "p1") != makers(outcome, "s1")
    assert len(notes.order) == 5


def test_a_scorer_that_dies_leaves_its_work_to_the_captioning_process(crew):
    """What is left is scored there."""
    left, outcome, _ = crew(
        ("score", "dies", ""), ("predict", "slow", ""), ("score", "s", ["slow"]), workers=1, scorers=1
    )
    assert left == []
    assert makers(outcome, "slow") == makers(outcome, "s")


def test_a_captioning_process_that_dies_leaves_its_work_to_the_scorer(crew):
    """It captions then, too."""
    left, outcome, _ = crew(
        ("predict", "dies", ""), ("references", "slow", ""), ("predict", "p", ""), workers=1, scorers=1
    )
    assert left == []
    assert makers(outcome, "slow") == makers(outcome, "p")


def test_a_failed_stage_takes_down_what_waits_for_it(crew):
    """The others are made."""
    left, outcome, _ = crew(("train", "fails", ""), ("predict", "x", ["fails"]), ("predict", "y", ""))
    assert left == []
    assert [outcome.stages[key].state for key in ("fails", "x", "y")] == ["failed", "skipped", "done"]
    assert outcome.stages["x"].reason == "on purpose"


@pytest.mark.parametrize(("end", "code"), [("dies", 9), ("killed", -9)])
def test_a_worker_that_dies_fails_its_stage_alone(crew, end, code):
    """The other worker goes on, and the reason says what to do."""
    left, outcome, _ = crew(("train", end, ""), ("train", "slow", ""), ("predict", "z", ["slow"]))
    assert left == []
    assert outcome.stages[end].state == "failed"
    assert f"worker process died (exit code {code})" in outcome.stages[end].reason
    assert "run the same command again" in outcome.stages[end].reason
    assert outcome.stages["z"].state == "done"


def test_a_worker_that_dies_idle_costs_no_stage(crew, monkeypatch):
    """What could not be handed to it is made by another."""
    hired = side_by_side._Crew._hire

    def hire(self, resources):
        worker = hired(self, resources)
        if not getattr(self, "killed", False):
            self.killed = True
            worker.process.kill()
            worker.process.join()
        return worker

    monkeypatch.setattr(side_by_side._Crew, "_hire", hire)
    left, outcome, _ = crew(("train", "a", ""), ("train", "b", ""), ("predict", "c", ["a"]))
    assert left == []
    assert {outcome.stages[key].state for key in "abc"} == {"done"}


def test_what_is_left_when_every_worker_died_is_returned(crew):
    """The engine makes it itself."""
    left, outcome, _ = crew(("train", "dies-1", ""), ("train", "dies-2", ""), ("predict", "z", ""))
    assert [stage.label for stage in left] == ["z"]
    assert outcome.stages["z"].state == "missing"


@pytest.mark.parametrize(
    ("device", "threads", "asked", "expected"),
    [
        ("cpu", None, None, (1, 0)),
        ("cpu", 1, None, (3, 0)),
        ("cpu", 2, None, (1, 0)),
        ("cuda:0", 1, None, (1, 1)),
        ("cuda:0", None, 1, (1, 0)),
        ("cpu", None, 2, (2, 0)),
    ],
)
def test_workers_are_chosen_by_cores_and_threads(monkeypatch, device, threads, asked, expected):
    """Three cores; asked for, the number is what was asked; an accelerator has a process that scores beside it."""
    monkeypatch.setattr(side_by_side, "count_cores", lambda: 3)
    chosen = Resources.choose(device, threads, asked)
    assert (chosen.workers, chosen.scorers) == expected


@pytest.mark.parametrize(("kind", "expected"), [("train", ["torch"]), ("predict", ["torch"]), ("score", [])])
def test_torch_is_loaded_once_and_only_for_stages_that_compute(monkeypatch, kind, expected):
    loaded = []
    monkeypatch.setattr("importlib.import_module", loaded.append)
    side_by_side._share_torch([Stage("compare", "c", "c", (), {}, None), Stage(kind, "k", "k", (), {}, None)])
    assert loaded == expected


def test_workers_without_torch_still_work(crew, monkeypatch):
    def refuse(name):
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", refuse)
    _, outcome, _ = crew(("predict", "a", ""), ("predict", "b", ""))
    assert {record.state for record in outcome.stages.values()} == {"done"}
