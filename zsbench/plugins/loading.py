"""Loading: every plugin that is not blocked into one registry, each in its guard.

Hook modules import nothing heavy, so all of them are read at once. Whatever fails is named and skipped, and what it had
registered is taken back. First-party parts come in by this same door.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import metadata

from zsbench.errors import ApiVersionError, ConfigError, PluginError, PluginLoadError, closest
from zsbench.interfaces.specs import Spec
from zsbench.plugins.control import PluginControl, current_control
from zsbench.plugins.reading import find_failing_line, read_plugin
from zsbench.plugins.record import PluginRecord, PluginStatus
from zsbench.plugins.sources import PluginSource, iter_entry_points
from zsbench.registry import Owner, Registry

__all__ = ["Plugins", "load_plugins"]


@dataclass(frozen=True)
class _Absent:
    """A plugin that is not active.

    Attributes:
        told: Its name, origin and status, and why.
        specs: What it would have registered; empty if it could not be read.
    """

    told: str
    specs: Sequence[Spec]


class Plugins:
    """Every plugin, and the registry that the active ones fill.

    Args:
        sources: The plugins, in the order in which they may claim ids.
        control: What is wanted and what is blocked.

    Attributes:
        control: As above.
        registry: Specs by kind and id.
        records: How each plugin is, in order.
    """

    def __init__(self, sources: Iterable[PluginSource], control: PluginControl) -> None:
        self.control = control
        self.registry = Registry(self.explain)
        self._absent: list[_Absent] = []
        self.records = [self._load(source) for source in sources]

    @property
    def broken(self) -> list[PluginRecord]:
        """The plugins that are failed or incompatible."""
        return [record for record in self.records if record.status in {"failed", "incompatible"}]

    def explain(self, kind: type[Spec], id_: str) -> str:
        """Which plugin, blocked or broken, owns an id that is not there, or else may own it."""
        for absent in self._absent:
            if any(type(spec) is kind and spec.id == id_ for spec in absent.specs):
                return f"It is of {absent.told}"
        return " ".join(f"It may be of {absent.told}" for absent in self._absent if not absent.specs)

    def check_wanted(self) -> None:
        """Raise for what the user wants and does not get.

        Raises:
            ConfigError: A wanted plugin is not installed.
            PluginLoadError: A wanted plugin is not active, or, if the control is strict, any is broken.
        """
        for name in self.control.wanted:
            if not any(_is_called(record, name) for record in self.records):
                raise _not_installed(name, [record.name for record in self.records])
        files = {str(path) for path in self.control.files}
        for record in self.broken:
            if self.control.strict or record.target in files or any(_is_called(record, n) for n in self.control.wanted):
                raise _not_active(record)

    def _load(self, source: PluginSource) -> PluginRecord:
        """Read one plugin and register its specs, unless it is blocked; on any failure take everything back."""
        owner, specs = source.owner, list[Spec]()
        record = _begin(source, self.control)
        try:
            if record.status != "blocked":
                specs = read_plugin(source)
                for spec in specs:
                    self.registry.add(spec, owner)
        except PluginError as error:
            self.registry.discard(owner)
            record = _failed(record, error, owner)
        if record.status != "active":
            told = f"plugin {record.name!r} ({owner.origin}), {record.status}: {record.reason}"
            self._absent.append(_Absent(told, specs))
        return replace(record, provides=tuple(self.registry.provided_by(owner)))


def load_plugins(
    entry_points: Iterable[metadata.EntryPoint] | None = None, *, control: PluginControl | None = None
) -> Plugins:
    """Load every plugin that is not blocked.

    Args:
        entry_points: What to load; None for what is installed.
        control: What is wanted and blocked; None for what the command line or the environment says.

    Returns:
        The records of all plugins, broken ones included, and the registry. Never raises for a plugin that is broken,
        unless it is wanted or the control is strict.

    Raises:
        ConfigError: A wanted plugin is not installed.
        PluginLoadError: A wanted plugin is not active.
    """
    if control is None:
        control = current_control() if entry_points is None else PluginControl()
    points = iter_entry_points() if entry_points is None else entry_points
    sources = [PluginSource.from_point(point) for point in points]
    sources += [PluginSource.from_file(path) for path in control.files]
    plugins = Plugins(sources, control)
    if not control.tolerant:
        plugins.check_wanted()
    return plugins


def _begin(source: PluginSource, control: PluginControl) -> PluginRecord:
    """The record of a plugin that nothing has been done with, or that is blocked."""
    owner = source.owner
    record = PluginRecord(owner.plugin, owner.distribution, owner.version, owner.target)
    who = control.why_blocked(record.name, record.distribution, local=source.path is not None)
    if not who:
        return record
    remedy = f"Take that away, or name it: `-p {record.name}`."
    return replace(record, status="blocked", reason=f"{who} says so; nothing was imported. {remedy}", remedy=remedy)


def _failed(record: PluginRecord, error: PluginError, owner: Owner) -> PluginRecord:
    """The record of a plugin that is not active, and why."""
    status: PluginStatus = "incompatible" if isinstance(error, ApiVersionError) else "failed"
    where = find_failing_line(error, owner)
    return replace(record, status=status, reason=str(error), remedy=error.remedy, where=where)


def _is_called(record: PluginRecord, name: str) -> bool:
    """Whether a name means a plugin: its own or its distribution's."""
    return name in {record.name, record.distribution}


def _not_installed(name: str, known: list[str]) -> ConfigError:
    """The error of a wanted plugin that is not there."""
    near = closest(name, known)
    return ConfigError(
        f"No plugin is called {name!r}.",
        f"Installed: {', '.join(sorted(known))}.",
        f"Did you mean {near!r}?" if near else "Install it, or correct -p and ZSBENCH_PLUGINS.",
        source="-p",
        key="plugins",
    )


def _not_active(record: PluginRecord) -> PluginLoadError:
    """The error of a broken plugin that must not be."""
    return PluginLoadError(
        f"Plugin {record.name!r} is {record.status}.",
        "It was asked for, or --strict-plugins asks that none be broken.",
        record.reason,
        plugin=record.name,
        distribution=record.distribution,
    )
