"""Text-only training: what is learned, what stays frozen, where randomness comes from."""

from __future__ import annotations

import copy
import dataclasses
import math

import pytest
import torch

from zsbench.errors import CaptionerError, ConfigError
from zsbench.interfaces import CorpusFeatures, TokenBatch, TrainingJournal
from zsbench_maccap.adaptor import AdaptorShape, build_adaptor
from zsbench_maccap.config import MacCapTraining
from zsbench_maccap.training import Reconstruction, learning_rate_share, reconstruction_loss, train_adaptor


def silent(done: int, total: int) -> None:
    """No progress."""


class KeptInMemory(TrainingJournal):
    """Keeps the state of every step as bytes would: in copies."""

    def __init__(self) -> None:
        self.state, self.tokens = None, 0

    def latest(self):
        return self.state

    def is_due(self):
        return True

    def keep(self, state):
        self.state = copy.deepcopy(state)

    def count_tokens(self, tokens):
        self.tokens += tokens


class KilledError(Exception):
    """The process is gone."""


def parts_of(world, *, noise: float = 0.0, **training) -> Reconstruction:
    settings = world.config(training).training
    shape = AdaptorShape(world.D, world.E, settings.queries, 1, settings.heads, settings.feed_forward, 3)
    adaptor = build_adaptor(shape)
    adaptor.initialise(torch.Generator().manual_seed(0))
    return Reconstruction(adaptor, world.language_model, world.PlainNoise(noise), settings)


def weights(parts: Reconstruction) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in parts.adaptor.parameters()])


def run(world, seed: int = 1, **training) -> torch.Tensor:
    parts = parts_of(world, noise=0.1, **training)
    train_adaptor(parts, world.corpus(), torch.Generator().manual_seed(seed), progress=silent)
    return weights(parts)


def test_gradients_reach_the_whole_adaptor_and_nothing_else(world):
    """After a backward pass every adaptor parameter has a gradient; the language model has none."""
    parts = parts_of(world)
    tokens = world.language_model.tokenize(world.captions, max_tokens=12)
    memory = world.corpus().features[:, None, :]
    reconstruction_loss(parts, memory, tokens).backward()
    assert all(parameter.grad is not None for parameter in parts.adaptor.parameters())
    assert world.language_model.table.grad is None


def test_encoder_and_language_model_keep_their_bytes(world):
    """Training changes the adaptor and leaves the frozen models alone."""
    encoder, table = world.encoder.weights.clone(), world.language_model.table.clone()
    world.trained(world.config())
    assert torch.equal(encoder, world.encoder.weights)
    assert torch.equal(table, world.language_model.table)


def test_the_corpus_features_are_not_modified(world):
    """Noise is added to copies."""
    corpus = world.corpus()
    before = corpus.features.clone()
    train_adaptor(parts_of(world, noise=0.5), corpus, torch.Generator().manual_seed(1), progress=silent)
    assert torch.equal(before, corpus.features)


def test_training_is_a_function_of_the_seed(world):
    """Same seed, same bytes, dropout and noise included; another seed, other weights."""
    assert torch.equal(run(world, dropout=0.3), run(world, dropout=0.3))
    assert not torch.equal(run(world, dropout=0.3), run(world, seed=2, dropout=0.3))


def test_training_leaves_global_random_state_alone(world):
    """torch's own generator stands where it stood, and its position does not change the result."""
    before = torch.random.get_rng_state()
    first = run(world, dropout=0.3)
    assert torch.equal(before, torch.random.get_rng_state())
    torch.rand(3)
    assert torch.equal(first, run(world, dropout=0.3))


@torch.no_grad()
def test_padding_does_not_change_the_loss(world):
    """The summed loss of a batch is the sum over its texts alone, whatever stands in the padding."""
    parts = parts_of(world)
    memory = world.corpus().features[:, None, :].repeat(1, 3, 1)
    tokens = world.language_model.tokenize(world.captions, max_tokens=12)
    spoiled = TokenBatch(torch.where(tokens.mask, tokens.ids, 7), tokens.mask)
    alone = [
        reconstruction_loss(parts, memory[[row]], world.language_model.tokenize([text], max_tokens=12))
        for row, text in enumerate(world.captions)
    ]
    for batch in (tokens, spoiled):
        assert float(reconstruction_loss(parts, memory, batch)) == pytest.approx(float(sum(alone)), rel=1e-5)


