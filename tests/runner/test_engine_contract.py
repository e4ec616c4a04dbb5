"""What a run asks of an engine, whoever wrote it."""

from __future__ import annotations

import pytest

from zsbench.errors import MissingDataError, PluginContractError
from zsbench.interfaces import Engine, StageRecord


class EngineThatTakesBack(Engine):
    """Gives every stage up once before it is made."""

    def run(self, work, resources):
        while ready := work.ready():
            work.start(ready[0])
            work.give_up(ready[0])
            work.start(ready[0])
            work.finish(ready[0], work.make(ready[0]))


class EngineThatBoasts(Engine):
    """Says that all is done, and makes nothing."""

    def run(self, work, resources):
        while ready := work.ready():
            work.start(ready[0])
            work.finish(ready[0], StageRecord("done"))


class EngineThatLeaves(Engine):
    """Returns before anything is done."""

    def run(self, work, resources):
        """Nothing."""


@pytest.fixture
def run_with(session):
    """Run one captioner with an engine."""

    def _run(engine):
        made = session(captioners=["nearest"], baseline=None)
        made.engine = engine(made.engine.request)
        return made.run()

    return _run


def test_a_stage_that_is_begun_again_is_told_once(run_with, notes, monkeypatch):
    """A reader sees one stage, however often its worker is lost."""
    started = []
    monkeypatch.setattr(notes, "stage_started", lambda stage: started.append(stage.key))
    result = run_with(EngineThatTakesBack)
    assert result.results[0].status == "done"
    assert len(started) == len(set(started)) == result.outcome.count("done")


def test_outputs_that_records_need_and_that_are_not_there_are_named(run_with):
    """An engine's word is not enough."""
    with pytest.raises(MissingDataError, match="was made and is not in the store"):
        run_with(EngineThatBoasts)


def test_stages_without_a_result_are_counted(run_with):
    """The engine is at fault, and the local one may go on."""
    with pytest.raises(PluginContractError, match="left 5 stages without a result"):
        run_with(EngineThatLeaves)
