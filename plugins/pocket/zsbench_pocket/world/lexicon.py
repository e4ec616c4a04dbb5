"""What exists in the world and the English words that name it."""

from __future__ import annotations

from dataclasses import dataclass

WORLD_VERSION = "1"
"""Raised whenever the same seed would give other scenes, pixels, captions or questions."""

IMAGE_SIDE = 96
"""Width and height of a drawn scene in pixels."""


@dataclass(frozen=True)
class Noun:
    """A countable noun in both numbers, with the verbs that suit what it names."""

    singular: str
    plural: str


@dataclass(frozen=True)
class Kind:
    """A drawable class: its nouns (the first is the plain name), verbs and whether captions for training name it."""

    name: str
    nouns: tuple[Noun, ...]
    verbs: tuple[tuple[str, str], ...]
    novel: bool = False


STANDS = (("stands", "stand"), ("is", "are"), ("can be seen", "can be seen"))
LIES = (("lies", "lie"), ("rests", "rest"), ("can be seen", "can be seen"))
SITS = (("sits", "sit"), ("rests", "rest"), ("is waiting", "are waiting"))
FLOATS = (("floats", "float"), ("is floating", "are floating"), ("drifts", "drift"))
FLIES = (("flies", "fly"), ("is flying", "are flying"), ("floats", "float"))


def _noun(singular: str, plural: str = "") -> Noun:
    return Noun(singular, plural or singular + "s")


KINDS: tuple[Kind, ...] = (
    Kind("ball", (_noun("ball"),), LIES),
    Kind("box", (_noun("box", "boxes"), _noun("crate")), LIES),
    Kind("tree", (_noun("tree"),), STANDS),
    Kind("house", (_noun("house"), _noun("cottage")), STANDS),
    Kind(
        "car", (_noun("car"), _noun("vehicle")), (("is parked", "are parked"), ("stands", "stand"), ("waits", "wait"))
    ),
    Kind("fish", (_noun("fish", "fish"),), FLOATS),
    Kind("bird", (_noun("bird"),), SITS),
    Kind("cat", (_noun("cat"), _noun("kitty", "kitties")), SITS),
    Kind(
        "star", (_noun("star"),), (("shines", "shine"), ("is shining", "are shining"), ("can be seen", "can be seen"))
    ),
    Kind("flower", (_noun("flower"), _noun("blossom")), (("grows", "grow"), ("blooms", "bloom"), ("stands", "stand"))),
    Kind("lamp", (_noun("lamp"),), STANDS),
    Kind("chair", (_noun("chair"), _noun("seat")), STANDS),
    Kind("clock", (_noun("clock"),), LIES),
    Kind("hat", (_noun("hat"), _noun("cap")), LIES),
    Kind("balloon", (_noun("balloon"),), FLIES),
    Kind("apple", (_noun("apple"), _noun("fruit")), LIES),
    Kind("key", (_noun("key"),), LIES),
    Kind("boat", (_noun("boat"), _noun("ship")), FLOATS),
    Kind("kite", (_noun("kite"),), FLIES, novel=True),
    Kind("umbrella", (_noun("umbrella"), _noun("parasol")), STANDS, novel=True),
    Kind("mushroom", (_noun("mushroom"),), STANDS, novel=True),
    Kind("guitar", (_noun("guitar"),), LIES, novel=True),
    Kind("butterfly", (_noun("butterfly", "butterflies"),), FLIES, novel=True),
    Kind("cup", (_noun("cup"), _noun("mug")), LIES, novel=True),
)
KIND_BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}
BASE_KINDS: tuple[str, ...] = tuple(kind.name for kind in KINDS if not kind.novel)
NOVEL_KINDS: tuple[str, ...] = tuple(kind.name for kind in KINDS if kind.novel)
ALL_KINDS: tuple[str, ...] = BASE_KINDS + NOVEL_KINDS

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (216, 40, 44),
    "orange": (244, 136, 28),
    "yellow": (250, 214, 44),
    "green": (44, 160, 62),
    "blue": (40, 92, 214),
    "purple": (134, 58, 178),
    "pink": (248, 140, 186),
    "white": (246, 246, 244),
}

SIZES: dict[str, tuple[str, ...]] = {
    "big": ("big", "large", "huge"),
    "small": ("small", "little", "tiny"),
}
COUNTS: dict[int, tuple[str, ...]] = {
    2: ("two", "two", "two", "a pair of", "a couple of"),
    3: ("three", "three", "three", "a group of", "several"),
}
COUNT_WORDS: dict[int, str] = {1: "one", 2: "two", 3: "three"}


@dataclass(frozen=True)
class Backdrop:
    """A background: where-phrases, scene nouns that may be the subject, and mood words that suit it."""

    name: str
    places: tuple[str, ...]
    subjects: tuple[str, ...]
    moods: tuple[str, ...]


BACKDROPS: dict[str, Backdrop] = {
    backdrop.name: backdrop
    for backdrop in (
        Backdrop(
            "meadow",
            ("on a green meadow", "in a grassy field", "on the grass", "in the meadow", "in the countryside"),
            ("a meadow", "a grassy field", "a summer scene"),
            ("on a sunny day", "in the sunshine"),
        ),
        Backdrop(
            "beach",
            ("on a sandy beach", "at the seaside", "on the sand", "at the beach", "by the sea"),
            ("a beach", "a sandy shore", "a beach scene"),
            ("on a warm day", "in the sunshine"),
        ),
        Backdrop(
            "street",
            ("on a city street", "on the road", "in the street", "beside the road", "in the city"),
            ("a city street", "a quiet street", "a street scene"),
            ("on a grey day", "in the afternoon"),
        ),
        Backdrop(
            "room",
            ("in a room", "inside a room", "indoors", "on the floor of a room", "in a cosy room"),
            ("a room", "a cosy room", "an indoor scene"),
            ("at home", "by the wall"),
        ),
        Backdrop(
            "night",
            ("at night", "under the night sky", "in the dark", "by moonlight", "under the moon"),
            ("a night scene", "a dark night", "the night sky"),
            ("on a quiet night", "late in the evening"),
        ),
        Backdrop(
            "snow",
            ("in the snow", "on a snowy hill", "on the snow", "in a snowy landscape", "on white snow"),
            ("a snowy hill", "a winter scene", "a snowy landscape"),
            ("in winter", "on a cold day"),
        ),
    )
}
