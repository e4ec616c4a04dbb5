"""Text-only training: the adaptor learns to say a caption again from noisy copies of its own feature.

Alphabet: B texts of a batch, K noisy copies, Q queries, D joint width, E language model width, T tokens.

[1] Qiu, Ning and He, AAAI 2024, arXiv 2401.02347: text reconstruction and region noise, in the method section.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from zsbench.errors import CaptionerError
from zsbench.interfaces.captioner import Progress, TrainingReport
from zsbench.interfaces.gap import GapModel
from zsbench.interfaces.language import LanguageModel, TokenBatch
from zsbench.interfaces.task import CorpusFeatures
from zsbench_maccap.adaptor import Adaptor, Dropout
from zsbench_maccap.config import MacCapTraining
from zsbench_maccap.text import Tokens, iter_batches, tokenize_corpus

__all__ = ["Reconstruction", "learning_rate_share", "reconstruction_loss", "train_adaptor"]

REPORTED_PARTS = 10


@dataclass(frozen=True)
class Reconstruction:
    """Everything a training step works with.

    Attributes:
        adaptor: What is trained.
        language_model: Frozen.
        gap: Makes region-like features from a text feature.
        settings: How to train.
        device: Where the models live.
    """

    adaptor: Adaptor
    language_model: LanguageModel
    gap: GapModel
    settings: MacCapTraining
    device: str = "cpu"


@dataclass(frozen=True)
class Streams:
    """Independent random streams, so that settings of one do not move another; all from one generator."""

    initialisation: Generator
    order: Generator
    noise: Generator
    dropout: Generator

    @classmethod
    def fork(cls, generator: Generator, *, device: str) -> Streams:
        """Four seeds are drawn; masks of dropout are made where the activations are, all else on the CPU."""
        seeds = torch.randint(2**63 - 1, (4,), generator=generator).tolist()
        places = ("cpu", "cpu", "cpu", device)
        return cls(*(Generator(place).manual_seed(seed) for place, seed in zip(places, seeds, strict=True)))


def train_adaptor(
    parts: Reconstruction, corpus: CorpusFeatures, generator: Generator, *, progress: Progress
) -> TrainingReport:
    """Initialise the adaptor and train it to reconstruct the corpus.

    Args:
        parts: Models and settings; only the adaptor changes.
        corpus: N texts and their ``(N, D)`` features.
        generator: The only source of randomness, on the CPU; torch's global generators are not used.
        progress: Called with (done, total) steps.

    Returns:
        Steps, texts seen and mean losses.

    Raises:
        CaptionerError: The corpus is empty, or the loss left the finite numbers.
    """
    if not len(corpus):
        raise _error("The text corpus is empty.", "Text-only training needs text.", "Name another corpus.")
    streams = Streams.fork(generator, device=parts.device)
    parts.adaptor.initialise(streams.initialisation)
    tokens = tokenize_corpus(parts.language_model, corpus.texts, max_tokens=parts.settings.max_tokens)
    sums, counts, examples = _optimise(parts, corpus.features, tokens, streams, progress)
    losses = _mean_by_part(sums, counts)
    if not all(math.isfinite(loss) for loss in losses):
        raise _error("The loss is not finite.", "It stays finite.", "Lower `training.learning_rate`.")
    return TrainingReport(steps=len(sums), examples=examples, losses=losses)


def _optimise(
    parts: Reconstruction, features: Tensor, tokens: Tokens, streams: Streams, progress: Progress
) -> tuple[Tensor, Tensor, int]:
    """Every step; returns summed losses and token counts by step, and the number of texts seen."""
    settings, parameters = parts.settings, list(parts.adaptor.parameters())
    per_epoch = math.ceil(len(tokens) / settings.batch_size)
    total = settings.steps or settings.epochs * per_epoch
    optimiser = torch.optim.AdamW(parameters, settings.learning_rate, weight_decay=settings.weight_decay, fused=True)
    drop, report_every = Dropout(settings.dropout, streams.dropout), max(1, total // 100)
    sums, counts, examples = [], [], 0
    for step, rows in zip(range(total), iter_batches(tokens.lengths, settings.batch_size, streams.order), strict=False):
        optimiser.param_groups[0]["lr"] = settings.learning_rate * learning_rate_share(settings, step, per_epoch, total)
        memory = _noisy_copies(parts, features[rows], streams.noise)  # (B, K, D)
        loss, count = reconstruction_loss(parts, memory, tokens.select(rows), drop)
        optimiser.zero_grad(set_to_none=True)
        (loss / count).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, settings.gradient_clip)
        optimiser.step()
        sums.append(loss.detach())
        counts.append(count)
        examples += len(rows)
        if (step + 1) % report_every == 0 or step + 1 == total:
            progress(step + 1, total)
    return torch.stack(sums).cpu(), torch.tensor(counts), examples


def reconstruction_loss(
    parts: Reconstruction, memory: Tensor, tokens: TokenBatch, drop: Dropout | None = None
) -> tuple[Tensor, int]:
    """Cross-entropy of the captions given their prefixes, summed over real tokens, the end token included [1].

    The leading token is given, not predicted; positions after the end token count for nothing.

    Args:
        parts: Models and settings.
        memory: ``(B, K, D)``, what the adaptor looks at.
        tokens: The captions, ``(B, T)``.
        drop: Dropout of the adaptor.

    Returns:
        The summed loss in nats, a scalar, and the number of tokens it sums over.
    """
    ids, mask = tokens.ids.to(parts.device), tokens.mask.to(parts.device)  # (B, T)
    with _arithmetic(parts):
        prefix = parts.adaptor(memory.to(parts.device), drop)  # (B, Q, E)
        words = parts.language_model.embed(ids[:, :-1])  # (B, T-1, E)
        seen = torch.cat((mask.new_ones(prefix.shape[:2]), mask[:, :-1]), dim=1)  # (B, Q+T-1)
        logits = parts.language_model.logits(torch.cat((prefix, words), dim=1), seen)  # (B, Q+T-1, V)
    predicted = logits[:, prefix.shape[1] :][mask[:, 1:]].float()  # (tokens, V)
    loss = functional.cross_entropy(predicted, ids[:, 1:][mask[:, 1:]], reduction="sum")
    return loss, int(tokens.mask[:, 1:].sum())


def learning_rate_share(settings: MacCapTraining, step: int, per_epoch: int, total: int) -> float:
    """The share of the peak learning rate at a step: linear warm-up times cosine decay."""
    warm = 1.0
    if step < settings.warmup_steps:
        warm = settings.warmup_start + (1.0 - settings.warmup_start) * step / settings.warmup_steps
    done = step / total if settings.cosine == "step" else (step // per_epoch) / math.ceil(total / per_epoch)
    return warm * 0.5 * (1.0 + math.cos(math.pi * done))


@contextmanager
def _arithmetic(parts: Reconstruction) -> Iterator[None]:
    """The precision of a step; in bfloat16 on a CPU without the fused attention, whose backward is slow there."""
    device = torch.device(parts.device).type
    if parts.settings.precision == "float32":
        yield
    elif device == "cpu":
        with torch.autocast(device, torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
            yield
    else:
        with torch.autocast(device, torch.bfloat16):
            yield


def _noisy_copies(parts: Reconstruction, features: Tensor, generator: Generator) -> Tensor:
    """Region noise [1]: each text feature K times, each copy carried to the image side on its own; (B, K, D)."""
    copies = features[:, None, :].repeat(1, parts.settings.region_copies, 1)  # (B, K, D)
    return parts.gap.text_to_image(copies, generator)


def _mean_by_part(sums: Tensor, counts: Tensor) -> tuple[float, ...]:
    """Mean loss per token over each tenth of the steps, in order (fewer parts for fewer steps)."""
    parts = min(REPORTED_PARTS, len(sums))
    pairs = zip(sums.tensor_split(parts), counts.tensor_split(parts), strict=True)
    return tuple(float(loss.sum() / count.sum()) for loss, count in pairs)


def _error(found: str, expected: str, remedy: str) -> CaptionerError:
    """An error of this captioner."""
    return CaptionerError(found, expected, remedy, captioner="maccap")
