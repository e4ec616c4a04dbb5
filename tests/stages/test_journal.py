"""The journal of a training: written whole, damaged ones told and left, gone when it is done."""

from __future__ import annotations

import json

import pytest
import torch

from zsbench.interfaces import TrainingState
from zsbench.stages.journal import MANIFEST, StoredJournal

STATE = TrainingState(
    7, {"weight": torch.arange(6.0).view(2, 3), "random": torch.arange(9, dtype=torch.uint8)}, {"n": 3}
)


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def remarks():
    return []


@pytest.fixture
def journal(tmp_path, remarks):
    return StoredJournal(tmp_path / "journal", 60.0, remarks.append)


def test_a_training_that_begins_has_no_state(journal, remarks):
    """Nothing was kept, nothing is said."""
    assert journal.latest() is None
    assert remarks == []


def test_a_state_comes_back_to_the_bit(journal, remarks):
    """Steps, tensors of any type and facts; taking it up is remarked."""
    journal.keep(STATE)
    found = journal.latest()
    assert (found.steps, found.facts) == (7, {"n": 3})
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in STATE.tensors.items())
    assert found.tensors["random"].dtype == torch.uint8
    assert remarks == ["A killed training goes on after its step 7."]


def test_only_the_newest_state_is_left(journal):
    """One state and the file that names it."""
    journal.keep(STATE)
    journal.keep(TrainingState(8, STATE.tensors))
    assert sorted(path.name for path in journal.folder.iterdir()) == [MANIFEST, "state-000000008.safetensors"]
    assert journal.latest().steps == 8


def test_a_kill_between_the_two_files_leaves_the_state_before(journal, monkeypatch):
    """The manifest is written last, so what it names is always whole."""
    journal.keep(STATE)

    def die(path, text):
        raise KeyboardInterrupt

    monkeypatch.setattr("zsbench.stages.journal.write_text", die)
    with pytest.raises(KeyboardInterrupt):
        journal.keep(TrainingState(8, STATE.tensors))
    monkeypatch.undo()
    assert journal.latest().steps == 7


def spoil_state(folder):
    path = next(folder.glob("*.safetensors"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut_state(folder):
    path = next(folder.glob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:50])


def lose_state(folder):
    next(folder.glob("*.safetensors")).unlink()


def spoil_manifest(folder):
    (folder / MANIFEST).write_text("{", encoding="utf-8")


def lead_astray(folder):
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (folder / MANIFEST).write_text(json.dumps({**manifest, "file": "../../elsewhere"}), encoding="utf-8")


@pytest.mark.parametrize("damage", [spoil_state, cut_state, lose_state, spoil_manifest, lead_astray])
def test_a_damaged_state_is_told_and_removed(journal, remarks, damage):
    """The training begins anew, and the next kill finds nothing of it."""
    journal.keep(STATE)
    damage(journal.folder)
    assert journal.latest() is None
    assert "damaged and not used, the training begins anew" in remarks[0]
    assert not journal.folder.exists()


def test_a_state_is_due_by_the_clock(tmp_path, remarks):
    """So many seconds after the journal was opened, and after each state."""
    clock = Clock()
    journal = StoredJournal(tmp_path / "journal", 60.0, remarks.append, clock)
    assert not journal.is_due()
    clock.now = 60.0
    assert journal.is_due()
    journal.keep(STATE)
    assert not journal.is_due()
    clock.now = 121.0
    assert journal.is_due()


@pytest.mark.parametrize(("seconds", "due"), [(0.0, True), (None, False)])
def test_every_step_or_none_at_all(tmp_path, remarks, seconds, due):
    """0 keeps every step; None keeps nothing and takes nothing up."""
    StoredJournal(tmp_path, 0.0, remarks.append).keep(STATE)
    journal = StoredJournal(tmp_path, seconds, remarks.append)
    assert journal.is_due() is due
    assert (journal.latest() is not None) is due


def test_tokens_add_up(journal):
    """Progress shows their sum by the second."""
    journal.count_tokens(5)
    journal.count_tokens(7)
    assert journal.tokens == 12


def test_clearing_removes_everything(journal):
    """Nothing is left beside the trained weights."""
    journal.keep(STATE)
    journal.clear()
    assert not journal.folder.exists()
