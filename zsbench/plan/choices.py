"""What a matrix names, resolved: components with the content that identifies them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from zsbench.config import EncoderSetting, LanguageModelSetting
from zsbench.errors import MissingDataError
from zsbench.fingerprints import FileHashes
from zsbench.interfaces import (
    CorpusSpec,
    Encoder,
    EncoderSpec,
    Example,
    Frozen,
    GapModel,
    GapModelSpec,
    GapRequirement,
    GapSetting,
    LanguageModel,
    Task,
    TaskSpec,
    TextCorpus,
)
from zsbench.plan.code import source_hash
from zsbench.registry import Registry, build_config, load_object

__all__ = ["CorpusChoice", "EncoderChoice", "GapChoice", "LanguageModelChoice", "TaskChoice"]


class EncoderChoice:
    """The encoder of a run; made once, its weights loaded only when a stage needs them."""

    def __init__(self, setting: EncoderSetting, registry: Registry, *, online: bool, hashes: FileHashes) -> None:
        spec = registry.get(EncoderSpec, setting.id)
        config = build_config(spec.config, setting.settings, source=f"settings of encoder {setting.id}")
        self.id = setting.id
        self.settings: Mapping[str, Any] = setting.settings
        self.encoder: Encoder = load_object(spec.factory)(config, online=online)
        self.encoder.hashes = hashes
        self._code = source_hash(spec.factory)

    @cached_property
    def content(self) -> str:
        """Fingerprint and code: what features depend on."""
        return f"{self.encoder.fingerprint}/{self._code}"


class LanguageModelChoice:
    """The language model of a run; made once, its weights loaded only when a stage needs them."""

    def __init__(self, setting: LanguageModelSetting, *, online: bool, hashes: FileHashes) -> None:
        config = build_config(
            "zsbench.language.settings:CausalConfig", setting.model_dump(), source="language_model of the matrix"
        )
        factory = "zsbench.language.causal:CausalLanguageModel"
        self.settings = setting
        self.model: LanguageModel = load_object(factory)(config, online=online, hashes=hashes)
        self._code = source_hash(factory)

    @cached_property
    def content(self) -> str:
        """Fingerprint and code."""
        return f"{self.model.fingerprint}/{self._code}"


class CorpusChoice:
    """A text corpus under a data root."""

    def __init__(self, id_: str, registry: Registry, data_root: Path) -> None:
        self.id = id_
        self.corpus: TextCorpus = load_object(registry.get(CorpusSpec, id_).factory)(data_root)

    @cached_property
    def texts(self) -> Sequence[str]:
        """Every text."""
        return self.corpus.texts()

    @cached_property
    def content(self) -> str:
        """SHA-256 of the texts, in order."""
        digest = hashlib.sha256()
        for text in self.texts:
            digest.update(text.encode("utf-8", "surrogatepass") + b"\n")
        return digest.hexdigest()


class TaskChoice:
    """A task under a data root, cut to the first examples where a limit says so."""

    def __init__(self, id_: str, registry: Registry, data_root: Path, *, limit: int | None, hashes: FileHashes) -> None:
        self.id = id_
        self.limit = limit
        self.task: Task = load_object(registry.get(TaskSpec, id_).factory)(data_root)
        self._hashes = hashes

    @cached_property
    def examples(self) -> Sequence[Example]:
        """The examples to run on."""
        return self.task.examples()[: self.limit]

    @cached_property
    def ids(self) -> list[str]:
        """Their ids."""
        return [example.id for example in self.examples]

    @cached_property
    def images(self) -> str:
        """SHA-256 over the ids and the bytes of the image files.

        Raises:
            MissingDataError: An image is not there; the message says how many and which.
        """
        missing = [example for example in self.examples if not example.image.is_file()]
        if missing:
            raise MissingDataError(
                f"{len(missing)} of {len(self.examples)} images of {self.id} are missing, first {missing[0].image}.",
                f"Task {self.id} needs: {', '.join(self.task.card.files)}.",
                "Check --data-root.",
                path=missing[0].image,
            )
        digest = hashlib.sha256()
        for example in self.examples:
            digest.update(f"{example.id}\0{self._hashes.hash_file(example.image)}\n".encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class GapChoice:
    """A gap model with its settings, and what a fit of it saw."""

    id: str
    factory: Any
    config: Frozen
    requires: GapRequirement
    code: str
    fitted_on: str = ""

    @classmethod
    def resolve(cls, setting: GapSetting, registry: Registry) -> GapChoice:
        """The gap model that a setting names, not fitted yet.

        Raises:
            UnknownIdError: There is no such gap model.
            ConfigError: A setting is unknown or wrong.
        """
        spec = registry.get(GapModelSpec, setting.id)
        config = build_config(spec.config, setting.settings, source=f"settings of gap model {setting.id}")
        factory = load_object(spec.factory)
        return cls(setting.id, factory, config, factory.requires, source_hash(spec.factory))

    def make(self) -> GapModel:
        """A fresh, unfitted gap model."""
        model: GapModel = self.factory(self.config)
        return model

    @property
    def content(self) -> str:
        """What its outputs depend on: code, settings, and the data of its fit."""
        settings = json.dumps(self.config.model_dump(mode="json"), sort_keys=True)
        return f"{self.id}/{self.code}/{settings}/{self.fitted_on}"
