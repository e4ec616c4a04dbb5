"""What stages work with: the store, the progress callback, and models that are loaded once and kept."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.errors import PluginContractError
from zsbench.interfaces import (
    Captioner,
    CorpusFeatures,
    Encoder,
    GapModel,
    GapModelSpec,
    LanguageModel,
    Metric,
    MetricSpec,
)
from zsbench.metering import LOAD, Meter, measure
from zsbench.metrics import PreparedSplit
from zsbench.plan import CorpusChoice, EncoderChoice, GapChoice, LanguageModelChoice, ReferenceTexts
from zsbench.registry import Registry, ResolvedCaptioner, load_object
from zsbench.runner.checked_gap import CheckedGapModel
from zsbench.runner.gap_states import STATE, read_gap_state
from zsbench.runner.reporter import Advance
from zsbench.store import Store

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["Workbench", "generator"]


@dataclass
class Workbench:
    """One process's tools.

    Attributes:
        store: Where stage outputs are.
        registry: Where metrics are found.
        places: Folder of each finished stage, by key.
        progress: Called with (done, total) by the stage that runs, a training adds the tokens it has learned from.
        meter: Counts the work of a profiled run.
        cores: Cores that a stage may use, its computing threads included.
        remark: Told of what is worth saying while a stage runs.
    """

    store: Store
    registry: Registry
    places: dict[str, Path] = field(default_factory=dict)
    progress: Advance = lambda done, total, tokens=0: None  # noqa: ARG005  nobody listens
    meter: Meter | None = None
    cores: int = 1
    remark: Callable[[str], None] = lambda text: None  # noqa: ARG005  nobody listens
    _loaded: dict[tuple[str, str], Any] = field(default_factory=dict)
    _metrics: dict[str, Metric] = field(default_factory=dict)
    _splits: dict[str, PreparedSplit] = field(default_factory=dict)

    def metrics(self, ids: tuple[str, ...]) -> list[Metric]:
        """The metrics under some ids, each made once a run.

        Raises:
            UnknownIdError: A metric is not registered.
        """
        for id_ in ids:
            if id_ not in self._metrics:
                self._metrics[id_] = load_object(self.registry.get(MetricSpec, id_).factory)()
        return [self._metrics[id_] for id_ in ids]

    def split(self, key: str) -> PreparedSplit:
        """The prepared references of a references stage, read once a run."""
        if key not in self._splits:
            self._splits[key] = PreparedSplit.load(self.places[key])
        return self._splits[key]

    def close(self) -> None:
        """Release what the metrics keep."""
        for metric in self._metrics.values():
            metric.close()
        if self.meter is not None:
            self.meter.close()

    def encoder(self, choice: EncoderChoice, device: str) -> Encoder:
        """The encoder, its weights on the device."""
        encoder: Encoder = self._once(choice.encoder, device)
        return encoder

    def language_model(self, choice: LanguageModelChoice, device: str) -> LanguageModel:
        """The language model, its weights on the device."""
        model: LanguageModel = self._once(choice.model, device)
        return model

    def release_encoders(self) -> None:
        """Let go of the encoders' weights; the next stage that wants one loads it again."""
        for key in [key for key, model in self._loaded.items() if isinstance(model, Encoder)]:
            del self._loaded[key]

    def _once(self, model: Any, device: str) -> Any:
        """Load a model on first use; into a copy, so that letting go of it frees the weights."""
        key = (model.fingerprint, device)
        if key not in self._loaded:
            loaded = copy.copy(model)
            loaded.meter = self.meter
            with measure(self.meter, LOAD):
                loaded.load(device)
            self._loaded[key] = loaded
        return self._loaded[key]

    def captioner(self, resolved: ResolvedCaptioner) -> Captioner[Any]:
        """A fresh captioner, nothing loaded.

        Raises:
            PluginContractError: Its class needs something else than its spec tells.
        """
        made: Captioner[Any] = load_object(resolved.factory)(resolved.config)
        if resolved.needs != made.needs:
            raise PluginContractError(
                f"The spec of captioner {resolved.id!r} tells other needs than its class.",
                "They are equal.",
                f"Correct the plugin {resolved.owner.plugin!r}.",
                plugin=resolved.owner.plugin,
                distribution=resolved.owner.distribution,
            )
        return made

    def gap_model(self, choice: tuple[GapChoice, str | None] | None) -> GapModel | None:
        """A gap model, with the state of its fit.

        Raises:
            HashMismatchError: The state was estimated from other features.
        """
        if choice is None:
            return None
        gap, fit = choice
        model = gap.make()
        if fit is not None:
            read_gap_state(self.places[fit] / STATE, model, gap.fitted_on)
        return CheckedGapModel(model, gap.id, self.registry.owner(GapModelSpec, gap.id))

    def text_features(self, key: str) -> Tensor:
        """The features a text-features stage wrote, memory-mapped."""
        import numpy as np
        import torch

        return torch.from_numpy(np.load(self.places[key] / "features.npy", mmap_mode="c"))

    def corpus(self, choice: CorpusChoice, key: str, encoder: str) -> CorpusFeatures:
        """A corpus with its features."""
        return CorpusFeatures(choice.texts, self.text_features(key), encoder)

    def references(self, source: ReferenceTexts, key: str) -> list[Tensor]:
        """The features of each example's references, ``(r_i, D)``."""
        import torch

        return list(torch.split(self.text_features(key), list(source.counts)))


def generator(seed: int) -> Generator:
    """A fresh generator on the CPU."""
    import torch

    return torch.Generator().manual_seed(seed)