def test_the_end_token_is_learned_and_the_leading_token_is_not(world):
    """A caption of n words has n + 1 labels, and the journal counts as many."""
    journal = KeptInMemory()
    parts = dataclasses.replace(parts_of(world, steps=3, batch_size=8), journal=journal)
    train_adaptor(parts, world.corpus(), torch.Generator().manual_seed(0), progress=silent)
    assert journal.tokens == 3 * sum(len(text.split()) + 1 for text in world.captions)


@torch.no_grad()
def test_the_loss_is_the_cross_entropy_of_the_next_token(world):
    """Computed by hand for one caption."""
    parts, memory = parts_of(world), world.corpus().features[:1, None, :]
    tokens = world.language_model.tokenize(world.captions[:1], max_tokens=12)
    loss = reconstruction_loss(parts, memory, tokens)
    prefix, table, ids = parts.adaptor(memory)[0], world.language_model.table, tokens.ids[0]
    expected = 0.0
    for position in range(len(ids) - 1):
        scores = (prefix[position] + 0.1 * table[ids[position]]) @ table.T
        expected -= float(scores.log_softmax(-1)[ids[position + 1]])
    assert float(loss) == pytest.approx(expected, rel=1e-4)


def test_steps_override_epochs(world):
    """Two epochs of 8 texts in batches of 3 are 6 steps; `steps` says otherwise."""
    epochs = parts_of(world, steps=None, epochs=2, batch_size=3)
    report = train_adaptor(epochs, world.corpus(), torch.Generator().manual_seed(0), progress=silent)
    assert (report.steps, report.examples) == (6, 16)
    steps = parts_of(world, steps=4, epochs=2, batch_size=3)
    assert train_adaptor(steps, world.corpus(), torch.Generator().manual_seed(0), progress=silent).steps == 4


