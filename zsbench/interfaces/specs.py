"""The frozen records that hooks return: what there is, and where to find it.

A factory is an import string (``package.module:name``) or a callable, so that a hook module imports nothing heavy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from zsbench.interfaces.captioner import CaptionerNeeds

__all__ = [
    "API_VERSION",
    "CaptionerSpec",
    "CorpusSpec",
    "DataRootSpec",
    "EncoderSpec",
    "EngineSpec",
    "Factory",
    "GapModelSpec",
    "MatrixSpec",
    "MetricSpec",
    "Spec",
    "Supervision",
    "TaskSpec",
]

API_VERSION = 1
"""Version of the contracts in ``zsbench.interfaces``; a spec that names another is refused."""

Factory = str | Callable[..., Any]
Supervision = Literal["none", "text", "synthetic images", "unpaired", "paired"]
"""What a captioner was trained or fitted on, from least to most: nothing, texts alone, texts with generated images,
images and texts that do not belong together, images with their captions."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One component under one id.

    Attributes:
        id: Kebab-case; never changes its meaning.
        factory: Makes the component; each kind says with which arguments.
        config: The pydantic class of its settings (a ``Frozen``), as class or import string; None if it has none.
        summary: One line for listings.
        tags: Words to filter by.
        api_version: The version of the contracts it was written for.
    """

    kind: ClassVar[str] = "component"
    in_keys: ClassVar[bool] = False
    """Whether the code of the component is part of the keys of stages; what others give is hashed by its content."""

    id: str
    factory: Factory = ""
    config: Factory | None = None
    summary: str = ""
    tags: tuple[str, ...] = ()
    api_version: int = API_VERSION


@dataclass(frozen=True, kw_only=True)
class CaptionerSpec(Spec):
    """A captioner; ``factory(config) -> Captioner``.

    An ablation names its ``base`` and the settings it ``changes`` (dotted keys such as ``inference.candidates``),
    and inherits factory and config from it. Settings that a matrix gives to the base reach the ablation first; its
    own changes come after them, so that base and ablation differ in exactly these. An ablation with a ``factory`` of
    its own (a subclass that needs more, say) captions with that one and shares the training of its base's.

    Attributes:
        base: The captioner it is an ablation of.
        changes: What it changes, by dotted key.
        needs: The class's own ``needs``, told here so that a plan need not import the class; None to import it.
        supervision: What it was trained or fitted on; None for what its needs say (``text`` where it trains on the
            corpus or reads it, else ``none``), or what its base says. Gap models that are fitted on more raise it.
        trainer: ``trainer(config) -> Trainer``, whose code alone decides whether a training is made again; an edit of
            the captioner's other code then retrains nothing. Empty where the captioner's class trains.
    """

    kind: ClassVar[str] = "captioner"
    in_keys: ClassVar[bool] = True

    base: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    needs: CaptionerNeeds | None = None
    supervision: Supervision | None = None
    trainer: Factory = ""


@dataclass(frozen=True, kw_only=True)
class GapModelSpec(Spec):
    """A gap model; ``factory(config) -> GapModel``."""

    kind: ClassVar[str] = "gap model"
    in_keys: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class TaskSpec(Spec):
    """A task; ``factory(data_root: Path) -> Task``, or ``factory(data_root, config)`` if the spec has a config."""

    kind: ClassVar[str] = "task"


@dataclass(frozen=True, kw_only=True)
class CorpusSpec(Spec):
    """A text corpus; ``factory(data_root: Path) -> TextCorpus``, or with its config if the spec has one."""

    kind: ClassVar[str] = "corpus"


@dataclass(frozen=True, kw_only=True)
class EncoderSpec(Spec):
    """An encoder; ``factory(config, online: bool) -> Encoder``."""

    kind: ClassVar[str] = "encoder"
    in_keys: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class MetricSpec(Spec):
    """A metric; ``factory() -> Metric``."""

    kind: ClassVar[str] = "metric"
    in_keys: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class EngineSpec(Spec):
    """An engine, which places stages; ``factory(request: RunRequest) -> Engine``."""

    kind: ClassVar[str] = "engine"


@dataclass(frozen=True, kw_only=True)
class MatrixSpec(Spec):
    """A matrix that ships with a plugin; ``factory() -> Path`` of the YAML file."""

    kind: ClassVar[str] = "matrix"


@dataclass(frozen=True, kw_only=True)
class DataRootSpec(Spec):
    """A data root that a plugin writes on demand; ``factory(cache: Path) -> Path`` of the folder."""

    kind: ClassVar[str] = "data root"
