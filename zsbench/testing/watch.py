"""Watching a component from outside: global random state, files and connections it opens, tensors it holds."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch

from zsbench.testing.kit import conforms

__all__ = ["disturbed_randomness", "find_tensors", "untouched_randomness", "watched_doors"]

DOORS = ("open", "socket.connect", "subprocess.Popen", "urllib.Request")
SOURCES = (".py", ".pyc", ".pyi", ".so", ".pyd")


@contextmanager
def untouched_randomness() -> Iterator[None]:
    """Within the block no global random state may move.

    Raises:
        ConformanceError: One moved.
    """
    before = _random_states()
    yield
    moved = [name for name, state in _random_states().items() if state != before[name]]
    conforms(
        not moved,
        f"The global random state of {', '.join(moved)} was moved",
        "All randomness comes from the generator that is passed in",
        "Draw with `generator=generator`, and call no `seed` or `manual_seed` of a module",
    )


@contextmanager
def disturbed_randomness(seed: int) -> Iterator[None]:
    """Within the block global random states are others; afterwards they are as before."""
    python, numpy_state, torch_state = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    try:
        random.seed(seed)  # noqa: TID251  the point is to disturb what nothing may depend on
        np.random.seed(seed)  # noqa: NPY002, TID251  as above
        torch.manual_seed(seed)  # noqa: TID251  as above
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_state)  # noqa: NPY002
        torch.set_rng_state(torch_state)


@contextmanager
def watched_doors() -> Iterator[list[str]]:
    """Within the block every file that is opened, program that is started and connection that is made is listed."""
    seen: list[str] = []
    _install()
    _LISTENERS.append(seen)
    try:
        yield seen
    finally:
        _LISTENERS.remove(seen)


def find_tensors(value: Any, depth: int = 3) -> Iterator[torch.Tensor]:
    """Tensors within an object: in its attributes, containers and records, modules whole."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, torch.nn.Module):
        yield from [*value.parameters(), *value.buffers()]
    elif depth:
        for inner in _inside(value):
            yield from find_tensors(inner, depth - 1)


def _inside(value: Any) -> list[Any]:
    """What an object holds."""
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, (list, tuple, set)):
        return list(value)
    if is_dataclass(value):
        return [getattr(value, field.name, None) for field in fields(value)]
    return list(getattr(value, "__dict__", {}).values())


def _random_states() -> dict[str, Any]:
    """The global random states of Python, numpy and torch, comparable."""
    states = {
        "random": random.getstate(),
        "numpy.random": [str(part) for part in np.random.get_state()],  # noqa: NPY002
        "torch": torch.get_rng_state().tolist(),
    }
    if torch.cuda.is_available():
        states["torch.cuda"] = torch.cuda.get_rng_state().tolist()
    return states


_LISTENERS: list[list[str]] = []
_INSTALLED: list[bool] = []


def _install() -> None:
    """Listen to the interpreter's audit events; a hook cannot be taken away, so there is one for all watches."""
    if not _INSTALLED:
        sys.addaudithook(_hear)
        _INSTALLED.append(True)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    """Note an event while somebody watches; sources of modules that are imported do not count."""
    if _LISTENERS and event in DOORS:
        told = str(arguments[0]) if arguments else ""
        if event != "open" or not told.endswith(SOURCES):
            for listener in _LISTENERS:
                listener.append(f"{event} {told}")
