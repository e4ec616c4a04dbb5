"""Text-only training: the adaptor learns to say a caption again from noisy copies of its own feature.

Shapes: B texts of a batch, K noisy copies, Q queries, D joint width, E language model width, T tokens.

[1] Qiu, Ning and He, AAAI 2024, arXiv 2401.02347: text reconstruction and region noise, in the method section.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from zsbench.errors import CaptionerError
from zsbench.interfaces.captioner import Progress, TrainingReport
from zsbench.interfaces.gap import GapModel
from zsbench.interfaces.language import LanguageModel, TokenBatch
from zsbench.interfaces.task import CorpusFeatures
from zsbench.interfaces.training import TrainingJournal, TrainingState
from zsbench_maccap.adaptor import Adaptor, Dropout, build_adaptor
from zsbench_maccap.course import Course, Streams
from zsbench_maccap.precision import arithmetic, check_precision, make_scaler
from zsbench_maccap.processes import Peers, RelayedJournal, check_processes, run_together
from zsbench_maccap.tokens import Tokens, iter_batches, tokenize_corpus
from zsbench_maccap.training_config import MacCapTraining

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
    if parts.settings.processes > 1:
        course = _share_out(parts, corpus.features, tokens, generator, progress)
    else:
        course = _begin(parts, generator)
        _optimise(parts, corpus.features, tokens, course, progress, Peers())
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
    scaler = make_scaler(settings.precision, parts.device)
    course = Course(parts.adaptor, optimiser, scaler, streams, streams.dropout.initial_seed())
    state = parts.journal.latest() if parts.journal else None
    if state is not None:
        course.take_up(state)
    return course


def _share_out(
    parts: Reconstruction, features: Tensor, tokens: Tokens, generator: Generator, progress: Progress
) -> Course:
    """A training in several processes, and what it has come to, here."""
    count, device = parts.settings.processes, parts.device
    check_processes(count, device)
    alone = replace(parts, journal=None)
    body = functools.partial(_train_share, alone, features, tokens, generator.get_state())
    state = run_together(body, count, device=device, journal=parts.journal, progress=progress)
    course = _begin(alone, generator)
    course.take_up(state)
    return course


def _train_share(
    parts: Reconstruction, features: Tensor, tokens: Tokens, random: Tensor, peers: Peers, journal: RelayedJournal
) -> TrainingState:
    """One process of a training, on a device of its own where there are several; what it has come to."""
    device = parts.device
    if torch.device(device).type == "cuda":
        device = f"cuda:{peers.rank}"
        parts.language_model.load(device)
    adaptor = build_adaptor(parts.adaptor.shape, device=device)
    parts = replace(parts, adaptor=adaptor, device=device, journal=journal)
    generator = Generator()
    generator.set_state(random)
    course = _begin(parts, generator)
    _optimise(parts, features, tokens, course, journal.advance, peers)
    return course.state()


def _optimise(
    parts: Reconstruction, features: Tensor, tokens: Tokens, course: Course, progress: Progress, peers: Peers
) -> None:
    """Every step that is left."""
    settings, journal = parts.settings, parts.journal
    per_epoch = math.ceil(len(tokens) / settings.batch_size)
    total = settings.steps or settings.epochs * per_epoch
    masks = course.streams.dropout
    drop = Dropout(settings.dropout, masks) if settings.dropout else None
    batches = iter_batches(tokens.lengths, settings.batch_size, course.streams.order)
    for rows in itertools.islice(batches, course.steps, total):
        share = learning_rate_share(settings, course.steps, per_epoch, total)
        course.optimiser.param_groups[0]["lr"] = settings.learning_rate * share
        if peers.count > 1:
            masks.manual_seed((course.mask_seed + course.steps * peers.count + peers.rank) % 2**63)
        loss, count = _step(parts, features[rows], tokens, rows, course, drop, peers)
        course.note(loss, count, len(rows))
        if journal:
            journal.count_tokens(count)
            if course.steps < total and journal.is_due():
                journal.keep(course.state())
        progress(course.steps, total)


def _step(
    parts: Reconstruction,
    features: Tensor,
    tokens: Tokens,
    rows: Tensor,
    course: Course,
    drop: Dropout | None,
    peers: Peers,
) -> tuple[Tensor, int]:
    """One step of the optimiser: the summed loss of a batch, computed in parts, and its number of tokens."""
    memory = _noisy_copies(parts, features, course.streams.noise)  # (B, K, D)
    count = int(tokens.lengths[rows].sum()) - len(rows)  # a leading token is not predicted
    parameters = list(parts.adaptor.parameters())
    course.optimiser.zero_grad(set_to_none=True)
    total = torch.zeros((), device=parts.device)
    for part in _split(peers.share(len(rows)), parts.settings.accumulate):
        loss = reconstruction_loss(parts, memory[part], tokens.select(rows[part]), drop)
        course.scaler.scale(loss / count).backward()  # type: ignore[no-untyped-call]
        total += loss.detach()
    if peers.count > 1:
        peers.add_up([total, *(_gradient(parameter) for parameter in parameters)])
    course.scaler.unscale_(course.optimiser)
    torch.nn.utils.clip_grad_norm_(parameters, parts.settings.gradient_clip)
    course.scaler.step(course.optimiser)
    course.scaler.update()
    return total, count


def _split(places: Tensor, parts: int) -> tuple[Tensor, ...]:
    """Places of a batch in so many parts, none of them empty."""
    return places.tensor_split(min(parts, len(places))) if len(places) else ()


def _gradient(parameter: Tensor) -> Tensor:
    """The gradient of a parameter; zero where a process had nothing to compute."""
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    return parameter.grad


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
