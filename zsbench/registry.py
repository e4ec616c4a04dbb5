"""What there is, by kind and id: specs with their owners, and captioners resolved through their bases."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from zsbench.code.factories import check_factory, name_factory
from zsbench.code.loading import load_object
from zsbench.errors import ApiVersionError, ConfigError, DuplicateIdError, PluginContractError, UnknownIdError, closest
from zsbench.interfaces.captioner import CaptionerNeeds
from zsbench.interfaces.records import Frozen
from zsbench.interfaces.specs import API_VERSION, CaptionerSpec, Factory, MetricSpec, Spec, Supervision

if TYPE_CHECKING:
    from zsbench.interfaces.metric import Metric

__all__ = [
    "Owner",
    "Registry",
    "ResolvedCaptioner",
    "build_config",
    "find_declared",
    "load_object",
    "make_metric",
    "set_dotted",
]

KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SpecT = TypeVar("SpecT", bound=Spec)
DeclaredT = TypeVar("DeclaredT")


@dataclass(frozen=True)
class Owner:
    """The plugin a spec came from."""

    plugin: str
    distribution: str = ""
    version: str = ""
    target: str = ""

    @property
    def origin(self) -> str:
        """Where it comes from, for a message: its distribution, or its file."""
        return self.distribution or (self.target if self.target.endswith(".py") else "unknown distribution")


@dataclass(frozen=True)
class ResolvedCaptioner:
    """A captioner ready to be made.

    Attributes:
        id: Its own id.
        factory: Makes it; inherited from its base unless its spec has one.
        config: Its validated config.
        owner: Who registered it.
        told_needs: What its spec tells of its needs.
        trainer: Makes what trains for it: what its base names, or its base's factory.
        trains_apart: Whether a trainer is named, whose code is not that of captioning.
        told_supervision: What its spec, or the nearest base that does, tells of its supervision.
    """

    id: str
    factory: Factory
    config: Frozen
    owner: Owner
    told_needs: CaptionerNeeds | None = None
    trainer: Factory = ""
    trains_apart: bool = False
    told_supervision: Supervision | None = None

    @property
    def needs(self) -> CaptionerNeeds:
        """What it must be given and what it can do; imports the class only if its spec does not tell.

        Raises:
            PluginContractError: Its factory cannot be loaded, fails, or makes no captioner.
        """
        if self.told_needs is not None:
            return self.told_needs
        return find_declared(self.factory, self.config, "needs", CaptionerNeeds, self.owner.plugin)

    @property
    def supervision(self) -> Supervision:
        """What it was trained or fitted on, its gap models aside."""
        needs = self.needs
        return self.told_supervision or ("text" if needs.training or needs.memory else "none")


class Registry:
    """Specs by kind and id; an id belongs to one owner.

    Args:
        explain: Tells of a kind and id that nobody registered why it may be missing; empty if there is no reason.
    """

    def __init__(self, explain: Callable[[type[Spec], str], str] | None = None) -> None:
        self._specs: dict[tuple[type[Spec], str], tuple[Spec, Owner]] = {}
        self._explain = explain

    def add(self, spec: Spec, owner: Owner) -> None:
        """Register one spec.

        Raises:
            PluginContractError: The id is not kebab-case.
            ApiVersionError: The spec was written for another version of the contracts.
            DuplicateIdError: The id is taken; the message names both owners.
        """
        _check_spec(spec, owner)
        key = (type(spec), spec.id)
        if key in self._specs:
            first = self._specs[key][1]
            raise DuplicateIdError(
                f"The {spec.kind} id {spec.id!r} is registered by {_name(first)} and by {_name(owner)}.",
                "An id belongs to one plugin.",
                f"Leave one of them out with `-p no:{owner.plugin}`, or rename the id in {owner.plugin!r}.",
                plugin=owner.plugin,
                distribution=owner.distribution,
            )
        self._specs[key] = (spec, owner)

    def discard(self, owner: Owner) -> None:
        """Forget everything one owner registered."""
        self._specs = {key: entry for key, entry in self._specs.items() if entry[1] != owner}

    def get(self, kind: type[SpecT], id_: str, *, cause: str = "") -> SpecT:
        """The spec under an id.

        Raises:
            UnknownIdError: Nobody registered it; the closest known id is suggested.
        """
        spec, _ = self._specs.get((kind, id_), (None, None))
        if spec is None:
            reason = self._explain(kind, id_) if self._explain else ""
            raise UnknownIdError(kind.kind, id_, self.ids(kind), cause=f"{cause} {reason}".strip())
        assert isinstance(spec, kind)  # noqa: S101  the key holds the type
        return spec

    def owner(self, kind: type[Spec], id_: str) -> Owner:
        """Who registered an id that is known."""
        return self._specs[kind, id_][1]

    def ids(self, kind: type[Spec]) -> list[str]:
        """Every id of a kind, sorted."""
        return sorted(id_ for known, id_ in self._specs if known is kind)

    def specs(self, kind: type[SpecT]) -> Iterator[SpecT]:
        """Every spec of a kind, by id."""
        return (self.get(kind, id_) for id_ in self.ids(kind))

    def provided_by(self, owner: Owner) -> list[str]:
        """``kind id`` of everything one owner registered."""
        return [f"{kind.kind} {id_}" for (kind, id_), (_, theirs) in self._specs.items() if theirs == owner]

    def resolve_captioner(self, id_: str, settings: Mapping[str, Mapping[str, Any]]) -> ResolvedCaptioner:
        """A captioner with its config: defaults, then what the matrix sets for its bases, its own changes, and itself.

        Args:
            id_: The captioner.
            settings: Settings by captioner id, nested as the config is.

        Raises:
            UnknownIdError: The captioner or its base is not registered.
            ConfigError: A setting is unknown or has a wrong value.
        """
        chain = self._chain(id_)
        merged: dict[str, Any] = {}
        for spec in reversed(chain):
            for key, value in spec.changes.items():
                set_dotted(merged, key, copy.deepcopy(value))
            _merge(merged, settings.get(spec.id, {}))
        root = chain[-1]
        config = build_config(root.config, merged, source=f"settings of {id_}")
        own = next(spec for spec in chain if spec.factory)
        trainer = root.trainer or root.factory
        owner = self.owner(CaptionerSpec, id_)
        told = next((spec.supervision for spec in chain if spec.supervision is not None), None)
        return ResolvedCaptioner(id_, own.factory, config, owner, own.needs, trainer, bool(root.trainer), told)

    def bases(self, id_: str) -> list[str]:
        """The captioner and its bases, nearest first.

        Raises:
            UnknownIdError: The captioner or a base is not registered.
        """
        return [spec.id for spec in self._chain(id_)]

    def _chain(self, id_: str) -> list[CaptionerSpec]:
        """The captioner, its base, the base's base ..."""
        chain = [self.get(CaptionerSpec, id_)]
        while chain[-1].base is not None:
            base = self.get(CaptionerSpec, chain[-1].base, cause=f"It is the base of {chain[-1].id!r}.")
            if base in chain:
                owner = self.owner(CaptionerSpec, id_)
                raise PluginContractError(
                    f"Captioner {id_!r} is, through its bases, its own base.",
                    "A base is another captioner.",
                    f"Correct `base` in the specs of {owner.plugin!r}.",
                    plugin=owner.plugin,
                    distribution=owner.distribution,
                )
            chain.append(base)
        return chain


