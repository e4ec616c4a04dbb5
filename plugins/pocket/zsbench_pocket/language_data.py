"""Lines that teach the language model to use what stands before a sentence."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tokenizers import Tokenizer

from zsbench_pocket.tokenizer import END_ID
from zsbench_pocket.world.grammar import COCO_STYLE, PROSE_STYLE, Sentence, describe_scene, name_fully, name_place
from zsbench_pocket.world.lexicon import COLOURS, KINDS, SIZES
from zsbench_pocket.world.questions import ask_questions
from zsbench_pocket.world.scenes import Scene, open_stream, sample_scene

QUESTION_PROMPT = "Question: {} Short answer:"
PROSE_SHARE = 0.25
LINE_SORTS = ("phrases", "words", "copy", "plain", "question")
SORT_WEIGHTS = (0.3, 0.15, 0.15, 0.2, 0.2)
FACTS_SHARE = 0.5
MARK_FIRST_SHARE = 0.35
LONGEST_LINE = 96
NOT_LEARNED = -100

CONTENT_WORDS = frozenset(
    [word for kind in KINDS for noun in kind.nouns for word in (noun.singular, noun.plural)]
    + list(COLOURS)
    + [word for words in SIZES.values() for word in words]
    + ["two", "three", "several", "left", "right", "above", "below", "under", "over", "near", "beside", "next"]
    + ["meadow", "grass", "field", "beach", "sand", "sea", "street", "road", "city", "room", "indoors"]
    + ["night", "dark", "moon", "snow", "snowy", "winter"]
)


@dataclass(frozen=True)
class Line:
    """One training line: a context that is only read, and a text that is learned.

    The leading mark `</s>` stands between the two, as it does behind an adaptor's prefix; with `mark_first` it opens
    the line instead, as it does when the context is part of a text prompt.
    """

    sort: str
    context: str
    text: str
    mark_first: bool = False


def write_line(index: int, *, seed: int) -> Line:
    """Write training line `index` of the language stream."""
    scene = sample_scene(open_stream("language", index, seed=seed))
    rng = open_stream("language-text", index, seed=seed)
    sort = rng.choices(LINE_SORTS, SORT_WEIGHTS)[0]
    if sort == "question":
        return _write_question(rng, scene)
    sentence = describe_scene(rng, scene, style=PROSE_STYLE if rng.random() < PROSE_SHARE else COCO_STYLE)
    return Line(sort, _write_context(rng, sort, sentence), sentence.text)


def encode_line(tokenizer: Tokenizer, line: Line) -> tuple[list[int], list[int]]:
    """Turn a line into ids and labels of the same length; context and question have the label `NOT_LEARNED`."""
    context = tokenizer.encode(line.context, add_special_tokens=False).ids if line.context else []
    prompt, _, answer = line.text.partition("Short answer:") if line.sort == "question" else ("", "", line.text)
    asked = tokenizer.encode(prompt + "Short answer:", add_special_tokens=False).ids if prompt else []
    told = tokenizer.encode(answer, add_special_tokens=False).ids
    opening = [END_ID, *context] if line.mark_first else [*context, END_ID]
    ids = [*opening, *asked, *told, END_ID]
    hidden = len(context) + 1 + len(asked)
    return ids[:LONGEST_LINE], ([NOT_LEARNED] * hidden + ids[hidden:])[:LONGEST_LINE]


def shuffle_content(rng: random.Random, text: str) -> str:
    """Give the words of a caption that carry its content, in random order."""
    words = [word for word in text.lower().rstrip(".").replace(",", "").split() if word in CONTENT_WORDS]
    return " ".join(rng.sample(words, len(words)))


def _write_context(rng: random.Random, sort: str, sentence: Sentence) -> str:
    if sort == "phrases":
        return " ".join(rng.sample(sentence.phrases, len(sentence.phrases)))
    if sort == "words":
        return shuffle_content(rng, sentence.text)
    return sentence.text if sort == "copy" else ""


def _write_question(rng: random.Random, scene: Scene) -> Line:
    """Ask about a scene that the context tells in plain facts or in a few captions."""
    question = ask_questions(rng, scene, count=1)[0]
    if rng.random() < FACTS_SHARE:
        facts = [name_fully(group) for group in scene.groups] + [name_place(rng, scene.backdrop)]
        context = " ".join(rng.sample(facts, len(facts)))
    else:
        context = " ".join(describe_scene(rng, scene).text for _ in range(rng.choice((1, 2, 3))))
    text = f"{QUESTION_PROMPT.format(question.text)} {question.answer}"
    return Line("question", context, text, mark_first=rng.random() < MARK_FIRST_SHARE)
