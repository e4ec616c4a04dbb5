"""Human-like captions of a scene: what to mention, how to name it, which sentence to build."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from zsbench_pocket.world.lexicon import BACKDROPS, COUNTS, KIND_BY_NAME, SIZES
from zsbench_pocket.world.scenes import Group, Scene

CENTRE = 48.0
NEAR = 46.0
NEARNESS_SHARE = 0.4
MIDDLE = 12


@dataclass(frozen=True)
class CaptionStyle:
    """How a corpus talks: chances in 0..1 of each detail, and how often sentences end like written prose."""

    colour: float = 0.8
    size: float = 0.3
    place: float = 0.6
    mood: float = 0.12
    relation: float = 0.35
    synonym: float = 0.3
    full_stop: float = 0.4
    mentions: tuple[float, float, float] = (0.3, 0.45, 0.25)
    frames: tuple[str, ...] = (
        "a picture of",
        "a drawing of",
        "an image of",
        "a scene with",
        "a view of",
        "this picture shows",
    )


COCO_STYLE = CaptionStyle()
PROSE_STYLE = CaptionStyle(
    colour=0.7,
    size=0.5,
    place=0.8,
    mood=0.2,
    relation=0.5,
    synonym=0.4,
    full_stop=0.95,
    mentions=(0.2, 0.4, 0.4),
    frames=("a photo of", "a photo depicts", "in this photo we see", "a nice photo shows", "the photo shows"),
)
"""A second way to talk: longer, more related things, whole sentences."""


@dataclass(frozen=True)
class Mention:
    """One named group: its noun phrase, the group, and a verb in its number."""

    phrase: str
    group: Group
    verb: str


@dataclass(frozen=True)
class Draft:
    """What one caption will say, before it is put into words."""

    mentions: tuple[Mention, ...]
    backdrop: str
    place: str
    relation: str
    mood: str
    frame: str


@dataclass(frozen=True)
class Sentence:
    """A caption with the phrases that it is made of (noun phrases, then the place if it is told)."""

    text: str
    phrases: tuple[str, ...]


def describe_scene(rng: random.Random, scene: Scene, *, style: CaptionStyle = COCO_STYLE) -> Sentence:
    """Write one caption of a part of the scene."""
    draft = _plan_draft(rng, scene, style)
    text = rng.choices(*_shapes_for(draft))[0](rng, draft)
    phrases = tuple(mention.phrase for mention in draft.mentions) + ((draft.place,) if draft.place else ())
    return Sentence(_finish(rng, text, style), phrases)


def caption_scene(rng: random.Random, scene: Scene, *, count: int = 5, style: CaptionStyle = COCO_STYLE) -> list[str]:
    """Write `count` captions as different people would; no two are equal where the scene allows it."""
    captions: list[str] = []
    for _ in range(count * 4):
        text = describe_scene(rng, scene, style=style).text
        if text not in captions:
            captions.append(text)
        if len(captions) == count:
            return captions
    return captions + [describe_scene(rng, scene, style=style).text for _ in range(count - len(captions))]


def name_group(rng: random.Random, group: Group, *, style: CaptionStyle = COCO_STYLE) -> str:
    """Give a noun phrase for a group, such as 'two small red boats'."""
    kind = KIND_BY_NAME[group.kind]
    noun = rng.choice(kind.nouns) if rng.random() < style.synonym else kind.nouns[0]
    words: list[str] = []
    if rng.random() < style.size:
        words.append(rng.choice(SIZES[group.size]))
    if rng.random() < style.colour:
        words.append(group.colour)
    words.append(noun.singular if group.count == 1 else noun.plural)
    return f"{_determiner(rng, group.count, words[0])} {' '.join(words)}"


def name_fully(group: Group) -> str:
    """Give the plain noun phrase that tells count, size, colour and kind, always in the same words."""
    noun = KIND_BY_NAME[group.kind].nouns[0]
    number = "a" if group.count == 1 else COUNTS[group.count][0]
    return f"{number} {group.size} {group.colour} {noun.singular if group.count == 1 else noun.plural}"


def name_place(rng: random.Random, backdrop: str) -> str:
    """Give a where-phrase for a background, such as 'on the grass'."""
    return rng.choice(BACKDROPS[backdrop].places)


def relate_groups(rng: random.Random, first: Group, second: Group) -> str:
    """Give the words that place the first group relative to the second; always true of their centres."""
    dx, dy = first.centre[0] - second.centre[0], first.centre[1] - second.centre[1]
    if dx * dx + dy * dy < NEAR * NEAR and rng.random() < NEARNESS_SHARE:
        return rng.choice(("next to", "near", "beside", "close to"))
    if abs(dx) > abs(dy):
        side = "left" if dx < 0 else "right"
        return rng.choice((f"to the {side} of", f"on the {side} of"))
    return rng.choice(("above", "over", "higher than") if dy < 0 else ("below", "under", "lower than"))


def with_article(words: str) -> str:
    """Put 'a' or 'an' before words, by their first letter."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _determiner(rng: random.Random, count: int, next_word: str) -> str:
    if count == 1:
        return "an" if next_word[0] in "aeiou" else "a"
    return rng.choice(COUNTS[count])


