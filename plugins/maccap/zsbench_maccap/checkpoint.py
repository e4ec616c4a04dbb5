"""The trained adaptor on disk: one safetensors file, and one JSON file that says what it belongs to."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from zsbench.errors import CorruptDataError, HashMismatchError, MissingDataError
from zsbench.interfaces import Frozen
from zsbench_maccap.adaptor import Adaptor
from zsbench_maccap.training_config import MacCapTraining

__all__ = ["Origin", "read_checkpoint", "write_checkpoint"]

WEIGHTS, ORIGIN = "adaptor.safetensors", "origin.json"
_REMEDY = "Delete the folder and train again: `zsbench run` does so."


class Origin(Frozen):
    """What an adaptor was trained with; it is of no use with anything else."""

    format: int = Field(default=1, description="version of the two files")
    encoder: str = Field(description="fingerprint of the encoder")
    language_model: str = Field(description="fingerprint of the language model")
    training: MacCapTraining = Field(description="training settings")


def write_checkpoint(folder: Path, adaptor: Adaptor, origin: Origin) -> None:
    """Write both files into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in adaptor.state_dict().items()}
    save_file(state, folder / WEIGHTS)
    (folder / ORIGIN).write_text(json.dumps(origin.model_dump(mode="json"), indent=2) + "\n", encoding="utf-8")


def read_checkpoint(folder: Path, adaptor: Adaptor, expected: Origin) -> None:
    """Read the weights into an adaptor.

    Raises:
        MissingDataError: A file is not there.
        CorruptDataError: A file is not what it should be.
        HashMismatchError: It belongs to another encoder, language model or other training settings.
    """
    for path in (folder / ORIGIN, folder / WEIGHTS):
        if not path.is_file():
            raise MissingDataError(f"{path} is not there.", "A trained MacCap has it.", _REMEDY, path=path)
    _check_origin(folder / ORIGIN, expected)
    try:
        adaptor.load_state_dict(load_file(folder / WEIGHTS))
    except (SafetensorError, RuntimeError) as error:
        raise CorruptDataError(
            f"{folder / WEIGHTS} does not hold this adaptor: {error}.",
            "It is the safetensors file that was saved.",
            _REMEDY,
            path=folder / WEIGHTS,
        ) from error


def _check_origin(path: Path, expected: Origin) -> None:
    """Refuse an adaptor that was trained with something else, naming what differs."""
    try:
        found = Origin.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise CorruptDataError(
            f"{path} is not readable: {error}.", "It is the JSON file that was saved.", _REMEDY, path=path
        ) from error
    mine, theirs = expected.model_dump(), found.model_dump()
    if differing := [key for key in mine if mine[key] != theirs[key]]:
        raise HashMismatchError(
            f"{path} tells of another {' and another '.join(key.replace('_', ' ') for key in differing)}.",
            "An adaptor is restored with what it was trained with.",
            _REMEDY,
            path=path,
        )
