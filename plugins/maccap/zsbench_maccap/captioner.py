"""MacCap as a captioner: from image features to candidates, the best of them, and answers.

Alphabet: B images, N candidates, K regions, Q queries, D joint width, E language model width.

[1] Qiu, Ning and He, AAAI 2024, arXiv 2401.02347: inference-time sampling and CLIP re-ranking, in the method section.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, TypeVar

import torch
from torch import Generator, Tensor

from zsbench.errors import CaptionerError, ConfigError
from zsbench.interfaces import (
    Candidate,
    Caption,
    Captioner,
    CaptionerNeeds,
    CaptionerResources,
    CorpusFeatures,
    Encoder,
    GapModel,
    ImageBatch,
    LanguageModel,
    Progress,
    TrainingJournal,
    TrainingReport,
)
from zsbench_maccap.adaptor import Adaptor, AdaptorShape, build_adaptor
from zsbench_maccap.checkpoint import Origin, read_checkpoint, write_checkpoint
from zsbench_maccap.config import NEEDS, MacCapConfig
from zsbench_maccap.regions import find_regions, read_memory
from zsbench_maccap.text import clean_answer, clean_caption
from zsbench_maccap.training import Reconstruction, train_adaptor

__all__ = ["MacCap"]

BLOCK = 16
"""Memories that the adaptor takes at once, no more and no fewer: other shapes may take kernels that round otherwise."""
PartT = TypeVar("PartT")


@dataclass(frozen=True)
class _Parts:
    """What ``load`` put together."""

    adaptor: Adaptor
    encoder: Encoder
    language_model: LanguageModel
    training_gap: GapModel | None
    inference_gap: GapModel | None
    device: str
    journal: TrainingJournal | None


class MacCap(Captioner[MacCapConfig]):
    """Mining fine-grained image-text alignment for zero-shot captioning via text-only training [1].

    An image becomes K features, each the global feature plus a sub-region, carried to the text side by the gap model
    with fresh noise for each candidate; the adaptor makes them a prefix, from which the frozen language model writes;
    the candidate nearest to the image is the caption.
    """

    needs: ClassVar[CaptionerNeeds] = NEEDS

    def __init__(self, config: MacCapConfig) -> None:
        super().__init__(config)
        self._loaded: _Parts | None = None
        self._trained = False

    def load(self, resources: CaptionerResources) -> None:
        """Take the resources over and allocate the adaptor, which holds no values before ``train`` or ``restore``.

        Raises:
            CaptionerError: A resource that ``needs`` asks for is missing.
            ConfigError: ``training.heads`` does not divide the encoder's width.
        """
        encoder = _present(resources.encoder, "encoder")
        language_model = _present(resources.language_model, "language model")
        adaptor = build_adaptor(self._shape(encoder.dim, language_model.width), device=resources.device)
        self._loaded = _Parts(
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
        loaded, settings = self._parts(), self.config.training
        gap = _present(loaded.training_gap, "gap model for training")
        parts = Reconstruction(loaded.adaptor, loaded.language_model, gap, settings, loaded.device, loaded.journal)
        report = train_adaptor(parts, corpus, generator, progress=progress)
        self._trained = True
        return report

    def save(self, folder: Path) -> None:
        """Write the adaptor (safetensors) and what it was trained with (JSON)."""
        write_checkpoint(folder, self._adaptor(), self._origin())

    def restore(self, folder: Path) -> None:
        """Read what an equal captioner's ``save`` wrote.

        Raises:
            MissingDataError: A file is not there.
            CorruptDataError: A file is not what it should be.
            HashMismatchError: It was trained with another encoder, language model or other training settings.
        """
        read_checkpoint(folder, self._parts().adaptor, self._origin())
        self._trained = True

    @torch.no_grad()
    def caption(self, batch: ImageBatch) -> list[Caption]:
        """Caption B images: N candidates each, decoded together, re-ranked by the encoder [1]."""
        N = self.config.inference.candidates
        prefix = self._prefix(self._memories(batch, candidates=N))  # (B*N, Q, E)
        raw = self._parts().language_model.generate(prefix, self.config.inference.decoding)
        texts = [clean_caption(text) for text in raw]
        grouped = [texts[start : start + N] for start in range(0, len(texts), N)]  # B times N
        if self.config.inference.rerank:
            captions = self._rerank(batch.features.pooled, grouped)
        else:
            captions = [Caption(tuple(Candidate(text) for text in group)) for group in grouped]
        regions = (find_regions(batch, row, self.config.inference) for row in range(len(batch)))
        return [replace(caption, regions=found) for caption, found in zip(captions, regions, strict=True)]

    @torch.no_grad()
    def answer(self, batch: ImageBatch, questions: Sequence[str]) -> list[str]:
        """Answer a question an image: the same prefix, then the question prompt; one draw of noise, no re-ranking."""
        settings = self.config.inference.answering
        prompts = [settings.prompt.replace("{}", question) for question in questions]
        prefix = self._prefix(self._memories(batch, candidates=1))  # (B, Q, E)
        raw = self._parts().language_model.generate(prefix, settings.decoding, prompts=prompts)
        return [clean_answer(text) for text in raw]

    def _memories(self, batch: ImageBatch, *, candidates: int) -> Tensor:
        """``(B*N, K, D)``: the fused features of each image, N times, carried to the text side with fresh noise.

        Candidate n is the n-th draw of its image's generator, so a run with more candidates contains one with fewer.
        """
        gap = _present(self._parts().inference_gap, "gap model for inference")
        memories: list[Tensor] = []
        for row, generator in enumerate(batch.generators):
            f = read_memory(batch, row, self.config.inference)  # (K, D)
            carry = gap.image_to_text
            memories.extend(carry(f[None], generator)[0] for _ in range(candidates))  # N times (K, D)
        return torch.stack(memories)

    def _prefix(self, memories: Tensor) -> Tensor:
        """``(n, K, D)`` -> ``(n, Q, E)``, in blocks of one shape so that every row takes the same kernels."""
        missing = -len(memories) % BLOCK
        filled = torch.cat((memories, memories[:1].expand(missing, -1, -1))).to(self._parts().device)
        adaptor = self._adaptor()
        return torch.cat([adaptor(block) for block in torch.split(filled, BLOCK)])[: len(memories)]

    def _rerank(self, pooled: Tensor, grouped: list[list[str]]) -> list[Caption]:
        """The candidate with the largest cosine to its image wins, the first of equals; each text is encoded once."""
        limit = self.config.inference.rerank_max_characters
        unique = list(dict.fromkeys(text[:limit] for group in grouped for text in group))
        features = self._parts().encoder.encode_texts(unique)  # (unique, D)
        index = {text: row for row, text in enumerate(unique)}
        captions = []
        for v, group in zip(pooled, grouped, strict=True):
            scores = [float((v.double() * features[index[text[:limit]]].double()).sum()) for text in group]
            candidates = tuple(Candidate(text, score) for text, score in zip(group, scores, strict=True))
            captions.append(Caption(candidates, chosen=scores.index(max(scores))))
        return captions

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

    def _origin(self) -> Origin:
        """What an adaptor belongs to."""
        parts = self._parts()
        return Origin(
            encoder=parts.encoder.fingerprint,
            language_model=parts.language_model.fingerprint,
            training=self.config.training,
        )

    def _parts(self) -> _Parts:
        """What was loaded."""
        if self._loaded is None:
            raise _error("MacCap has no models yet.", "They are loaded first.", "Call `load` before anything else.")
        return self._loaded

    def _adaptor(self) -> Adaptor:
        """The adaptor, which must hold values."""
        if not self._trained:
            raise _error(
                "The adaptor is not trained.", "It is trained or restored first.", "Call `train` or `restore`."
            )
        return self._parts().adaptor


def _present(resource: PartT | None, name: str) -> PartT:
    """A resource that has to be there."""
    if resource is None:
        raise _error(f"MacCap was given no {name}.", "It needs one.", f"Name a {name} in the matrix.")
    return resource


def _error(found: str, expected: str, remedy: str) -> CaptionerError:
    """An error of this captioner."""
    return CaptionerError(found, expected, remedy, captioner="maccap")
