"""The state of a fitted gap model on disk: safetensors, with the hash of what the fit saw."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zsbench.code.loading import load_object
from zsbench.errors import CorruptDataError, HashMismatchError
from zsbench.interfaces.gap import GapModel

if TYPE_CHECKING:
    from zsbench.components import GapChoice

__all__ = ["STATE", "make_gap", "read_gap_state", "write_gap_state"]

STATE = "state.safetensors"
_REMEDY = "Delete the folder of this stage in the store and run again."


def make_gap(gap: GapChoice) -> GapModel:
    """A fresh, unfitted gap model."""
    model: GapModel = load_object(gap.factory)(gap.config)
    return model


def write_gap_state(path: Path, model: GapModel, fitted_on: str) -> None:
    """Write what a fit estimated.

    Args:
        path: The file.
        model: Fitted.
        fitted_on: Fingerprint of the encoder and hash of the data that the fit saw; kept in the file's metadata.
    """
    from safetensors.torch import save_file

    state = {name: tensor.contiguous() for name, tensor in model.state().items()}
    save_file(state, path, metadata={"fitted_on": fitted_on})


def read_gap_state(path: Path, model: GapModel, fitted_on: str) -> None:
    """Give a gap model the state that an equal one's fit estimated; memory-mapped.

    Raises:
        HashMismatchError: The fit saw the features of another encoder, or other data.
        CorruptDataError: The file is no safetensors file.
    """
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load_file

    try:
        with safe_open(path, framework="pt") as file:
            seen = (file.metadata() or {}).get("fitted_on", "nothing that it tells")
        state = load_file(path)
    except SafetensorError as error:
        raise CorruptDataError(
            f"{path} cannot be read: {error}.", "It is a safetensors file.", _REMEDY, path=path
        ) from error
    if seen != fitted_on:
        raise HashMismatchError(
            f"{path} was fitted on {seen}.",
            f"This run's encoder and data are {fitted_on}.",
            _REMEDY,
            path=path,
        )
    model.load_state(state)
