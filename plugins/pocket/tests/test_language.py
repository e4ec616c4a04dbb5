"""The language model: its lines, its training step and the shipped weights."""

from __future__ import annotations

import math

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from zsbench_pocket.evaluate import WEIGHTS, score_perplexity
from zsbench_pocket.language_data import LINE_SORTS, NOT_LEARNED, encode_line, write_line
from zsbench_pocket.tokenizer import END_ID, build_tokenizer
from zsbench_pocket.train_lm import LanguageSettings, build_language_model, iter_batches, score_rows

LANGUAGE_MODEL = WEIGHTS / "language-model"
MOST_BYTES = 20_000_000


@pytest.fixture(scope="module")
def shipped():
    return AutoModelForCausalLM.from_pretrained(LANGUAGE_MODEL).eval(), AutoTokenizer.from_pretrained(LANGUAGE_MODEL)


def _continue(shipped, text, *, mark):
    model, tokenizer = shipped
    ids = tokenizer(text, add_special_tokens=False).input_ids + mark
    with torch.no_grad():
        output = model.generate(
            torch.tensor([ids]), max_new_tokens=20, do_sample=False, attention_mask=torch.ones(1, len(ids))
        )
    return tokenizer.decode(output[0, len(ids) :], skip_special_tokens=True)


def test_lines_learn_only_what_follows_the_context():
    """Context and question are read, never learned; the last learned token ends the line."""
    tokenizer, seen = build_tokenizer(for_encoder=False), set()
    for index in range(200):
        line = write_line(index, seed=3)
        ids, labels = encode_line(tokenizer, line)
        learned = [value for value in labels if value != NOT_LEARNED]
        seen.add(line.sort)
        assert len(ids) == len(labels)
        assert learned == ids[len(ids) - len(learned) :]
        assert learned[-1] == END_ID
        answer = line.text.partition("Short answer:")[2] or line.text
        assert tokenizer.decode(learned) == answer.strip().lower()
    assert seen == set(LINE_SORTS)


def test_one_step_gives_finite_losses_and_gradients():
    """A small model learns from a small batch."""
    settings = LanguageSettings(steps=1, batch_size=4, hidden_size=40, layers=1)
    model = build_language_model(settings)
    ids, labels, sorts = next(iter(iter_batches(settings)))
    losses, counts = score_rows(model, ids, labels)
    assert len(sorts) == len(losses) == 4
    assert all(math.isfinite(value) for value in losses.tolist())
    assert counts.min() > 0
    losses.sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.get_decoder().layers.parameters())


def test_shipped_model_turns_phrases_into_a_sentence(shipped):
    """The model uses what stands before the leading token: it names the things it was given."""
    text = _continue(shipped, "in the snow a pair of red keys a small blue kite", mark=[END_ID])
    assert "kite" in text
    assert "key" in text


def test_shipped_model_answers_from_context(shipped):
    """A question after facts gets the short answer that the facts hold."""
    facts = "a big green cat three small pink boats on the road"
    prompt = f"{facts} </s> Question: What color is the cat? Short answer:"
    assert _continue(shipped, prompt, mark=[]) == "green"


def test_context_lowers_the_perplexity_of_the_shipped_model():
    """Captions are likelier after the words they hold."""
    figures = score_perplexity(
        LANGUAGE_MODEL,
        ["a red cat on the road", "two small boats at night", "a kite"],
        ["road red cat", "boats night two small", "kite"],
    )
    assert figures["perplexity after its own words"] < 0.8 * figures["perplexity alone"]


def test_shipped_weights_stay_small():
    """Encoder and language model together stay within 20 MB."""
    sizes = [path.stat().st_size for path in WEIGHTS.rglob("*.safetensors")]
    assert len(sizes) == 2
    assert sum(sizes) <= MOST_BYTES


@pytest.mark.parametrize("name", ["encoder", "language-model"])
def test_shipped_weights_have_a_card(name):
    """Each set of weights says how it was made and what it scores."""
    card = (WEIGHTS / name / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "python -m zsbench_pocket.train_" in card
    assert "python -m zsbench_pocket.evaluate" in card
