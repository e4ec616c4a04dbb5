"""What is told of one plugin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["PluginRecord", "PluginStatus"]

PluginStatus = Literal["active", "blocked", "failed", "incompatible"]


@dataclass(frozen=True)
class PluginRecord:
    """One plugin and how loading it went.

    Attributes:
        name: The entry point's name, or the stem of a local file.
        distribution: The distribution that declares it; empty for a local file.
        version: The distribution's version.
        target: The hook module, or the local file.
        status: active, blocked (by the user), failed, or incompatible (written for another version of the contracts).
        reason: Why it is not active, with the remedy; empty if it is.
        remedy: The remedy alone.
        where: ``file:line`` of the plugin's code where it failed; empty if there is none.
        provides: ``kind id`` of everything it registered.
    """

    name: str
    distribution: str
    version: str
    target: str
    status: PluginStatus = "active"
    reason: str = ""
    remedy: str = ""
    where: str = ""
    provides: tuple[str, ...] = ()
