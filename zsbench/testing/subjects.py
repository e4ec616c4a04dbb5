"""What checks look at: a component's spec, and fresh instances of it with everything it needs."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from zsbench.errors import ConfigError, ZsbenchError
from zsbench.interfaces import (
    Captioner,
    CaptionerNeeds,
    CaptionerResources,
    CaptionerSpec,
    CorpusFeatures,
    Encoder,
    EncoderSpec,
    Frozen,
    GapModel,
    GapModelSpec,
    ImageBatch,
    Metric,
    MetricSpec,
    Spec,
    Task,
    TaskSpec,
)
from zsbench.plan.axes import find_gap_setting
from zsbench.registry import Owner, Registry, ResolvedCaptioner, build_config, find_declared, load_object, make_metric
from zsbench.testing.fakes import FakeEncoder, FakeLanguageModel, UnitGap, make_batch, make_corpus
from zsbench.testing.kit import NotApplicable

__all__ = [
    "CaptionerSubject",
    "EncoderSubject",
    "GapModelSubject",
    "MetricSubject",
    "Subject",
    "SubjectOptions",
    "TaskSubject",
    "make_subject",
]

TRAINING_SEED = 7


@dataclass(frozen=True)
class SubjectOptions:
    """What a test says beside the component.

    Attributes:
        settings: Its settings, nested as its config is; small ones make checks fast.
        data_root: Where a task's data are; None for an empty folder.
        encoder: What captioners get instead of the fake encoder; loaded when it is needed.
        device: Where captioners and encoders work: a torch device.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    data_root: Path | None = None
    encoder: Encoder | None = None
    device: str = "cpu"


@dataclass
class Subject:
    """A component under check.

    Attributes:
        spec: What its plugin registers.
        owner: The plugin.
        registry: Where it is registered.
        options: What the test says beside it.
    """

    spec: Spec
    owner: Owner
    registry: Registry
    options: SubjectOptions = field(default_factory=SubjectOptions)

    @property
    def name(self) -> str:
        """The component's id."""
        return str(self.spec.id)

    @cached_property
    def config(self) -> Frozen:
        """Its validated config.

        Raises:
            NotApplicable: It cannot do without settings, and the test gives none.
        """
        try:
            return build_config(self.spec.config, self.options.settings, source=f"settings of {self.name}")
        except ConfigError as error:
            if self.options.settings:
                raise
            raise NotApplicable(f"It needs settings, which a test gives: {error.found}") from error

    def make(self) -> Any:
        """A fresh instance."""
        return load_object(self.spec.factory)(self.config)

    @property
    def ready(self) -> Any:
        """A fresh instance that can be used."""
        return self.make()


class CaptionerSubject(Subject):
    """A captioner with fake resources; trained once, restored for each use."""

    @cached_property
    def resolved(self) -> ResolvedCaptioner:
        """Factory and config, through its bases."""
        return self.registry.resolve_captioner(self.name, {self.name: self.options.settings})

    @property
    def config(self) -> Frozen:
        """Its validated config."""
        return self.resolved.config

    @property
    def needs(self) -> CaptionerNeeds:
        """What its class declares."""
        return find_declared(self.resolved.factory, self.config, "needs", CaptionerNeeds, self.resolved.owner.plugin)

    @cached_property
    def encoder(self) -> Encoder:
        """The loaded encoder that it gets."""
        encoder = self.options.encoder or FakeEncoder()
        encoder.load(self.options.device)
        return encoder

    @cached_property
    def language_model(self) -> FakeLanguageModel:
        """The loaded language model that it gets."""
        model = FakeLanguageModel()
        model.load(self.options.device)
        return model

    @cached_property
    def corpus(self) -> CorpusFeatures:
        """Twelve captions."""
        return make_corpus(self.encoder)

    @cached_property
    def _checkpoint(self) -> Path:
        """The files of one training."""
        folder = _make_folder(self)
        self.trained().save(folder)
        return folder

    def make(self) -> Captioner[Any]:
        """A fresh captioner, nothing loaded."""
        made: Captioner[Any] = load_object(self.resolved.factory)(self.config)
        return made

    @property
    def resources(self) -> CaptionerResources:
        """What its needs ask for, and nothing else."""
        needs = self.needs
        return CaptionerResources(
            device=self.options.device,
            encoder=self.encoder if needs.encoder else None,
            language_model=self.language_model if needs.language_model else None,
            training_gap=self._gap("training") if needs.gap_model else None,
            inference_gap=self._gap("inference") if needs.gap_model else None,
            memory=self.corpus if needs.memory else None,
        )

    def loaded(self) -> Captioner[Any]:
        """A fresh captioner with its resources, not trained."""
        captioner = self.make()
        captioner.load(self.resources)
        return captioner

    def trained(self, seed: int = TRAINING_SEED) -> Captioner[Any]:
        """A fresh captioner after its training.

        Raises:
            NotApplicable: It has none.
        """
        from torch import Generator

        if not self.needs.training:
            raise NotApplicable("It has no training.")
        captioner = self.loaded()
        captioner.train(self.corpus, Generator().manual_seed(seed), progress=lambda done, total: None)  # noqa: ARG005
        return captioner

    @property
    def ready(self) -> Captioner[Any]:
        """A fresh captioner that can caption, its training restored."""
        captioner = self.loaded()
        if self.needs.training:
            captioner.restore(self._checkpoint)
        return captioner

    def batch(self, rows: range | list[int], *, seed: int = 0) -> ImageBatch:
        """Some of the drawn images, with what it needs."""
        needs = self.needs
        return make_batch(self.encoder, list(rows), seed=seed, pixels=needs.pixels, references=needs.references)

    def _gap(self, part: str) -> GapModel:
        """The gap model that a part of the config names, if it needs no fit; else one that changes nothing."""
        setting = find_gap_setting(self.config, part)
        if setting is None or setting.id not in self.registry.ids(GapModelSpec):
            return UnitGap()
        spec = self.registry.get(GapModelSpec, setting.id)
        model: GapModel = load_object(spec.factory)(
            build_config(spec.config, setting.settings, source=f"gap model of {self.name}")
        )
        return model if model.requires == "none" else UnitGap()


