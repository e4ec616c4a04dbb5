"""Discovery: entry points of group ``zsbench``, each loaded in a guard of its own, into one registry.

Listed without importing, loaded one by one; a plugin that cannot be loaded, exits, misspells a hook, returns
something else than specs or wants another version of the contracts is named and skipped, and whatever it had already
registered is taken back. First-party parts come in by this same door.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from importlib import metadata
from typing import Any, Literal

import pluggy

from zsbench import hookspecs
from zsbench.errors import ApiVersionError, PluginContractError, PluginError, PluginLoadError
from zsbench.interfaces import specs
from zsbench.registry import Owner, Registry

__all__ = ["GROUP", "PluginRecord", "Plugins", "iter_entry_points", "load_plugins"]

GROUP = "zsbench"
HOOKS: dict[str, type[specs.Spec]] = {
    "zsbench_captioners": specs.CaptionerSpec,
    "zsbench_gap_models": specs.GapModelSpec,
    "zsbench_tasks": specs.TaskSpec,
    "zsbench_corpora": specs.CorpusSpec,
    "zsbench_encoders": specs.EncoderSpec,
    "zsbench_metrics": specs.MetricSpec,
    "zsbench_engines": specs.EngineSpec,
    "zsbench_matrices": specs.MatrixSpec,
    "zsbench_data_roots": specs.DataRootSpec,
}


@dataclass(frozen=True)
class PluginRecord:
    """One installed plugin and how loading it went.

    Attributes:
        name: The entry point's name.
        distribution: The distribution that declares it, empty if unknown.
        version: The distribution's version.
        target: The hook module.
        status: active, failed, or incompatible (written for another version of the contracts).
        reason: Why it is not active; empty if it is.
        provides: ``kind id`` of everything it registered.
    """

    name: str
    distribution: str
    version: str
    target: str
    status: Literal["active", "failed", "incompatible"] = "active"
    reason: str = ""
    provides: tuple[str, ...] = ()


@dataclass
class Plugins:
    """Every installed plugin, and the registry the active ones filled."""

    records: list[PluginRecord] = field(default_factory=list)
    registry: Registry = field(default_factory=Registry)

    @property
    def broken(self) -> list[PluginRecord]:
        """The plugins that are not active."""
        return [record for record in self.records if record.status != "active"]


def iter_entry_points() -> list[metadata.EntryPoint]:
    """The entry points of the group, by name, without importing anything."""
    return sorted(metadata.entry_points(group=GROUP), key=lambda point: (point.name, point.value))


def load_plugins(entry_points: Iterable[metadata.EntryPoint] | None = None) -> Plugins:
    """Load every plugin into a fresh registry.

    Args:
        entry_points: What to load; None for what is installed.

    Returns:
        The records of all plugins, broken ones included, and the registry. Never raises for a broken plugin.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    plugins = Plugins()
    for point in iter_entry_points() if entry_points is None else entry_points:
        plugins.records.append(_load_one(manager, point, plugins.registry))
    return plugins


def _load_one(manager: pluggy.PluginManager, point: metadata.EntryPoint, registry: Registry) -> PluginRecord:
    """Load one plugin; on any failure take back what it registered and say why."""
    distribution = point.dist
    record = PluginRecord(
        point.name,
        "" if distribution is None else distribution.name,
        "" if distribution is None else distribution.version,
        point.value,
    )
    owner = Owner(record.name, record.distribution, record.version, record.target)
    try:
        module = _import_plugin(point, owner)
        _register(manager, module, owner, registry)
    except PluginError as error:
        registry.discard(owner)
        if manager.has_plugin(_unique(owner)):
            manager.unregister(name=_unique(owner))
        status: Literal["failed", "incompatible"] = "incompatible" if isinstance(error, ApiVersionError) else "failed"
        return replace(record, status=status, reason=str(error))
    return replace(record, provides=tuple(registry.provided_by(owner)))


def _import_plugin(point: metadata.EntryPoint, owner: Owner) -> object:
    """The hook module; a failing import, SystemExit included, becomes a PluginLoadError."""
    try:
        module: object = point.load()
    except (Exception, SystemExit) as error:
        raise PluginLoadError(
            f"Plugin {point.name!r} ({owner.distribution or 'unknown distribution'}) did not load: {_told(error)}.",
            f"The module {point.value!r} can be imported.",
            f"Reinstall or uninstall it: `python -m pip uninstall {owner.distribution or point.name}`.",
            plugin=point.name,
            distribution=owner.distribution,
        ) from error
    return module


def _register(manager: pluggy.PluginManager, module: object, owner: Owner, registry: Registry) -> None:
    """Register a hook module and add the specs of each of its hooks."""
    try:
        manager.register(module, name=_unique(owner))
        manager.check_pending()
    except (ValueError, pluggy.PluginValidationError) as error:
        raise _contract(owner, f"It registers something that is no hook: {_told(error)}") from error
    for name, kind in HOOKS.items():
        for implementation in getattr(manager.hook, name).get_hookimpls():
            if implementation.plugin is module:
                for spec in _call(implementation.function, name, kind, owner):
                    registry.add(spec, owner)


def _unique(owner: Owner) -> str:
    """A name for pluggy that two distributions cannot share by chance."""
    return f"{owner.distribution}:{owner.plugin}:{owner.target}"


def _call(function: Any, name: str, kind: type[specs.Spec], owner: Owner) -> list[specs.Spec]:
    """What one hook returns, checked to be specs of the hook's kind."""
    try:
        returned = list(function())
    except (Exception, SystemExit) as error:
        raise _contract(owner, f"Its hook {name} failed: {_told(error)}") from error
    wrong = next((item for item in returned if type(item) is not kind), None)
    if wrong is not None:
        raise _contract(owner, f"Its hook {name} returns {wrong!r}, not a {kind.__name__}")
    return returned


def _contract(owner: Owner, what: str) -> PluginContractError:
    """The error of a plugin that does not keep its contract."""
    return PluginContractError(
        f"Plugin {owner.plugin!r} ({owner.distribution or 'unknown distribution'}) breaks its contract. {what}.",
        "Hooks are those of zsbench.hookspecs and return iterables of specs.",
        f"Correct the plugin, or uninstall it: `python -m pip uninstall {owner.distribution or owner.plugin}`.",
        plugin=owner.plugin,
        distribution=owner.distribution,
    )


def _told(error: BaseException) -> str:
    """The kind and the first line of an error."""
    first = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
