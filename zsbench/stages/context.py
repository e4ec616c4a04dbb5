"""What stages work with: outputs of other stages, progress, and models that are loaded once and kept."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from zsbench.code.loading import load_object
from zsbench.flops import LOAD, FlopCounter, measure
from zsbench.interfaces.encoder import Encoder
from zsbench.interfaces.task import CorpusFeatures
from zsbench.stages.checked_gap import CheckedGapModel
from zsbench.stages.gap_states import STATE, make_gap, read_gap_state

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from zsbench.components import CorpusChoice, EncoderChoice, LanguageModelChoice, ReferenceTexts
    from zsbench.interfaces import GapModel, LanguageModel, Metric
    from zsbench.interfaces.engine import Advance
    from zsbench.stages.gap_fit import FittedGap
    from zsbench.stages.references import MetricSet
    from zsbench.stages.stage import Stage
    from zsbench.stages.text_features import TextEncoding
    from zsbench.store import Store

__all__ = ["StageContext", "generator"]

KeptT = TypeVar("KeptT")


@dataclass
class StageContext:
    """What one process has for the stages that it makes.

    Attributes:
        store: Where stage outputs are.
        device: The torch device of the run.
        progress: Called with (done, total) by the stage that runs, a training adds the tokens it has learned from.
        meter: Counts the work of a profiled run.
        cores: Cores that a stage may use, its computing threads included.
        remark: Told of what is worth saying while a stage runs.
    """

    store: Store
    device: str = "cpu"
    progress: Advance = lambda done, total, tokens=0: None  # noqa: ARG005  nobody listens
    meter: FlopCounter | None = None
    cores: int = 1
    remark: Callable[[str], None] = lambda text: None  # noqa: ARG005  nobody listens
    _loaded: dict[tuple[str, str], Any] = field(default_factory=dict)
    _metrics: dict[str, Metric] = field(default_factory=dict)
    _kept: dict[str, Any] = field(default_factory=dict)

    def output(self, stage: Stage) -> Path:
        """The folder of a finished stage."""
        return self.store.path(stage.kind, stage.key)

    def metrics(self, chosen: MetricSet) -> list[Metric]:
        """Some metrics, each made once a run."""
        for id_, factory in zip(chosen.ids, chosen.factories, strict=True):
            if id_ not in self._metrics:
                self._metrics[id_] = load_object(factory)()
        return [self._metrics[id_] for id_ in chosen.ids]

    def once(self, name: str, make: Callable[[], KeptT]) -> KeptT:
        """What was made under a name, such as a stage's key; made on first use and kept for the run."""
        if name not in self._kept:
            self._kept[name] = make()
        kept: KeptT = self._kept[name]
        return kept

    def close(self) -> None:
        """Release what the metrics keep."""
        for metric in self._metrics.values():
            metric.close()
        if self.meter is not None:
            self.meter.close()

    def encoder(self, choice: EncoderChoice) -> Encoder:
        """The encoder, its weights on the device."""
        encoder: Encoder = self._once(choice.encoder)
        return encoder

    def language_model(self, choice: LanguageModelChoice | None) -> LanguageModel | None:
        """The language model, its weights on the device; None if there is none."""
        return None if choice is None else self._once(choice.model)

    def release_encoders(self) -> None:
        """Let go of the encoders' weights; the next stage that wants one loads it again."""
        for key in [key for key, model in self._loaded.items() if isinstance(model, Encoder)]:
            del self._loaded[key]

    def _once(self, model: Any) -> Any:
        """Load a model on first use; into a copy, so that letting go of it frees the weights."""
        key = (model.fingerprint, self.device)
        if key not in self._loaded:
            loaded = copy.copy(model)
            loaded.meter = self.meter
            with measure(self.meter, LOAD):
                loaded.load(self.device)
            self._loaded[key] = loaded
        return self._loaded[key]

    def gap_model(self, chosen: FittedGap | None) -> GapModel | None:
        """A gap model, with the state of its fit.

        Raises:
            HashMismatchError: The state was estimated from other features.
        """
        if chosen is None:
            return None
        model = make_gap(chosen.gap)
        if chosen.fit is not None:
            read_gap_state(self.output(chosen.fit) / STATE, model, chosen.fit.fitted_on)
        return CheckedGapModel(model, chosen.gap.id, chosen.gap.owner)

    def text_features(self, stage: TextEncoding) -> Tensor:
        """The features that a text-features stage wrote, memory-mapped."""
        import numpy as np
        import torch

        return torch.from_numpy(np.load(self.output(stage) / "features.npy", mmap_mode="c"))

    def corpus(self, choice: CorpusChoice, stage: TextEncoding) -> CorpusFeatures:
        """A corpus with its features."""
        return CorpusFeatures(choice.texts, self.text_features(stage), stage.encoder.content)

    def references(self, source: ReferenceTexts, stage: TextEncoding) -> list[Tensor]:
        """The features of each example's references, ``(r_i, D)``."""
        import torch

        return list(torch.split(self.text_features(stage), list(source.counts)))


def generator(seed: int) -> Generator:
    """A fresh generator on the CPU."""
    import torch

    return torch.Generator().manual_seed(seed)
