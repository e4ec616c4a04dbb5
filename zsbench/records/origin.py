"""The models of where a record comes from: matrix, versions, code, machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, Field

from zsbench.records.record import Record

__all__ = ["DistributionRecord", "MatrixRecord", "Origin", "PluginUse", "Provenance", "RepositoryState"]


class RepositoryState(Record):
    """A checkout."""

    commit: str
    dirty: bool


class DistributionRecord(Record):
    """A distribution that took part."""

    name: str
    version: str = Field(description="empty for a local file")
    local: bool = Field(description="whether its code lies in a folder of the user, not in a wheel with a version")
    commit: str = Field(default="", description="of the repository that holds its code, if it is local")
    dirty: bool = Field(default=False, description="whether its code has changes that are not committed")
    code: str = Field(default="", description="hash of its code without comments and docstrings, if it is local")


class PluginUse(Record):
    """One installed plugin, and what a run used of it."""

    name: str
    distribution: str
    version: str
    target: str
    status: str
    reason: str = ""
    provides: tuple[str, ...] = ()
    used: tuple[str, ...] = ()


class Provenance(Record):
    """Where a record comes from: command, versions, code, machine."""

    command: tuple[str, ...] = ()
    python: str = ""
    platform: str = ""
    processor: str = ""
    cores: int | None = None
    device: str = ""
    threads: int | None = None
    packages: Mapping[str, str] = Field(default_factory=dict, description="version of each library")
    plugins: tuple[PluginUse, ...] = ()
    distributions: tuple[DistributionRecord, ...] = ()
    working_repository: RepositoryState | None = Field(
        default=None, description="the checkout in which the command was given; null outside of one"
    )

    @property
    def revision(self) -> str:
        """What the state of all local code is called: its commits, or hashes where nothing commits it.

        Without local code it is the version of zsbench.
        """
        local = sorted((one for one in self.distributions if one.local), key=lambda one: one.name == "zsbench")
        names = dict.fromkeys(one.commit[:12] or f"{one.name}-{one.code[:12]}" for one in local)
        if not any(one.name == "zsbench" and one.local for one in self.distributions):
            names |= dict.fromkeys(filter(None, [self._released()]))
        return "+".join(names) + ("-dirty" if any(one.dirty for one in local) else "")

    def _released(self) -> str:
        """The version of a zsbench that is a wheel; named only beside other code."""
        version = next((one.version for one in self.distributions if one.name == "zsbench"), "")
        others = any(one.local for one in self.distributions)
        return f"zsbench-{version}" if version and others else version or self.packages.get("zsbench", "")


class MatrixRecord(Record):
    """The validated matrix; its other settings are kept as they are. No path in it is ever opened."""

    model_config = ConfigDict(extra="allow")

    name: str = ""
    data_root: str | None = None
    sweep: Mapping[str, tuple[Any, ...]] = Field(default_factory=dict)


class Origin(Record):
    """What a cell's record keeps of its run."""

    matrix: MatrixRecord = MatrixRecord()
    provenance: Provenance = Provenance()
