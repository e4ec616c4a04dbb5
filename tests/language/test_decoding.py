"""The decoding loop against transformers' generate, and against itself in other company."""

from __future__ import annotations

import pytest
import torch
from transformers import GenerationConfig, OPTConfig, OPTForCausalLM

from zsbench.flops import FlopCount
from zsbench.interfaces.language import GenerationSettings
from zsbench.language import decoding
from zsbench.language.beams import BeamSearch
from zsbench.language.decoding import Decoder
from zsbench.language.opt import OptSteps
from zsbench.linear import has_onednn
from zsbench.oom import listen_to_halvings

ONEDNN = has_onednn(torch.float32, torch.device("cpu"))
END, PAD = 2, 1
GRID = [
    {"beams": beams, "length_penalty": penalty, "min_new_tokens": least}
    for beams in (1, 2, 5)
    for penalty in (-1.0, 0.0, 1.0, 2.0)
    for least in (0, 4)
    if beams > 1 or penalty == 1.0
]


@pytest.fixture(scope="module")
def model():
    """A model with random weights that ends its texts early or late."""
    return make_model(hidden_size=64, word_embed_proj_dim=64, ffn_dim=96, num_hidden_layers=2, vocab_size=30)


@pytest.fixture(scope="module")
def wide_model():
    """One layer as wide as OPT-125m's, a vocabulary as large as real ones."""
    return make_model(
        hidden_size=768, word_embed_proj_dim=768, ffn_dim=3072, num_hidden_layers=1, vocab_size=40_000, init_std=0.1
    )


def make_model(**sizes):
    settings = {"num_attention_heads": 4, "max_position_embeddings": 64, "init_std": 0.25, **sizes}
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(1)
        model = OPTForCausalLM(OPTConfig(**settings))
    model.generation_config = GenerationConfig()
    return model.eval().requires_grad_(False)


def draw(items, seed=0, width=64):
    return torch.randn(items, 4, width, generator=torch.Generator().manual_seed(seed))


def generate(model, prefix, settings):
    """What transformers finds, prefix by prefix."""
    beams = {"length_penalty": settings.length_penalty, "early_stopping": False} if settings.beams > 1 else {}
    config = GenerationConfig(
        num_beams=settings.beams,
        do_sample=False,
        max_new_tokens=settings.max_new_tokens,
        min_new_tokens=settings.min_new_tokens or None,
        eos_token_id=END,
        pad_token_id=PAD,
        **beams,
    )
    rows = []
    for row in prefix:
        mask = torch.ones(1, len(row), dtype=torch.long)
        found = model.generate(inputs_embeds=row[None], attention_mask=mask, generation_config=config)[0].tolist()
        rows.append(found[: found.index(END)] if END in found else found)
    return rows


@pytest.mark.parametrize("options", GRID, ids=lambda options: "-".join(map(str, options.values())))
def test_texts_are_those_of_transformers(model, options):
    """Greedy and beam search, any length penalty and least length: the same tokens for every prefix."""
    settings, prefix = GenerationSettings(max_new_tokens=9, **options), draw(24)
    found = Decoder(OptSteps(model, onednn=ONEDNN), end=END).decode(prefix, settings, FlopCount("decode"))
    assert found == generate(model, prefix, settings)
    assert len({tuple(row) for row in found}) > 5
    if not options["min_new_tokens"] and options["length_penalty"] <= 0:
        assert len({len(row) for row in found}) > 1


@pytest.mark.parametrize("beams", [1, 4])
def test_company_changes_no_text(model, beams, monkeypatch):
    """Few at once, many at once, a fixed number filled up, in another order: the same tokens."""
    settings, prefix = GenerationSettings(max_new_tokens=9, beams=beams), draw(21)
    steps = OptSteps(model, onednn=ONEDNN)
    whole = Decoder(steps, end=END).decode(prefix, settings, FlopCount("decode"))
    assert Decoder(steps, end=END, items=8).decode(prefix, settings, FlopCount("decode")) == whole
    assert Decoder(steps, end=END).decode(prefix.flip(0), settings, FlopCount("decode"))[::-1] == whole
    monkeypatch.setattr(decoding, "MOST_ROWS", 2 * beams)
    assert Decoder(steps, end=END).decode(prefix, settings, FlopCount("decode")) == whole


