"""What trains MacCap: the adaptor with the models around it.

[1] Qiu, Ning and He, AAAI 2024, arXiv 2401.02347: text reconstruction and region noise, in the method section.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from torch import Generator

from zsbench.errors import CaptionerError, ConfigError
from zsbench.interfaces import (
    CaptionerResources,
    CorpusFeatures,
    Encoder,
    GapModel,
    LanguageModel,
    Progress,
    Trainer,
    TrainingJournal,
    TrainingReport,
)
from zsbench_maccap.adaptor import Adaptor, AdaptorShape, build_adaptor
from zsbench_maccap.checkpoint import Origin, write_checkpoint
from zsbench_maccap.training import Reconstruction, train_adaptor

if TYPE_CHECKING:
    from zsbench_maccap.config import MacCapConfig

__all__ = ["MacCapTrainer", "present"]

PartT = TypeVar("PartT")


@dataclass(frozen=True)
class Parts:
    """What ``load`` put together."""

    adaptor: Adaptor
    encoder: Encoder
    language_model: LanguageModel
    training_gap: GapModel | None
    inference_gap: GapModel | None
    device: str
    journal: TrainingJournal | None


class MacCapTrainer(Trainer["MacCapConfig"]):
    """Trains the adaptor to say a text again from noisy copies of its own feature [1]."""

    def __init__(self, config: MacCapConfig) -> None:
        super().__init__(config)
        self._loaded: Parts | None = None
        self._trained = False

    def load(self, resources: CaptionerResources) -> None:
        """Take the resources over and allocate the adaptor, which holds no values before ``train`` or ``restore``.

        Raises:
            CaptionerError: A resource that ``needs`` asks for is missing.
            ConfigError: ``training.heads`` does not divide the encoder's width.
        """
        encoder = present(resources.encoder, "encoder")
        language_model = present(resources.language_model, "language model")
        adaptor = build_adaptor(self._shape(encoder.dim, language_model.width), device=resources.device)
        self._loaded = Parts(
            adaptor,
            encoder,
            language_model,
            resources.training_gap,
            resources.inference_gap,
            resources.device,
            resources.journal,
        )
        self._trained = False

    def train(self, corpus: CorpusFeatures, generator: Generator, *, progress: Progress) -> TrainingReport:
        """Train the adaptor on text alone; the encoder is not used, the language model stays as it is [1].

        With a journal among its resources a killed training goes on, and ends with the same weights to the bit.

        Args:
            corpus: N texts and their ``(N, D)`` features.
            generator: The only source of randomness, on the CPU.
            progress: Called with (done, total) steps.

        Returns:
            What was done; losses in nats per token.

        Raises:
            CaptionerError: The corpus is empty or the loss left the finite numbers.
            ConfigError: ``training.precision`` is float16 and the device is not CUDA.
        """
        loaded, settings = self.parts(), self.config.training
        gap = present(loaded.training_gap, "gap model for training")
        parts = Reconstruction(loaded.adaptor, loaded.language_model, gap, settings, loaded.device, loaded.journal)
        report = train_adaptor(parts, corpus, generator, progress=progress)
        self._trained = True
        return report

    def save(self, folder: Path) -> None:
        """Write the adaptor (safetensors) and what it was trained with (JSON)."""
        write_checkpoint(folder, self.adaptor(), self.origin())

    def _shape(self, joint: int, language: int) -> AdaptorShape:
        """The adaptor's sizes for an encoder and a language model."""
        settings = self.config.training
        if joint % settings.heads:
            raise ConfigError(
                f"The encoder is {joint} wide and `training.heads` is {settings.heads}.",
                "The number of heads divides the width.",
                "Set `training.heads` to a divisor.",
                key="training.heads",
            )
        return AdaptorShape(
            joint=joint,
            language=language,
            queries=settings.queries,
            layers=settings.layers,
            heads=settings.heads,
            feed_forward=settings.feed_forward,
            projection_layers=settings.projection_layers,
        )

    def origin(self) -> Origin:
        """What an adaptor belongs to."""
        parts = self.parts()
        return Origin(
            encoder=parts.encoder.fingerprint,
            language_model=parts.language_model.fingerprint,
            training=self.config.training,
        )

    def parts(self) -> Parts:
        """What was loaded."""
        if self._loaded is None:
            raise _error("MacCap has no models yet.", "They are loaded first.", "Call `load` before anything else.")
        return self._loaded

    def adaptor(self) -> Adaptor:
        """The adaptor, which must hold values."""
        if not self._trained:
            raise _error(
                "The adaptor is not trained.", "It is trained or restored first.", "Call `train` or `restore`."
            )
        return self.parts().adaptor


def present(resource: PartT | None, name: str) -> PartT:
    """A resource that has to be there."""
    if resource is None:
        raise _error(f"MacCap was given no {name}.", "It needs one.", f"Name a {name} in the matrix.")
    return resource


def _error(found: str, expected: str, remedy: str) -> CaptionerError:
    """An error of this captioner."""
    return CaptionerError(found, expected, remedy, captioner="maccap")
