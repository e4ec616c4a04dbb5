"""Trainings: a journal that is taken up, and no encoder in memory."""

from __future__ import annotations

import zsbench_fakes
from zsbench.interfaces import Encoder, TrainingReport, TrainingState
from zsbench.stages import StageContext


def test_an_interrupted_training_goes_on_from_its_journal(session, notes, tmp_path, monkeypatch):
    """The step after the last state is the first that is taken; nothing of the journal is left in the store."""
    taken = []

    def load(captioner, resources):
        captioner.words, captioner.journal = [], resources.journal

    def train(captioner, corpus, generator, *, progress):
        state = captioner.journal.latest()
        for step in range(state.steps if state else 0, 4):
            if step == 2 and not state:
                raise RuntimeError("interrupted")
            taken.append(step)
            captioner.journal.count_tokens(10)
            captioner.journal.keep(TrainingState(step + 1, {}))
            progress(step + 1, 4)
        return TrainingReport(4, len(corpus), (1.0,))

    monkeypatch.setattr(zsbench_fakes.FakeCaptioner, "load", load)
    monkeypatch.setattr(zsbench_fakes.FakeCaptioner, "train", train)
    assert session(checkpoint_seconds=0).run().failed
    assert not session(checkpoint_seconds=0).run().failed
    assert taken == [0, 1, 2, 3]
    assert any(remark.endswith("A killed training goes on after its step 2.") for remark in notes.remarks)
    assert list((tmp_path / "cache" / "store").rglob("journal*")) == []


def test_how_often_a_training_keeps_its_state_is_no_part_of_its_key(session):
    """Another interval finds the training of before."""
    keys = [set(session(checkpoint_seconds=seconds).plan().stages) for seconds in (0, 60, None)]
    assert keys[0] == keys[1] == keys[2]


def test_no_encoder_is_in_memory_for_a_training(session, monkeypatch):
    """Its text features are in the store; width and fingerprint are known without weights, and those are let go."""
    seen, contexts = [], []
    release = StageContext.release_encoders

    def load(captioner, resources):
        captioner.words, captioner.encoder = ["a"], resources.encoder

    def train(captioner, corpus, generator, *, progress):
        held = [model for model in contexts[0]._loaded.values() if isinstance(model, Encoder)]
        seen.append((captioner.encoder.dim, captioner.encoder.fingerprint, held))
        return TrainingReport(1, len(corpus), (1.0,))

    monkeypatch.setattr(zsbench_fakes.FakeCaptioner, "load", load)
    monkeypatch.setattr(zsbench_fakes.FakeCaptioner, "train", train)
    monkeypatch.setattr(StageContext, "release_encoders", lambda context: contexts.append(context) or release(context))
    result = session().run()
    stage = next(stage for stage in result.plan.stages.values() if stage.kind == "train")
    assert seen[0] == (zsbench_fakes.DIM, stage.encoder.encoder.fingerprint, [])
    assert contexts[0].encoder(stage.encoder).encode_texts(["a"]).shape == (1, zsbench_fakes.DIM)