@pytest.mark.skipif(not ONEDNN, reason="without oneDNN the number of rows is fixed")
@pytest.mark.parametrize("size", ["small", "wide"])
def test_company_changes_no_bit_of_a_score(model, wide_model, monkeypatch, size):
    """The scores of ended texts are bit-equal alone, among five, and among all, though others are let go on the way."""
    scores, read = {}, BeamSearch.read_best

    def read_and_note(search):
        found = read(search)
        for text, score, running in zip(found, search._ended_scores[:, 0].tolist(), search.running, strict=True):
            if search.is_over or not running:
                scores.setdefault(tuple(text), set()).add(score)
        return found

    monkeypatch.setattr(BeamSearch, "read_best", read_and_note)
    model = wide_model if size == "wide" else model
    prefix = draw(30, seed=4, width=model.config.hidden_size)
    settings, decoder = GenerationSettings(max_new_tokens=9, beams=3), Decoder(OptSteps(model, onednn=True), end=END)
    texts = decoder.decode(prefix, settings, FlopCount("decode"))
    distinct = {tuple(text) for text in texts}
    assert len(distinct) > 20
    alone = {text: set(found) for text, found in scores.items()}
    for few in (1, 5):
        for part in torch.split(prefix, few):
            decoder.decode(part, settings, FlopCount("decode"))
    assert {text: scores[text] for text in distinct} == {text: alone[text] for text in distinct}


def test_finished_items_are_let_go(model, monkeypatch):
    """Where texts end early, later steps run fewer rows."""
    rows, step = [], OptSteps.step

    def count_rows(self, tokens, memory, seen, tally):
        rows.append(tokens.numel())
        logits = step(self, tokens, memory, seen, tally)
        logits[:, END] += 4.0  # texts end early
        return logits

    monkeypatch.setattr(OptSteps, "step", count_rows)
    steps, settings = OptSteps(model, onednn=ONEDNN), GenerationSettings(max_new_tokens=12, beams=1)
    Decoder(steps, end=END).decode(draw(40), settings, FlopCount("decode"))
    assert rows[0] == 40
    assert min(rows) <= 0.75 * rows[0]
    rows.clear()
    Decoder(steps, end=END, items=40).decode(draw(40), settings, FlopCount("decode"))
    assert set(rows) == {40}


def test_no_more_items_than_fit_are_decoded_at_once(model, monkeypatch):
    """Keys, values and logits stay within the memory set for them; at least one item goes."""
    items, begin = [], OptSteps.begin

    def count_items(self, embeddings, room, tally):
        items.append(len(embeddings))
        return begin(self, embeddings, room, tally)

    monkeypatch.setattr(OptSteps, "begin", count_items)
    decoder = Decoder(OptSteps(model, onednn=ONEDNN), end=END)
    settings = GenerationSettings(max_new_tokens=5)
    each = 2 * 2 * (4 + 4 * 5) * 64 * 4 + 3 * 4 * 30 * 4
    for memory, expected in ((6 * each, [6, 4]), (1, [1] * 10)):
        monkeypatch.setattr(decoder, "_room", memory)
        decoder.decode(draw(10), settings, FlopCount("decode"))
        assert items == expected
        items.clear()


@pytest.mark.parametrize("fixed", [None, 12])
def test_what_does_not_fit_is_halved_with_the_same_texts(model, monkeypatch, fixed):
    """Memory for five items: twelve become six, then three, once and for all; who listens is told."""
    begin = OptSteps.begin

    def refuse_many(self, embeddings, room, tally):
        if len(embeddings) > 5:
            raise torch.OutOfMemoryError
        return begin(self, embeddings, room, tally)

    steps, settings, prefix = OptSteps(model, onednn=ONEDNN), GenerationSettings(max_new_tokens=6), draw(12)
    whole = Decoder(steps, end=END).decode(prefix, settings, FlopCount("decode"))
    monkeypatch.setattr(OptSteps, "begin", refuse_many)
    monkeypatch.setattr(decoding, "MOST_ROWS", 4 * 12)
    decoder = Decoder(steps, end=END, items=fixed)
    with listen_to_halvings() as heard:
        assert decoder.decode(prefix, settings, FlopCount("decode")) == whole
        told = [(halving.before, halving.after) for halving in heard]
        assert decoder.decode(prefix, settings, FlopCount("decode")) == whole
    assert told == [(12, 6), (6, 3)]
    if fixed:
        assert len(heard) == 2


def test_tokens_and_products_are_counted(model):
    """Each text's tokens with its end, two operations a weight and row."""
    settings, tally = GenerationSettings(max_new_tokens=3, min_new_tokens=3, beams=2), FlopCount("decode")
    Decoder(OptSteps(model, onednn=ONEDNN), end=END).decode(draw(5), settings, tally)
    layers, head = 2 * (4 * 64 * 64 + 2 * 64 * 96), 30 * 64
    assert tally.items == 15
    assert tally.operations == 2 * (layers * 5 * 4 + head * 5) + 2 * 2 * (layers + head) * 5 * 2
    assert tally.footprint == 4 * (layers + head)