class GapModelSubject(Subject):
    """A gap model; ``ready`` is fitted on what it requires."""

    @property
    def ready(self) -> GapModel:
        """A fresh model, fitted if it has to be."""
        from zsbench.testing.gap_checks import fit_as_declared

        model: GapModel = self.make()
        fit_as_declared(model)
        return model


class TaskSubject(Subject):
    """A task over its data root."""

    @cached_property
    def empty_root(self) -> Path:
        """A folder with nothing in it."""
        return _make_folder(self)

    def make(self) -> Task:
        """A fresh task, nothing read."""
        return self.make_on(self.options.data_root or self.empty_root)

    def make_on(self, root: Path) -> Task:
        """A fresh task over some folder."""
        settings = () if self.spec.config is None else (self.config,)
        task: Task = load_object(self.spec.factory)(root, *settings)
        return task

    def metric(self, task: Task) -> Metric:
        """The task's main metric, if it can run here.

        Raises:
            NotApplicable: It is not installed or cannot run.
        """
        id_ = task.card.main_metric
        try:
            metric = make_metric(self.registry, id_)
            metric.check_available()
        except ZsbenchError as error:
            raise NotApplicable(f"Its main metric {id_} cannot run here: {error}") from error
        return metric


class EncoderSubject(Subject):
    """An encoder; ``ready`` is loaded."""

    def make(self) -> Encoder:
        """A fresh encoder, nothing loaded."""
        encoder: Encoder = load_object(self.spec.factory)(self.config, online=False)
        return encoder

    @property
    def ready(self) -> Encoder:
        """A loaded encoder."""
        encoder = self.make()
        encoder.load(self.options.device)
        return encoder


class MetricSubject(Subject):
    """A metric."""

    def make(self) -> Metric:
        """A fresh metric."""
        metric: Metric = load_object(self.spec.factory)()
        return metric

    @cached_property
    def ready(self) -> Metric:
        """One metric that can run here, used by all checks: a program behind it starts once.

        Raises:
            NotApplicable: It cannot.
        """
        metric = self.make()
        weakref.finalize(self, metric.close)
        try:
            metric.check_available()
        except ZsbenchError as error:
            raise NotApplicable(f"It cannot run here: {error}") from error
        return metric


SUBJECTS: dict[type[Spec], type[Subject]] = {
    CaptionerSpec: CaptionerSubject,
    GapModelSpec: GapModelSubject,
    TaskSpec: TaskSubject,
    EncoderSpec: EncoderSubject,
    MetricSpec: MetricSubject,
}


def make_subject(
    kind: type[Spec], component: str | Spec, registry: Registry, options: SubjectOptions | None = None
) -> Any:
    """The subject of a component.

    Args:
        kind: The class of its spec.
        component: Its id, or a spec that is not registered.
        registry: Where it, its bases and the gap models it names are registered.
        options: What the test says beside it.

    Raises:
        UnknownIdError: The id is not registered.
    """
    if isinstance(component, str):
        spec: Spec = registry.get(kind, component)
        owner = registry.owner(kind, component)
    else:
        spec, owner = component, Owner("under-test")
        registry.add(spec, owner)
    return SUBJECTS[kind](spec, owner, registry, options or SubjectOptions())


def _make_folder(subject: Subject) -> Path:
    """A temporary folder that goes when the subject does."""
    folder = Path(tempfile.mkdtemp(prefix="zsbench-check-"))
    weakref.finalize(subject, shutil.rmtree, folder, ignore_errors=True)
    return folder
