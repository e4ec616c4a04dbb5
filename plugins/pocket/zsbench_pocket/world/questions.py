"""Questions about a scene, each with ten answers as ten people would give them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zsbench_pocket.world.grammar import relate_groups, with_article
from zsbench_pocket.world.lexicon import ALL_KINDS, COLOURS, COUNT_WORDS, KIND_BY_NAME
from zsbench_pocket.world.scenes import Group, Scene

ANSWERS_PER_QUESTION = 10
AGREEMENT = 0.8
YES_SHARE = 0.5
OPENINGS = (
    "how many",
    "what color is the",
    "what color are the",
    "is there a",
    "is there",
    "are there any",
    "where is the",
    "where are the",
    "what is in the",
    "what is on the",
    "what is",
    "is the",
    "are the",
)
"""Question types of VQAv2 that occur here; of several that fit, the longer one comes first."""
PLACE_WORDS: dict[str, tuple[str, ...]] = {
    "meadow": ("meadow", "field", "grass"),
    "beach": ("beach", "sand", "seaside"),
    "street": ("street", "road", "city"),
    "room": ("room", "indoors", "home"),
    "night": ("night", "dark", "night sky"),
    "snow": ("snow", "winter", "snowy hill"),
}


@dataclass(frozen=True)
class Question:
    """A question with the agreed answer, its ten human answers and the official VQA answer type."""

    text: str
    answer: str
    answers: tuple[str, ...]
    answer_type: str

    @property
    def question_type(self) -> str:
        """The opening words of the question, as VQA groups questions by them."""
        for opening in OPENINGS:
            if self.text.lower().startswith(f"{opening} "):
                return opening
        return "none of the above"


def ask_questions(
    rng: random.Random, scene: Scene, *, count: int = 3, kinds: Sequence[str] = ALL_KINDS
) -> list[Question]:
    """Ask `count` different questions about a scene; absent things are taken from `kinds`."""
    asked: dict[str, Question] = {}
    for _ in range(count * 6):
        ask = rng.choice(ASKERS)
        question = ask(rng, scene, kinds)
        asked.setdefault(question.text, question)
        if len(asked) == count:
            break
    return list(asked.values())


def _noun(group: Group) -> str:
    noun = KIND_BY_NAME[group.kind].nouns[0]
    return noun.singular if group.count == 1 else noun.plural


def _answer(rng: random.Random, text: str, answer: str, others: Sequence[str], answer_type: str) -> Question:
    """Let most of ten people agree and some say something near."""
    answers: list[str] = []
    for _ in range(ANSWERS_PER_QUESTION):
        agrees = not others or rng.random() < AGREEMENT
        answers.append(answer if agrees else rng.choice(list(others)))
    answers[0] = answer
    rng.shuffle(answers)
    return Question(text, answer, tuple(answers), answer_type)


def _ask_colour(rng: random.Random, scene: Scene, _kinds: Sequence[str]) -> Question:
    group = rng.choice(scene.groups)
    verb = "is" if group.count == 1 else "are"
    others = [rng.choice(list(COLOURS))]
    return _answer(rng, f"What color {verb} the {_noun(group)}?", group.colour, others, "other")


def _ask_count(rng: random.Random, scene: Scene, _kinds: Sequence[str]) -> Question:
    group = rng.choice(scene.groups)
    text = f"How many {KIND_BY_NAME[group.kind].nouns[0].plural} are there?"
    return _answer(rng, text, str(group.count), [COUNT_WORDS[group.count]], "number")


def _ask_presence(rng: random.Random, scene: Scene, kinds: Sequence[str]) -> Question:
    present = {group.kind for group in scene.groups}
    absent = [kind for kind in kinds if kind not in present]
    says_yes = rng.random() < YES_SHARE
    kind = rng.choice(sorted(present)) if says_yes else rng.choice(absent)
    noun = KIND_BY_NAME[kind].nouns[0]
    text = rng.choice((f"Is there {with_article(noun.singular)}?", f"Are there any {noun.plural}?"))
    return _answer(rng, text, "yes" if says_yes else "no", (), "yes/no")


def _ask_colour_check(rng: random.Random, scene: Scene, _kinds: Sequence[str]) -> Question:
    group = rng.choice(scene.groups)
    says_yes = rng.random() < YES_SHARE
    colour = group.colour if says_yes else rng.choice([name for name in COLOURS if name != group.colour])
    verb = "Is" if group.count == 1 else "Are"
    return _answer(rng, f"{verb} the {_noun(group)} {colour}?", "yes" if says_yes else "no", (), "yes/no")


def _ask_size(rng: random.Random, scene: Scene, _kinds: Sequence[str]) -> Question:
    group = rng.choice(scene.groups)
    verb = "Is" if group.count == 1 else "Are"
    asked = rng.choice(("big", "small"))
    return _answer(rng, f"{verb} the {_noun(group)} {asked}?", "yes" if asked == group.size else "no", (), "yes/no")


def _ask_place(rng: random.Random, scene: Scene, _kinds: Sequence[str]) -> Question:
    group = rng.choice(scene.groups)
    words = PLACE_WORDS[scene.backdrop]
    verb = "is" if group.count == 1 else "are"
    text = rng.choice((f"Where {verb} the {_noun(group)}?", "What is in the background?"))
    return _answer(rng, text, words[0], words[1:], "other")


def _ask_kind_by_colour(rng: random.Random, scene: Scene, kinds: Sequence[str]) -> Question:
    colours = [group.colour for group in scene.groups]
    unique = [group for group in scene.groups if colours.count(group.colour) == 1]
    if not unique:
        return _ask_count(rng, scene, kinds)
    group = rng.choice(unique)
    nouns = [noun.singular if group.count == 1 else noun.plural for noun in KIND_BY_NAME[group.kind].nouns]
    return _answer(rng, f"What is {group.colour}?", nouns[0], nouns[1:], "other")


def _ask_neighbour(rng: random.Random, scene: Scene, kinds: Sequence[str]) -> Question:
    if len(scene.groups) == 1:
        return _ask_presence(rng, scene, kinds)
    first, second = rng.sample(scene.groups, 2)
    relation = relate_groups(rng, first, second)
    nouns = [noun.singular if first.count == 1 else noun.plural for noun in KIND_BY_NAME[first.kind].nouns]
    return _answer(rng, f"What is {relation} the {_noun(second)}?", nouns[0], nouns[1:], "other")


ASKERS: tuple[Callable[[random.Random, Scene, Sequence[str]], Question], ...] = (
    _ask_colour,
    _ask_count,
    _ask_presence,
    _ask_colour_check,
    _ask_size,
    _ask_place,
    _ask_kind_by_colour,
    _ask_neighbour,
)