def _saliency(group: Group) -> float:
    """Large, central and repeated things are named more often."""
    x, y = group.centre
    off = (abs(x - CENTRE) + abs(y - CENTRE)) / (2 * CENTRE)
    return (1.6 if group.size == "big" else 1.0) * (1.25 - 0.5 * off) * (1 + 0.15 * (group.count - 1))


def _plan_draft(rng: random.Random, scene: Scene, style: CaptionStyle) -> Draft:
    wanted = min(len(scene.groups), rng.choices((1, 2, 3), style.mentions)[0])
    groups = sorted(scene.groups, key=lambda g: -_saliency(g) * rng.uniform(0.6, 1.4))[:wanted]
    mentions = tuple(_mention(rng, group, style) for group in groups)
    related = wanted > 1 and rng.random() < style.relation
    place = name_place(rng, scene.backdrop) if rng.random() < style.place else ""
    return Draft(
        mentions=mentions,
        backdrop=scene.backdrop,
        place=place,
        relation=relate_groups(rng, groups[0], groups[1]) if related else "",
        mood=rng.choice(BACKDROPS[scene.backdrop].moods) if rng.random() < style.mood else "",
        frame=rng.choice(style.frames),
    )


def _mention(rng: random.Random, group: Group, style: CaptionStyle) -> Mention:
    verb = rng.choice(KIND_BY_NAME[group.kind].verbs)[0 if group.count == 1 else 1]
    return Mention(name_group(rng, group, style=style), group, verb)


def _join(phrases: list[str]) -> str:
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def _things(draft: Draft) -> str:
    return _join([mention.phrase for mention in draft.mentions])


def _tail(draft: Draft) -> str:
    return "".join(f" {part}" for part in (draft.place, draft.mood) if part)


def _is_are(draft: Draft) -> str:
    return "is" if draft.mentions[0].group.count == 1 else "are"


def _tell_existence(_rng: random.Random, draft: Draft) -> str:
    return f"there {_is_are(draft)} {_things(draft)}{_tail(draft)}"


def _tell_picture(_rng: random.Random, draft: Draft) -> str:
    return f"{draft.frame} {_things(draft)}{_tail(draft)}"


def _tell_list(_rng: random.Random, draft: Draft) -> str:
    return f"{_things(draft)}{_tail(draft)}"


def _tell_place_first(rng: random.Random, draft: Draft) -> str:
    place = draft.place or rng.choice(BACKDROPS[draft.backdrop].places)
    opening = rng.choice((f"there {_is_are(draft)}", "we see", "you can see"))
    return f"{place} {opening} {_things(draft)}"


def _tell_subject(rng: random.Random, draft: Draft) -> str:
    subject = rng.choice(BACKDROPS[draft.backdrop].subjects)
    return f"{subject} {rng.choice(('with', 'with', 'showing', 'that has'))} {_things(draft)}"


def _tell_verb(rng: random.Random, draft: Draft) -> str:
    first, *others = draft.mentions
    company = ""
    if others:
        company = f" {rng.choice(('with', 'and also', 'together with'))} {_join([m.phrase for m in others])}"
    return f"{first.phrase} {first.verb}{_tail(draft)}{company}"


def _tell_relation(rng: random.Random, draft: Draft) -> str:
    first, second, *others = draft.mentions
    link = rng.choice((draft.relation, f"{first.verb} {draft.relation}", f"{_is_are(draft)} {draft.relation}"))
    company = f" and {_join([m.phrase for m in others])}" if others else ""
    return f"{first.phrase} {link} {second.phrase}{company}{_tail(draft)}"


def _tell_relation_in_frame(rng: random.Random, draft: Draft) -> str:
    first, second, *others = draft.mentions
    frame = rng.choice((draft.frame, f"there {_is_are(draft)}", draft.frame, "we see"))
    company = f", and {_join([m.phrase for m in others])}" if others else ""
    return f"{frame} {first.phrase} {draft.relation} {second.phrase}{company}{_tail(draft)}"


def _tell_side(rng: random.Random, draft: Draft) -> str:
    first, *others = draft.mentions
    x, y = first.group.centre
    if abs(x - CENTRE) < MIDDLE and abs(y - CENTRE) < MIDDLE:
        where = "in the middle"
    elif abs(x - CENTRE) > abs(y - CENTRE):
        where = "on the left side" if x < CENTRE else "on the right side"
    else:
        where = "at the top" if y < CENTRE else "at the bottom"
    company = f", {rng.choice(('with', 'and'))} {_join([m.phrase for m in others])}" if others else ""
    return f"{first.phrase} {where}{company}{_tail(draft)}"


Shape = Callable[[random.Random, Draft], str]
PLAIN_SHAPES: tuple[tuple[Shape, ...], tuple[float, ...]] = (
    (_tell_existence, _tell_picture, _tell_list, _tell_place_first, _tell_subject, _tell_verb, _tell_side),
    (2.0, 1.5, 3.0, 1.5, 2.0, 3.0, 1.0),
)
RELATION_SHAPES: tuple[tuple[Shape, ...], tuple[float, ...]] = ((_tell_relation, _tell_relation_in_frame), (3.0, 1.0))


def _shapes_for(draft: Draft) -> tuple[tuple[Shape, ...], tuple[float, ...]]:
    return RELATION_SHAPES if draft.relation else PLAIN_SHAPES


def _finish(rng: random.Random, text: str, style: CaptionStyle) -> str:
    if rng.random() < style.full_stop:
        return f"{text[0].upper()}{text[1:]}."
    return text
