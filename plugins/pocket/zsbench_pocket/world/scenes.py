"""Scenes as records: what stands where, drawn from a seeded stream."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zsbench_pocket.world.lexicon import ALL_KINDS, BACKDROPS, COLOURS, IMAGE_SIDE, WORLD_VERSION

DEFAULT_SEED = 2024
"""Seed of the shipped world; every stream of scenes mixes it with the stream's name."""

GRID = 3
GROUP_COUNT_WEIGHTS = (3, 7, 7, 3)
COPY_WEIGHTS = (6, 2, 1)
MOST_OBJECTS = 7
MIRRORED_SHARE = 0.5
SIDE_RANGE = {"big": (33.0, 38.0), "small": (20.0, 24.0)}


@dataclass(frozen=True)
class Spot:
    """One drawn copy: centre and side length in pixels of a `IMAGE_SIDE` square, and whether it is mirrored."""

    x: float
    y: float
    side: float
    mirrored: bool


@dataclass(frozen=True)
class Group:
    """One to three copies of a kind that share colour and size."""

    kind: str
    colour: str
    size: str
    spots: tuple[Spot, ...]

    @property
    def count(self) -> int:
        """Number of copies."""
        return len(self.spots)

    @property
    def centre(self) -> tuple[float, float]:
        """Mean position of the copies in pixels, x to the right and y downwards."""
        return sum(s.x for s in self.spots) / self.count, sum(s.y for s in self.spots) / self.count


@dataclass(frozen=True)
class Scene:
    """A background and its groups; `paint_seed` decides jitter and noise of the drawing only."""

    backdrop: str
    groups: tuple[Group, ...]
    paint_seed: int

    @property
    def symbols(self) -> tuple[str, tuple[tuple[str, str, str, int], ...]]:
        """What a caption could tell of the scene, without positions: background and sorted groups."""
        return self.backdrop, tuple(sorted((g.kind, g.colour, g.size, g.count) for g in self.groups))


def open_stream(stream: str, index: int, *, seed: int = DEFAULT_SEED) -> random.Random:
    """Give the generator of item `index` of a named stream; streams with other names or seeds are unrelated."""
    return random.Random(f"pocket-world/{WORLD_VERSION}/{seed}/{stream}/{index}")  # noqa: S311 - no secret


def sample_scene(rng: random.Random, *, kinds: Sequence[str] = ALL_KINDS) -> Scene:
    """Draw one scene with groups of distinct kinds taken from `kinds`."""
    wanted = rng.choices((1, 2, 3, 4), GROUP_COUNT_WEIGHTS)[0]
    free = {(row, column) for row in range(GRID) for column in range(GRID)}
    groups: list[Group] = []
    total = 0
    for kind in rng.sample(list(kinds), wanted):
        copies = min(rng.choices((1, 2, 3), COPY_WEIGHTS)[0], max(1, MOST_OBJECTS - total))
        groups.append(_place_group(rng, kind, copies, free))
        total += copies
    return Scene(rng.choice(list(BACKDROPS)), tuple(groups), rng.getrandbits(32))


def iter_scenes(
    stream: str, count: int, *, seed: int = DEFAULT_SEED, kinds: Sequence[str] = ALL_KINDS
) -> Iterator[Scene]:
    """Yield the first `count` scenes of a stream in order."""
    for index in range(count):
        yield sample_scene(open_stream(stream, index, seed=seed), kinds=kinds)


def _place_group(rng: random.Random, kind: str, copies: int, free: set[tuple[int, int]]) -> Group:
    size = rng.choice(tuple(SIDE_RANGE))
    cells = _choose_cells(rng, copies, free)
    free.difference_update(cells)
    spots = tuple(_jitter_spot(rng, row, column, size) for row, column in cells)
    return Group(kind, rng.choice(list(COLOURS)), size, spots)


def _choose_cells(rng: random.Random, copies: int, free: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Take neighbouring cells of one row where such are free, any free cells otherwise."""
    runs = [
        [(row, column + step) for step in range(copies)]
        for row in range(GRID)
        for column in range(GRID - copies + 1)
        if all((row, column + step) in free for step in range(copies))
    ]
    if runs:
        return rng.choice(runs)
    return rng.sample(sorted(free), copies)


def _jitter_spot(rng: random.Random, row: int, column: int, size: str) -> Spot:
    cell = IMAGE_SIDE / GRID
    side = rng.uniform(*SIDE_RANGE[size])
    slack = 3.0 if size == "big" else 4.5
    x = (column + 0.5) * cell + rng.uniform(-slack, slack)
    y = (row + 0.5) * cell + rng.uniform(-slack, slack)
    half = side / 2
    return Spot(_clip(x, half), _clip(y, half), side, rng.random() < MIRRORED_SHARE)


def _clip(value: float, half: float) -> float:
    return min(max(value, half + 1.0), IMAGE_SIDE - half - 1.0)
