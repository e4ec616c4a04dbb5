"""The stage train: a captioner learns from text features."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zsbench.code.loading import load_object
from zsbench.files import write_text
from zsbench.interfaces.captioner import CaptionerResources
from zsbench.interfaces.paths import describe_settings
from zsbench.interfaces.records import Frozen
from zsbench.seeds import derive_seed
from zsbench.stages.context import generator
from zsbench.stages.deferred_encoder import DeferredEncoder
from zsbench.stages.guard import ask_fingerprint, guarded
from zsbench.stages.journal import JOURNAL, StoredJournal
from zsbench.stages.stage import GIGABYTE, Stage

if TYPE_CHECKING:
    from zsbench.components import CorpusChoice, EncoderChoice, LanguageModelChoice
    from zsbench.interfaces.encoder import Encoder
    from zsbench.interfaces.specs import Factory
    from zsbench.interfaces.task import CorpusFeatures
    from zsbench.registry import ResolvedCaptioner
    from zsbench.stages.context import StageContext
    from zsbench.stages.gap_fit import FittedGap
    from zsbench.stages.text_features import TextEncoding

__all__ = ["Training", "without_inference"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Training(Stage):
    """Trains what every captioner shares that differs only at inference; writes its weights and ``training.json``.

    Attributes:
        captioner: The captioner, as the first cell that needs the training names it.
        encoder: Whose text features are learned from.
        corpus: The texts.
        language_model: If the captioner needs one.
        gap: The gap model of training.
        texts: The text features.
        seed: Of the only source of randomness.
        checkpoint_seconds: Seconds between the states that it keeps while it trains; None for none. Changes no result.
    """

    kind: ClassVar[str] = "train"
    turn: ClassVar[int] = 2
    memory: ClassVar[int] = 2 * GIGABYTE
    libraries: ClassVar[tuple[str, ...]] = ("torch", "numpy", "tokenizers", "transformers")

    captioner: ResolvedCaptioner
    encoder: EncoderChoice
    corpus: CorpusChoice
    language_model: LanguageModelChoice | None
    gap: FittedGap | None
    texts: TextEncoding
    seed: int
    checkpoint_seconds: float | None = None

    @property
    def label(self) -> str:
        """Captioner, corpus and seed."""
        return f"{self.captioner.id} on {self.corpus.id}, seed {self.seed}"

    @property
    def inputs(self) -> tuple[Stage, ...]:
        """Text features, and the fit of the gap model."""
        return (self.texts, *([self.gap.fit] if self.gap and self.gap.fit else []))

    @property
    def on_device(self) -> bool:
        """Yes."""
        return True

    @property
    def weights(self) -> Iterable[int]:
        """The language model's; the encoder is not loaded unless the captioner asks it to encode."""
        return () if self.language_model is None else (self.language_model.model.weights_bytes,)

    def material(self) -> Mapping[str, Any]:
        """The settings of training alone, seed, and the models."""
        return {
            **describe_settings(self._config, self.setup.hashes, without=self._left_out),
            "seed": self.seed,
            "corpus": self.corpus.content,
            "encoder": self.encoder.content,
            "language_model": self.language_model and self.language_model.content,
            "gap": self.gap and self.gap.gap.describe(self.setup.hashes),
            "own_weights": ask_fingerprint(self._made, self.captioner) if self.captioner.needs.own_weights else "",
        }

    def components(self) -> Iterable[Factory]:
        """What trains and its settings, the gap model and the models that it may use."""
        training = getattr(self._config, "training", None) if self.captioner.trains_apart else None
        settings = type(self._config if training is None else training)
        models = (self.encoder, self.language_model, self.gap.gap if self.gap else None)
        return (self.captioner.trainer, settings, *(part for model in models if model for part in model.factories))

    def without(self) -> Iterable[str]:
        """What only generates text, if the captioner has a trainer, which does not."""
        model = self.language_model
        return model.model.generation_modules if model is not None and self.captioner.trains_apart else ()

    def run(self, folder: Path, context: StageContext) -> bool:
        """Train; what a killed training kept in its journal is taken up, and goes when the weights are there."""
        with guarded(self.captioner, "be made"):
            trainer = self._made()
        corpus = context.corpus(self.corpus, self.texts)
        journal = StoredJournal(folder / JOURNAL, self.checkpoint_seconds, context.remark)
        context.release_encoders()
        resources = CaptionerResources(
            device=context.device,
            encoder=self._deferred(corpus, context) if self.captioner.needs.encoder else None,
            language_model=context.language_model(self.language_model),
            training_gap=context.gap_model(self.gap),
            journal=journal,
        )
        with guarded(self.captioner, "train"):
            trainer.load(resources)
            report = trainer.train(
                corpus,
                generator(derive_seed(self.seed, "train")),
                progress=lambda done, total: context.progress(done, total, journal.tokens),
            )
            trainer.save(folder)
        write_text(folder / "training.json", json.dumps(asdict(report), indent=1))
        journal.clear()
        return True

    @property
    def _config(self) -> Frozen:
        """What the trainer is given: no settings of inference but the defaults."""
        return without_inference(self.captioner.config)

    @property
    def _left_out(self) -> tuple[str, ...]:
        """The settings that do not count: those of inference, where they are the defaults."""
        return ("inference",) if _has_inference(self.captioner.config) else ()

    def _made(self) -> Any:
        """What trains, given no settings but those of training."""
        return load_object(self.captioner.trainer)(self._config)

    def _deferred(self, corpus: CorpusFeatures, context: StageContext) -> Encoder:
        """The encoder: the features of its texts are in the store, so its weights need not be in memory."""
        return DeferredEncoder(
            self.encoder.encoder.fingerprint,
            int(corpus.features.shape[1]),
            lambda: context.encoder(self.encoder),
        )


def without_inference(config: Frozen) -> Frozen:
    """A config whose settings of inference, which are not in the key of a training, are the defaults."""
    if not _has_inference(config):
        return config
    default = type(config).model_fields["inference"].get_default(call_default_factory=True)
    return config.model_copy(update={"inference": default})


def _has_inference(config: Frozen) -> bool:
    """Whether a config sets training and inference apart, so that the latter can be left at its defaults."""
    field = type(config).model_fields.get("inference")
    return field is not None and not field.is_required() and isinstance(getattr(config, "training", None), Frozen)
