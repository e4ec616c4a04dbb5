"""What a process runs with, and how it differs from another's: results of one run come from one environment."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from zsbench.fingerprints import hash_file
from zsbench.plan.code import library_versions, source_hash
from zsbench.plugins import PluginRecord
from zsbench.provenance import PACKAGES

__all__ = ["Refusal", "compare_environments", "describe_environment"]

MOST_TOLD = 3


@dataclass(frozen=True)
class Refusal:
    """Why a worker cannot take part: the three sentences of an error, which travel where its class would not."""

    found: str
    expected: str
    remedy: str


def describe_environment(plugins: Sequence[PluginRecord]) -> dict[str, str]:
    """Versions of Python, packages and plugins of this process; those of zsbench and plugins with their sources.

    Args:
        plugins: Every plugin of the process; blocked ones do not count.
    """
    found = {"Python": platform.python_version(), **library_versions(*PACKAGES, "ray")}
    found["zsbench"] = f"{found['zsbench']} (source {source_hash('zsbench')})"
    for plugin in plugins:
        if plugin.status != "blocked":
            found[f"plugin {plugin.name}"] = f"{plugin.version or 'local'} (source {_source(plugin.target)})"
    return found


def compare_environments(here: Mapping[str, str], there: Mapping[str, str], node: str) -> Refusal | None:
    """What to say of a worker's environment; None if it is the driver's.

    Args:
        here: The driver's.
        there: The worker's.
        node: The worker's node, as people read it.
    """
    differences = list(_iter_differences(here, there))
    if not differences:
        return None
    more = len(differences) - MOST_TOLD
    told = "; ".join(differences[:MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")
    return Refusal(
        f"Node {node} has another environment: {told}.",
        "Every node runs the same Python, packages and plugins as the command.",
        f"Install on {node} what the command runs with, or use `--address local`, a cluster of this run alone.",
    )


def _iter_differences(here: Mapping[str, str], there: Mapping[str, str]) -> Iterator[str]:
    """``torch 2.7.0 there, 2.6.0 here`` of everything that is not the same."""
    for name in dict.fromkeys((*here, *there)):
        ours, theirs = here.get(name, "absent"), there.get(name, "absent")
        if ours != theirs:
            yield f"{name} is {theirs} there and {ours} here"


def _source(target: str) -> str:
    """Hash of a plugin's code: of its package, or of its one file."""
    return hash_file(Path(target))[:16] if target.endswith(".py") else source_hash(target)
