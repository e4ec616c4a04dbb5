"""Text-only training: the adaptor learns to say a caption again from noisy copies of its own feature.

Alphabet: B texts of a batch, K noisy copies, Q queries, D joint width, E language model width, T tokens.

[1] Qiu, Ning and He, AAAI 2024, arXiv 2401.02347: text reconstruction and region noise, in the method section.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from zsbench.errors import CaptionerError
from zsbench.interfaces.captioner import Progress, TrainingReport
from zsbench.interfaces.gap import GapModel
from zsbench.interfaces.language import LanguageModel, TokenBatch
from zsbench.interfaces.task import CorpusFeatures
from zsbench.interfaces.training import TrainingJournal
from zsbench_maccap.adaptor import Adaptor, Dropout
from zsbench_maccap.config import MacCapTraining
from zsbench_maccap.course import Course, Streams
from zsbench_maccap.precision import arithmetic, check_precision, make_scaler
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
        journal: Where the state is kept on the way, if anywhere.
    """

    adaptor: Adaptor
    language_model: LanguageModel
    gap: GapModel
    settings: MacCapTraining
    device: str = "cpu"
    journal: TrainingJournal | None = None


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
        ConfigError: The device cannot train in the precision.
    """
    if not len(corpus):
        raise _error("The text corpus is empty.", "Text-only training needs text.", "Name another corpus.")
    check_precision(parts.settings.precision, parts.device)
    tokens = tokenize_corpus(parts.language_model, corpus.texts, max_tokens=parts.settings.max_tokens)
    course = _begin(parts, generator)
    _optimise(parts, corpus.features, tokens, course, progress)
    losses = _mean_by_part(torch.stack(course.losses).cpu(), torch.tensor(course.counts))
    if not all(math.isfinite(loss) for loss in losses):
        raise _error("The loss is not finite.", "It stays finite.", "Lower `training.learning_rate`.")
    return TrainingReport(steps=course.steps, examples=course.examples, losses=losses)


def _begin(parts: Reconstruction, generator: Generator) -> Course:
    """A training before its first step, or where a killed one was."""
    settings = parts.settings
    streams = Streams.fork(generator, device=parts.device)
    parts.adaptor.initialise(streams.initialisation)
    optimiser = torch.optim.AdamW(
        parts.adaptor.parameters(), settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )
    course = Course(parts.adaptor, optimiser, make_scaler(settings.precision, parts.device), streams)
    state = parts.journal.latest() if parts.journal else None
    if state is not None:
        course.take_up(state)
    return course


def _optimise(parts: Reconstruction, features: Tensor, tokens: Tokens, course: Course, progress: Progress) -> None:
    """Every step that is left."""
    settings, journal = parts.settings, parts.journal
    per_epoch = math.ceil(len(tokens) / settings.batch_size)
    total = settings.steps or settings.epochs * per_epoch
    drop = Dropout(settings.dropout, course.streams.dropout) if settings.dropout else None
    batches = iter_batches(tokens.lengths, settings.batch_size, course.streams.order)
    for rows in itertools.islice(batches, course.steps, total):
        share = learning_rate_share(settings, course.steps, per_epoch, total)
        course.optimiser.param_groups[0]["lr"] = settings.learning_rate * share
        loss, count = _step(parts, features[rows], tokens, rows, course, drop)
        course.note(loss, count, len(rows))
        if journal:
            journal.count_tokens(count)
            if course.steps < total and journal.is_due():
                journal.keep(course.state())
        progress(course.steps, total)


def _step(
    parts: Reconstruction, features: Tensor, tokens: Tokens, rows: Tensor, course: Course, drop: Dropout | None
) -> tuple[Tensor, int]:
    """One step of the optimiser: the summed loss of a batch, computed in parts, and its number of tokens."""
    memory = _noisy_copies(parts, features, course.streams.noise)  # (B, K, D)
    count = int(tokens.lengths[rows].sum()) - len(rows)  # a leading token is not predicted
    course.optimiser.zero_grad(set_to_none=True)
    losses = []
    for part in torch.arange(len(rows)).tensor_split(min(parts.settings.accumulate, len(rows))):
        loss = reconstruction_loss(parts, memory[part], tokens.select(rows[part]), drop)
        course.scaler.scale(loss / count).backward()  # type: ignore[no-untyped-call]
        losses.append(loss.detach())
    course.scaler.unscale_(course.optimiser)
    torch.nn.utils.clip_grad_norm_(parts.adaptor.parameters(), parts.settings.gradient_clip)
    course.scaler.step(course.optimiser)
    course.scaler.update()
    return torch.stack(losses).sum(), count


def reconstruction_loss(
    parts: Reconstruction, memory: Tensor, tokens: TokenBatch, drop: Dropout | None = None
) -> Tensor:
    """Cross-entropy of the captions given their prefixes, summed over real tokens, the end token included [1].

    The leading token is given, not predicted; positions after the end token count for nothing.

    Args:
        parts: Models and settings.
        memory: ``(B, K, D)``, what the adaptor looks at.
        tokens: The captions, ``(B, T)``.
        drop: Dropout of the adaptor.

    Returns:
        The summed loss in nats, a scalar.
    """
    with arithmetic(parts.settings.precision, parts.device):
        prefix = parts.adaptor(memory.to(parts.device), drop)  # (B, Q, E)
        return parts.language_model.text_loss(prefix, tokens)


def learning_rate_share(settings: MacCapTraining, step: int, per_epoch: int, total: int) -> float:
    """The share of the peak learning rate at a step: linear warm-up times cosine decay."""
    warm = 1.0
    if step < settings.warmup_steps:
        warm = settings.warmup_start + (1.0 - settings.warmup_start) * step / settings.warmup_steps
    done = step / total if settings.cosine == "step" else (step // per_epoch) / math.ceil(total / per_epoch)
    return warm * 0.5 * (1.0 + math.cos(math.pi * done))


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