def find_declared(factory: Factory, config: Frozen, name: str, kind: type[DeclaredT], plugin: str) -> DeclaredT:
    """What a component declares on its class; where the factory is a function, on what it makes.

    Args:
        factory: Of the component.
        config: Its settings.
        name: Of the attribute.
        kind: What the attribute must be.
        plugin: Who registered it.

    Raises:
        PluginContractError: The factory cannot be loaded or fails, or what it makes has no such attribute.
    """
    loaded = load_object(factory)
    found = getattr(loaded, name, None) if isinstance(loaded, type) else None
    if isinstance(found, kind):
        return found
    try:
        found = getattr(loaded(config), name, None)
    except (Exception, SystemExit) as error:
        raise _makes_nothing(factory, name, kind, plugin, f", for {type(error).__name__}: {error}") from error
    if not isinstance(found, kind):
        raise _makes_nothing(factory, name, kind, plugin)
    return found


def _makes_nothing(factory: Factory, name: str, kind: type, plugin: str, why: str = "") -> PluginContractError:
    """The error of a factory that does not make a component."""
    return PluginContractError(
        f"The factory {name_factory(factory)} of plugin {plugin!r} makes nothing with `{name}`{why}.",
        f"It is called with the settings, and what it makes has a `{name}` of type {kind.__name__}.",
        f"Correct plugin {plugin!r}, or leave it out with `-p no:{plugin}`.",
        plugin=plugin,
    )


