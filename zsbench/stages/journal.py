"""The journal of a training: its state on disk, so that a killed one goes on where it was.

A state is one safetensors file, and ``journal.json`` names it with its SHA-256. Each is written beside its place and
renamed into it, the second after the first: at any moment the journal is there whole, as it was or as it will be.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.files import write_text
from zsbench.interfaces.training import TrainingJournal, TrainingState

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["JOURNAL", "StoredJournal"]

JOURNAL = "journal"
"""The folder of a journal in the partial folder of its stage."""
MANIFEST = "journal.json"


class StoredJournal(TrainingJournal):
    """Keeps states in a folder, the newest only.

    Args:
        folder: Where; made when the first state is kept.
        seconds: Between states; 0 keeps every step, None keeps nothing and takes nothing up.
        remark: Told when a training is taken up, and when a state is damaged.
        clock: Seconds, for tests.

    Attributes:
        tokens: Tokens learned from, as far as the captioner counts them.
    """

    def __init__(
        self,
        folder: Path,
        seconds: float | None,
        remark: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self.seconds = seconds
        self.tokens = 0
        self._remark = remark
        self._clock = clock
        self._kept = clock()

    def latest(self) -> TrainingState | None:
        """The newest state; a damaged one is remarked and removed."""
        if self.seconds is None or not (self.folder / MANIFEST).exists():
            return None
        try:
            state = _read_state(self.folder)
        except Exception as error:  # noqa: BLE001  whatever is wrong with it, the training can begin anew
            self._remark(f"The state of a killed training is damaged and not used, the training begins anew: {error}")
            self.clear()
            return None
        self._remark(f"A killed training goes on after its step {state.steps:,}.")
        return state

    def is_due(self) -> bool:
        """Whether so many seconds have passed since the last state, or since the journal was opened."""
        return self.seconds is not None and self._clock() - self._kept >= self.seconds

    def keep(self, state: TrainingState) -> None:
        """Write a state, then remove the one before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"state-{state.steps:09d}.safetensors"
        content = _serialise(state.tensors)
        _write_bytes(self.folder / name, content)
        manifest = {
            "file": name,
            "sha256": hashlib.sha256(content).hexdigest(),
            "steps": state.steps,
            "facts": dict(state.facts),
        }
        write_text(self.folder / MANIFEST, json.dumps(manifest, indent=1))
        for old in self.folder.iterdir():
            if old.name not in {name, MANIFEST}:
                old.unlink(missing_ok=True)
        self._kept = self._clock()

    def count_tokens(self, tokens: int) -> None:
        """Add them up."""
        self.tokens += tokens

    def clear(self) -> None:
        """Remove everything: the training is done."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _serialise(tensors: Mapping[str, Tensor]) -> bytes:
    """Tensors in safetensors' format."""
    from safetensors.torch import save

    return save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})


def _read_state(folder: Path) -> TrainingState:
    """The state that the manifest names.

    Raises:
        ValueError: A file is not what was written.
        OSError: A file cannot be read.
        KeyError: The manifest lacks something.
    """
    from safetensors.torch import load

    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    path = folder / Path(str(manifest["file"])).name
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest["sha256"]:
        raise ValueError(f"{path.name} is not what was written.")
    return TrainingState(int(manifest["steps"]), load(content), dict(manifest["facts"]))


def _write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
