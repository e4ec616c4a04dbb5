"""The models that a matrix names, resolved: components with the content that identifies them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from zsbench.code.loading import load_object
from zsbench.config import EncoderSetting, LanguageModelSetting
from zsbench.errors import MissingWeightsError
from zsbench.fingerprints import FileHashes, hash_json
from zsbench.interfaces import (
    Encoder,
    EncoderSpec,
    Frozen,
    GapModelSpec,
    GapRequirement,
    GapSetting,
    LanguageModel,
)
from zsbench.interfaces.paths import describe_settings
from zsbench.interfaces.specs import Factory
from zsbench.registry import Owner, Registry, build_config, find_declared

__all__ = ["EncoderChoice", "GapChoice", "LanguageModelChoice"]


class EncoderChoice:
    """The encoder of a run; made once, its weights loaded only when a stage needs them."""

    def __init__(self, setting: EncoderSetting, registry: Registry, *, online: bool, hashes: FileHashes) -> None:
        spec = registry.get(EncoderSpec, setting.id)
        config = build_config(spec.config, setting.settings, source=f"settings of encoder {setting.id}")
        self.id = setting.id
        self.factories: tuple[Factory, ...] = (spec.factory, type(config))
        self._config, self._hashes = config, hashes
        self.settings: Mapping[str, Any] = setting.settings
        self.encoder: Encoder = load_object(spec.factory)(config, online=online)
        self.encoder.hashes = hashes
        self.missing_weights = ""

    @property
    def label(self) -> str:
        """What people call it: its model and its pretrained tag, or its id."""
        named = [str(self.settings[key]) for key in ("model", "pretrained") if self.settings.get(key)]
        return " ".join(Path(name).name for name in named) or self.id

    @cached_property
    def content(self) -> str:
        """What identifies it beside its code: its fingerprint, and its settings where that does not hold them."""
        if self.missing_weights or self.encoder.fingerprint_holds_settings:
            return self.missing_weights or self.encoder.fingerprint
        return hash_json({"fingerprint": self.encoder.fingerprint, **describe_settings(self._config, self._hashes)})

    def tolerate_missing(self) -> str:
        """Plan without weights, for a dry run; why they are missing, empty if they are here."""
        self.missing_weights = _why_missing(self.encoder)
        return self.missing_weights


class LanguageModelChoice:
    """The language model of a run; made once, its weights loaded only when a stage needs them."""

    def __init__(self, setting: LanguageModelSetting, *, online: bool, hashes: FileHashes) -> None:
        config = build_config(
            "zsbench.language.settings:CausalConfig", setting.model_dump(), source="language_model of the matrix"
        )
        factory = "zsbench.language.causal:CausalLanguageModel"
        self.factories: tuple[Factory, ...] = (factory,)
        self.settings = setting
        self.model: LanguageModel = load_object(factory)(config, online=online, hashes=hashes)
        self.missing_weights = ""

    @property
    def label(self) -> str:
        """What people call it."""
        return Path(self.settings.model).name

    @cached_property
    def content(self) -> str:
        """What identifies it beside its code: its fingerprint."""
        return self.missing_weights or self.model.fingerprint

    def tolerate_missing(self) -> str:
        """Plan without weights, for a dry run; why they are missing, empty if they are here."""
        self.missing_weights = _why_missing(self.model)
        return self.missing_weights


@dataclass(frozen=True)
class GapChoice:
    """A gap model with its settings."""

    id: str
    factory: Factory
    config: Frozen
    requires: GapRequirement
    owner: Owner

    @classmethod
    def resolve(cls, setting: GapSetting, registry: Registry) -> GapChoice:
        """The gap model that a setting names, not fitted yet.

        Raises:
            UnknownIdError: There is no such gap model.
            ConfigError: A setting is unknown or wrong.
            PluginContractError: Its factory makes no gap model.
        """
        spec = registry.get(GapModelSpec, setting.id)
        owner = registry.owner(GapModelSpec, setting.id)
        config = build_config(spec.config, setting.settings, source=f"settings of gap model {setting.id}")
        requires: Any = find_declared(spec.factory, config, "requires", str, owner.plugin)
        return cls(setting.id, spec.factory, config, requires, owner)

    @property
    def factories(self) -> tuple[Factory, ...]:
        """What makes it, and its settings' class: the code that a key holds."""
        return (self.factory, type(self.config))

    def describe(self, hashes: FileHashes) -> dict[str, Any]:
        """Id and settings, with the content of the files that they name."""
        return {"id": self.id, **describe_settings(self.config, hashes)}


def _why_missing(model: Encoder | LanguageModel) -> str:
    """Why a model's weights are not on this machine; empty if they are."""
    try:
        _ = model.fingerprint
    except MissingWeightsError as error:
        return str(error)
    return ""
