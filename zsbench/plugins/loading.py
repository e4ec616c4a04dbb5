"""Loading: plugins into one registry, each in its guard, and no sooner than something they own is asked for.

Ids of plugins that have not changed since they were last read are reserved from the catalogue; the module is imported
when one of them is asked for. All others are read at once, because they may own anything. Whatever fails is named and
skipped, and what it had registered is taken back. First-party parts come in by this same door.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import metadata

from zsbench.errors import ApiVersionError, ConfigError, PluginError, PluginLoadError, closest
from zsbench.interfaces.specs import Spec
from zsbench.plugins.catalogue import Catalogue, Claim
from zsbench.plugins.control import PluginControl, current_control
from zsbench.plugins.reading import find_failing_line, read_plugin
from zsbench.plugins.record import PluginRecord, PluginStatus
from zsbench.plugins.sources import PluginSource, iter_entry_points
from zsbench.registry import Owner, Registry, check_spec
from zsbench.store import default_cache

__all__ = ["Plugins", "load_plugins"]

CATALOGUE_FILE = "plugins.json"


@dataclass
class _Plugin:
    """A plugin on its way: blocked, reserved by claims, read, or failed while it was read."""

    source: PluginSource
    record: PluginRecord
    claims: list[Claim] | None = None
    specs: list[Spec] | None = None
    error: PluginError | None = None

    @property
    def unread(self) -> bool:
        """Whether its module has yet to be imported."""
        return self.record.status != "blocked" and self.specs is None and self.error is None

    @property
    def told(self) -> str:
        """Its name, origin and status, and why."""
        record = self.record
        return f"plugin {record.name!r} ({self.source.owner.origin}), {record.status}: {record.reason}"

    def read(self) -> None:
        """Import it and call its hooks."""
        try:
            self.specs = read_plugin(self.source)
        except PluginError as error:
            self.error = error
        else:
            self.claims = [(type(spec), spec.id) for spec in self.specs]


class Plugins:
    """Every plugin, and the registry that the active ones fill; the registry's ``source``.

    Args:
        sources: The plugins, in the order in which they may claim ids.
        control: What is wanted and what is blocked.
        catalogue: What plugins owned when they were last read; an empty one has all of them read at once.

    Attributes:
        control: As above.
        registry: Specs by kind and id.
    """

    def __init__(self, sources: Iterable[PluginSource], control: PluginControl, catalogue: Catalogue) -> None:
        self.control = control
        self.registry = Registry(self)
        self._catalogue = catalogue
        self._plugins = [_Plugin(source, _begin(source, control)) for source in sources]
        for plugin in self._plugins:
            if plugin.unread and not any(_is_called(plugin.record, name) for name in control.wanted):
                plugin.claims = catalogue.claims(plugin.source)
        self._settle([plugin for plugin in self._plugins if plugin.claims is None])

    @property
    def records(self) -> list[PluginRecord]:
        """How each plugin is, in order."""
        return [plugin.record for plugin in self._plugins]

    @property
    def broken(self) -> list[PluginRecord]:
        """The plugins that are failed or incompatible."""
        return [record for record in self.records if record.status in {"failed", "incompatible"}]

    @property
    def imported(self) -> list[str]:
        """Names of the plugins whose hook module was imported for this command."""
        return [plugin.record.name for plugin in self._plugins if plugin.specs is not None]

    def load_all(self) -> Plugins:
        """Import every plugin that is not blocked, for listings; returns itself."""
        unread = [plugin for plugin in self._plugins if plugin.unread]
        if unread:
            self._settle(unread)
        return self

    def fetch(self, kind: type[Spec], id_: str) -> None:
        """Import the plugin that owns an id; every plugin, if none is known to or its owner has changed."""
        if id_ not in self.registry.ids(kind):
            self.load_all()
            return
        owner = self.registry.owner(kind, id_)
        plugin = next(one for one in self._plugins if one.source.owner == owner)
        reserved = plugin.claims
        plugin.read()
        if plugin.specs is None or plugin.claims != reserved:
            self._settle([one for one in self._plugins if one.unread])
        else:
            self.registry.discard(owner)
            self._enter(plugin)

    def explain(self, kind: type[Spec], id_: str) -> str:
        """Which plugin, blocked or broken, owned an id when it was last read, or else may own it."""
        absent = [plugin for plugin in self._plugins if plugin.record.status != "active"]
        for plugin in absent:
            if (kind, id_) in (plugin.claims or self._catalogue.last_claims(plugin.source)):
                return f"It is of {plugin.told}"
        unknown = [one for one in absent if not (one.claims or self._catalogue.last_claims(one.source))]
        return " ".join(f"It may be of {one.told}" for one in unknown)

    def check_wanted(self) -> None:
        """Raise for what the user wants and does not get.

        Raises:
            ConfigError: A wanted plugin is not installed.
            PluginLoadError: A wanted plugin is not active, or, if the control is strict, any is broken.
        """
        if self.control.strict:
            self.load_all()
        for name in self.control.wanted:
            if not any(_is_called(record, name) for record in self.records):
                raise _not_installed(name, [record.name for record in self.records])
        files = {str(path) for path in self.control.files}
        for record in self.broken:
            if self.control.strict or record.target in files or any(_is_called(record, n) for n in self.control.wanted):
                raise _not_active(record)

    def _settle(self, to_read: Iterable[_Plugin]) -> None:
        """Read some plugins, then fill the registry anew: plugins claim their ids in order, whoever was read when."""
        for plugin in to_read:
            if plugin.unread:
                plugin.read()
        self.registry.clear()
        for plugin in self._plugins:
            if plugin.record.status != "blocked":
                self._enter(plugin)
        self._catalogue.write()

    def _enter(self, plugin: _Plugin) -> None:
        """Enter a plugin's specs, or reserve what it owned; on any failure take everything back and say why."""
        owner, registry = plugin.source.owner, self.registry
        record = replace(plugin.record, status="active", reason="", remedy="", where="", provides=())
        try:
            if plugin.error is not None:
                raise plugin.error
            for spec in plugin.specs or []:
                check_spec(spec, owner)
            if plugin.specs is not None:
                self._catalogue.remember(plugin.source, plugin.claims or [])
                for spec in plugin.specs:
                    registry.add(spec, owner)
            else:
                for kind, id_ in plugin.claims or []:
                    registry.reserve(kind, id_, owner)
        except PluginError as error:
            registry.discard(owner)
            plugin.record = _failed(record, error, owner)
            if plugin.error is not None:
                self._catalogue.forget_stamp(plugin.source)
            return
        plugin.record = replace(record, provides=tuple(registry.provided_by(owner)))


def load_plugins(
    entry_points: Iterable[metadata.EntryPoint] | None = None, *, control: PluginControl | None = None
) -> Plugins:
    """Every plugin, ready to be asked for what it owns.

    Args:
        entry_points: What to load, all of it at once; None for what is installed, each when it is needed.
        control: What is wanted and blocked; None for what the command line or the environment says.

    Returns:
        The records of all plugins, broken ones included, and the registry. Never raises for a plugin that is broken,
        unless it is wanted or the control is strict.

    Raises:
        ConfigError: A wanted plugin is not installed.
        PluginLoadError: A wanted plugin is not active.
    """
    if entry_points is None:
        points, catalogue = iter_entry_points(), Catalogue.read(default_cache() / CATALOGUE_FILE)
        control = current_control() if control is None else control
    else:
        points, catalogue = list(entry_points), Catalogue()
        control = PluginControl() if control is None else control
    sources = [PluginSource.from_point(point) for point in points]
    sources += [PluginSource.from_file(path) for path in control.files]
    plugins = Plugins(sources, control, catalogue)
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
