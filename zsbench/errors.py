"""Every error a user can meet, in one tree.

::

    ZsbenchError
    ├── ConfigError(source, key)          a matrix, flag or setting is wrong
    │   └── UnknownIdError(kind, id)      an id nobody registered
    ├── PluginError(plugin, distribution)
    │   ├── PluginLoadError               the plugin could not be imported
    │   ├── PluginContractError           a hook, spec or component breaks its contract
    │   ├── DuplicateIdError              two plugins claim one id
    │   └── ApiVersionError               the plugin wants another version of the contracts
    ├── MissingDependencyError            a program or package that the run needs is not there
    ├── DataError(path)
    │   ├── MissingDataError              a file or folder is not there
    │   ├── CorruptDataError              a file is there and cannot be read as what it should be
    │   └── HashMismatchError             a file is not the one that was written or announced
    ├── MissingWeightsError               model weights are not on this machine
    ├── OutOfMemoryError                  not even the smallest batch fits in memory
    ├── FeatureError                      features break their contract (shape, norm, NaN)
    ├── CaptionerError(captioner)         a captioner raised or returned something else than captions
    ├── ScoringError(ids)                 predictions do not fit the task
    ├── IncomparableError(field)          two records must not be compared
    ├── MetricNotRunError(metric)         one metric cannot run; everything else stands
    └── ConformanceError                  a component fails a check of the conformance kit

A message has three short sentences: what was found, what was expected, what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

__all__ = [
    "ApiVersionError",
    "CaptionerError",
    "ConfigError",
    "ConformanceError",
    "CorruptDataError",
    "DataError",
    "DuplicateIdError",
    "FeatureError",
    "HashMismatchError",
    "IncomparableError",
    "MetricNotRunError",
    "MissingDataError",
    "MissingDependencyError",
    "MissingWeightsError",
    "OutOfMemoryError",
    "PluginContractError",
    "PluginError",
    "PluginLoadError",
    "ScoringError",
    "UnknownIdError",
    "ZsbenchError",
    "ZsbenchWarning",
    "closest",
    "few",
]

SHOWN_IDS = 5
"""So many ids stand in a message."""


class ZsbenchWarning(UserWarning):
    """The ancestor of every warning zsbench gives."""


class ZsbenchError(Exception):
    """What was found, what was expected, what to do.

    Args:
        found: One sentence: what is there.
        expected: One sentence: what should be there.
        remedy: One sentence: what to do, with the exact command where there is one.
    """

    def __init__(self, found: str, expected: str, remedy: str) -> None:
        super().__init__(f"{found} {expected} {remedy}")
        self.found = found
        self.expected = expected
        self.remedy = remedy


class ConfigError(ZsbenchError):
    """A matrix, a flag or a setting is wrong; ``source`` and ``key`` say where."""

    def __init__(self, found: str, expected: str, remedy: str, *, source: str = "", key: str = "") -> None:
        super().__init__(found, expected, remedy)
        self.source = source
        self.key = key


class UnknownIdError(ConfigError):
    """An id that no loaded plugin registered."""

    def __init__(self, kind: str, unknown: str, known: Iterable[str], *, cause: str = "") -> None:
        names = sorted(known)
        near = closest(unknown, names)
        remedy = f"Did you mean {near!r}?" if near else "Run `zsbench ls` to see every id."
        listed = ", ".join(names) or "none"
        super().__init__(f"There is no {kind} {unknown!r}. {cause}".strip(), f"Installed: {listed}.", remedy, key=kind)
        self.kind = kind
        self.unknown = unknown


class PluginError(ZsbenchError):
    """Something is wrong with one plugin, which is named."""

    def __init__(self, found: str, expected: str, remedy: str, *, plugin: str, distribution: str = "") -> None:
        super().__init__(found, expected, remedy)
        self.plugin = plugin
        self.distribution = distribution


class PluginLoadError(PluginError):
    """The module behind an entry point could not be imported."""


class PluginContractError(PluginError):
    """A hook, a spec or a component does not keep its contract."""


class DuplicateIdError(PluginError):
    """Two plugins register one id."""


class ApiVersionError(PluginError):
    """A plugin was written for another version of the contracts."""


class MissingDependencyError(ZsbenchError):
    """A program or package that the run needs is not installed."""


class DataError(ZsbenchError):
    """Something is wrong with a file; ``path`` names it."""

    def __init__(self, found: str, expected: str, remedy: str, *, path: Path | str = "") -> None:
        super().__init__(found, expected, remedy)
        self.path = str(path)


class MissingDataError(DataError):
    """A file or folder is not there."""


class CorruptDataError(DataError):
    """A file is there and is not what it should be."""


class HashMismatchError(DataError):
    """The content of a file is not the content that was written or announced."""


class MissingWeightsError(ZsbenchError):
    """Model weights are not on this machine, and downloads were not allowed."""


class OutOfMemoryError(ZsbenchError):
    """Memory ran out, and the batch cannot be made smaller."""


class FeatureError(ZsbenchError):
    """Features break their contract: shape, norm, dtype or NaN."""


class CaptionerError(ZsbenchError):
    """A captioner raised, or returned something that is not one caption an image."""

    def __init__(self, found: str, expected: str, remedy: str, *, captioner: str) -> None:
        super().__init__(found, expected, remedy)
        self.captioner = captioner


class ConformanceError(ZsbenchError):
    """A component does not keep its contract: a check of ``zsbench.testing`` found it out."""


class ScoringError(ZsbenchError):
    """Predictions and task do not fit together; ``ids`` names the items."""

    def __init__(self, found: str, expected: str, remedy: str, *, ids: Sequence[str] = ()) -> None:
        super().__init__(found, expected, remedy)
        self.ids = tuple(ids)


class IncomparableError(ZsbenchError):
    """Two records must not be compared; ``field`` names what differs."""

    def __init__(self, found: str, expected: str, remedy: str, *, field: str) -> None:
        super().__init__(found, expected, remedy)
        self.field = field


class MetricNotRunError(ZsbenchError):
    """One metric cannot run on this machine; its column says why and everything else stands."""

    def __init__(self, found: str, expected: str, remedy: str, *, metric: str) -> None:
        super().__init__(found, expected, remedy)
        self.metric = metric


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word nearest to a mistyped one, or None if nothing is near."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def few(ids: Sequence[str]) -> str:
    """The first ids, for a message."""
    return (", ".join(ids[:SHOWN_IDS]) or "none") + (", ..." if len(ids) > SHOWN_IDS else "")
