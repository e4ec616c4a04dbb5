"""States of fitted gap models on disk."""

from __future__ import annotations

import pytest
import torch

import zsbench_fakes
from zsbench.errors import CorruptDataError, HashMismatchError
from zsbench.stages.gap_states import read_gap_state, write_gap_state


@pytest.fixture
def fitted():
    model = zsbench_fakes.MeanGap(zsbench_fakes.NoSettings())
    model.fit(texts=torch.nn.functional.normalize(torch.ones(3, 8), dim=-1))
    return model


def test_a_state_goes_to_disk_and_back(fitted, tmp_path):
    """Equal tensors."""
    write_gap_state(tmp_path / "state", fitted, "encoder/corpus")
    restored = zsbench_fakes.MeanGap(zsbench_fakes.NoSettings())
    read_gap_state(tmp_path / "state", restored, "encoder/corpus")
    assert fitted.state().keys() == restored.state().keys()
    assert all(torch.equal(tensor, restored.state()[name]) for name, tensor in fitted.state().items())


def test_a_fit_on_another_encoder_or_corpus_is_refused(fitted, tmp_path):
    """The message names what it saw and what it should have seen."""
    write_gap_state(tmp_path / "state", fitted, "one-encoder/corpus")
    with pytest.raises(HashMismatchError, match=r"one-encoder/corpus.*other-encoder/corpus"):
        read_gap_state(tmp_path / "state", fitted, "other-encoder/corpus")


def test_a_file_that_tells_nothing_of_its_fit_is_refused(fitted, tmp_path):
    """A state without the hash of its data belongs to nobody."""
    from safetensors.torch import save_file

    save_file(fitted.state(), tmp_path / "state")
    with pytest.raises(HashMismatchError, match="nothing that it tells"):
        read_gap_state(tmp_path / "state", fitted, "encoder/corpus")


def test_a_broken_file_is_refused(fitted, tmp_path):
    """No safetensors file."""
    (tmp_path / "state").write_bytes(b"broken")
    with pytest.raises(CorruptDataError, match="cannot be read"):
        read_gap_state(tmp_path / "state", fitted, "encoder/corpus")