def build_config(config: Factory | None, settings: Mapping[str, Any], *, source: str) -> Frozen:
    """Validate settings against a component's config class.

    Raises:
        ConfigError: A key is unknown (with a suggestion) or a value does not fit; ``source`` says where.
    """
    cls = Frozen if config is None else load_object(config)
    try:
        validated = cls.model_validate(dict(settings))
    except ValidationError as error:
        raise config_error(error, cls, source=source) from None
    assert isinstance(validated, Frozen)  # noqa: S101  specs promise a Frozen class
    return validated


def config_error(error: ValidationError, cls: type[Frozen], *, source: str) -> ConfigError:
    """The first finding of pydantic in three sentences, with the closest known key if one was mistyped."""
    first = error.errors(include_url=False)[0]
    location = tuple(first["loc"])
    key = ".".join(str(part) for part in location)
    if first["type"] == "extra_forbidden":
        known = _fields_at(cls, location[:-1])
        near = closest(str(location[-1]), known)
        remedy = f"Did you mean {near!r}?" if near else "Remove it."
        listed = ", ".join(sorted(known)) or "no key at all"
        return ConfigError(f"There is no key {key!r} in {source}.", f"Known: {listed}.", remedy, source=source, key=key)
    if first["type"] == "missing":
        expected = f"It must be set; known are: {', '.join(_fields_at(cls, location[:-1]))}."
        return ConfigError(f"There is no {key!r} in {source}.", expected, "Set it.", source=source, key=key)
    found = f"The value of {key!r} in {source} is {first.get('input')!r}."
    return ConfigError(found, f"{first['msg']}.", "Correct the value.", source=source, key=key)


def set_dotted(target: dict[str, Any], dotted: str, value: Any) -> None:
    """Set ``a.b.c`` in nested dictionaries, replacing what was there."""
    *path, last = dotted.split(".")
    for part in path:
        inner = target.setdefault(part, {})
        if not isinstance(inner, dict):
            target[part] = inner = {}
        target = inner
    target[last] = value


def _merge(target: dict[str, Any], update: Mapping[str, Any]) -> None:
    """Merge nested dictionaries; a gap setting (which has an ``id``) is replaced whole when its id changes."""
    for key, value in update.items():
        known = target.get(key)
        if (
            isinstance(value, Mapping)
            and isinstance(known, dict)
            and value.get("id", known.get("id")) == known.get("id")
        ):
            _merge(known, value)
        else:
            target[key] = copy.deepcopy(dict(value) if isinstance(value, Mapping) else value)


def _fields_at(cls: type[Frozen], path: tuple[int | str, ...]) -> list[str]:
    """The field names of the record that a location leads to."""
    for part in path:
        field = cls.model_fields.get(str(part))
        if field is None or not (isinstance(field.annotation, type) and issubclass(field.annotation, Frozen)):
            return []
        cls = field.annotation
    return list(cls.model_fields)


def _check_spec(spec: Spec, owner: Owner) -> None:
    """Refuse ids that are not kebab-case and other versions of the contracts.

    Raises:
        PluginContractError: The id is not kebab-case.
        ApiVersionError: The spec was written for another version of the contracts.
    """
    if not isinstance(spec.id, str) or not KEBAB.fullmatch(spec.id):
        raise PluginContractError(
            f"{_name(owner)} registers the {spec.kind} id {spec.id!r}.",
            "Ids are kebab-case: lower-case letters, digits and hyphens.",
            f"Rename it in {owner.plugin!r}, or leave that out with `-p no:{owner.plugin}`.",
            plugin=owner.plugin,
            distribution=owner.distribution,
        )
    for factory in filter(None, (spec.factory, getattr(spec, "trainer", None)) if spec.in_keys else ()):
        check_factory(factory, owner=owner.plugin)
    if spec.api_version != API_VERSION:
        raise ApiVersionError(
            f"The {spec.kind} {spec.id!r} of {_name(owner)} wants version {spec.api_version} of the contracts.",
            f"This zsbench has version {API_VERSION}.",
            f"Install a matching release: `python -m pip install -U {owner.distribution or owner.plugin} zsbench`, "
            f"or leave it out with `-p no:{owner.plugin}`.",
            plugin=owner.plugin,
            distribution=owner.distribution,
        )


def make_metric(registry: Registry, id_: str) -> Metric:
    """The metric behind an id.

    Raises:
        UnknownIdError: No plugin has it.
    """
    metric: Metric = load_object(registry.get(MetricSpec, id_).factory)()
    return metric


def _name(owner: Owner) -> str:
    """``plugin (distribution)`` for a message."""
    return f"{owner.plugin} ({owner.distribution})" if owner.distribution else owner.plugin