def test_progress_ends_at_the_total_and_losses_fall(world):
    """The caller sees the last step; the report's tenths go down."""
    seen: list[tuple[int, int]] = []
    parts = parts_of(world, steps=30)
    report = train_adaptor(
        parts, world.corpus(), torch.Generator().manual_seed(0), progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (30, 30)
    assert len(report.losses) == 10
    assert report.losses[-1] < report.losses[0]


def test_bfloat16_trains_float32_weights_to_a_similar_loss(world):
    """Autocast changes the arithmetic, not the weights' type."""
    reports = {}
    for precision in ("float32", "bfloat16"):
        parts = parts_of(world, steps=30, precision=precision)
        reports[precision] = train_adaptor(parts, world.corpus(), torch.Generator().manual_seed(0), progress=silent)
        assert weights(parts).dtype == torch.float32
    assert reports["bfloat16"].losses[-1] == pytest.approx(reports["float32"].losses[-1], rel=0.1)
    assert reports["bfloat16"].losses != reports["float32"].losses


@pytest.mark.parametrize("settings", [{"dropout": 0.3}, {"precision": "bfloat16"}, {"accumulate": 3}])
def test_a_killed_training_goes_on_to_the_same_bits(world, settings):
    """Killed in the second epoch and taken up by a fresh captioner: weights and report are those of an undisturbed one."""
    settings = {"steps": 9, "batch_size": 2, **settings}
    undisturbed = parts_of(world, noise=0.1, **settings)
    expected = train_adaptor(undisturbed, world.corpus(), torch.Generator().manual_seed(1), progress=silent)
    journal = KeptInMemory()

    def die(done: int, total: int) -> None:
        if done == 6:
            raise KilledError

    killed = dataclasses.replace(parts_of(world, noise=0.1, **settings), journal=journal)
    with pytest.raises(KilledError):
        train_adaptor(killed, world.corpus(), torch.Generator().manual_seed(1), progress=die)
    assert journal.state.steps == 6
    steps: list[int] = []
    taken_up = dataclasses.replace(parts_of(world, noise=0.1, **settings), journal=journal)
    report = train_adaptor(
        taken_up, world.corpus(), torch.Generator().manual_seed(1), progress=lambda done, total: steps.append(done)
    )
    assert steps == [7, 8, 9]
    assert torch.equal(weights(taken_up), weights(undisturbed))
    assert report == expected


def test_keeping_a_state_disturbs_nothing(world):
    """A training with a journal ends as one without."""
    journalled = dataclasses.replace(parts_of(world, noise=0.1, dropout=0.3), journal=KeptInMemory())
    train_adaptor(journalled, world.corpus(), torch.Generator().manual_seed(1), progress=silent)
    assert torch.equal(weights(journalled), run(world, dropout=0.3))


@pytest.mark.parametrize("parts", [2, 3, 8, 50])
def test_a_batch_in_parts_is_the_whole_batch(world, parts):
    """Gradients that are summed over parts train like the gradient of the whole, up to rounding; half a batch does not."""
    whole, begun = run(world, steps=5), run(world, steps=1)
    moved = (whole - begun).norm()
    assert (run(world, steps=5, accumulate=parts) - whole).norm() < 1e-3 * moved
    assert (run(world, steps=5, batch_size=4) - whole).norm() > 0.1 * moved


def test_parts_of_a_batch_are_as_many_as_asked_for(world, monkeypatch):
    """Eight texts in three parts are three passes of the language model, none of more than three texts."""
    sizes: list[int] = []
    inner = world.language_model.text_loss
    monkeypatch.setattr(
        world.language_model, "text_loss", lambda prefix, tokens: sizes.append(len(prefix)) or inner(prefix, tokens)
    )
    run(world, steps=1, accumulate=3)
    assert sizes == [3, 3, 2]


def test_float16_is_refused_where_it_has_no_range(world):
    """Before anything is computed, with what to set instead."""
    with pytest.raises(ConfigError, match=r"float16 and the device is cpu.*Set `training.precision` to bfloat16"):
        run(world, precision="float16")


def test_texts_are_tokenised_once(world, monkeypatch):
    """Three epochs ask the tokenizer for each text one time."""
    asked: list[str] = []
    inner = world.language_model.tokenize
    monkeypatch.setattr(
        world.language_model, "tokenize", lambda texts, **how: asked.extend(texts) or inner(texts, **how)
    )
    run(world, steps=None, epochs=3)
    assert sorted(asked) == sorted(world.captions)


def test_an_empty_corpus_is_refused(world):
    """There is nothing to learn from."""
    empty = CorpusFeatures((), torch.zeros(0, world.D), "word-encoder")
    with pytest.raises(CaptionerError, match="corpus is empty"):
        train_adaptor(parts_of(world), empty, torch.Generator(), progress=silent)


def test_a_loss_that_is_not_finite_is_an_error(world):
    """Broken features do not end as a trained model."""
    corpus = dataclasses.replace(world.corpus(), features=torch.full((8, world.D), math.nan))
    with pytest.raises(CaptionerError, match="not finite"):
        train_adaptor(parts_of(world), corpus, torch.Generator().manual_seed(0), progress=silent)


def test_the_rate_warms_up_from_one_percent_and_decays_as_a_cosine():
    """Linear from 1 % over the warm-up, then half a cosine to zero."""
    settings = MacCapTraining(warmup_steps=10, cosine="step")
    share = [learning_rate_share(settings, step, 100, 1000) for step in (0, 5, 10, 500, 999)]
    assert share[0] == pytest.approx(0.01)
    assert share[1] == pytest.approx(0.505, abs=1e-3)
    assert share[2] == pytest.approx(1.0, abs=1e-3)
    assert share[3] == pytest.approx(0.5)
    assert share[4] == pytest.approx(0.0, abs=1e-3)


def test_the_cosine_moves_once_an_epoch_by_default():
    """As in the public code: constant within an epoch."""
    settings = MacCapTraining(warmup_steps=0)
    shares = [learning_rate_share(settings, step, 10, 40) for step in range(40)]
    assert len(set(shares)) == 4
    assert shares[:10] == [1.0] * 10
