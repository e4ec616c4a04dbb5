"""The world: scenes, drawings and captions."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest

from zsbench_pocket.tokenizer import build_vocabulary, collect_words
from zsbench_pocket.world.drawing import SHAPES, decode_pixels, draw_scene, encode_jpeg
from zsbench_pocket.world.grammar import (
    COCO_STYLE,
    PROSE_STYLE,
    caption_scene,
    describe_scene,
    name_fully,
    relate_groups,
)
from zsbench_pocket.world.lexicon import ALL_KINDS, BACKDROPS, COLOURS, IMAGE_SIDE, KINDS, NOVEL_KINDS
from zsbench_pocket.world.questions import ANSWERS_PER_QUESTION, ask_questions
from zsbench_pocket.world.scenes import (
    Group,
    Scene,
    Spot,
    iter_scenes,
    open_stream,
    sample_scene,
)

CLEAN_CAPTION = re.compile(r"[A-Za-z][a-z]*(?:,? [a-z]+)*\.?")
KIND_OF_WORD = {word: kind.name for kind in KINDS for noun in kind.nouns for word in (noun.singular, noun.plural)}


def _kinds_named(text: str) -> set[str]:
    return {KIND_OF_WORD[word] for word in re.findall(r"[a-z]+", text.lower()) if word in KIND_OF_WORD}


def test_same_seed_gives_the_same_scenes_pixels_and_captions():
    """Everything in the world is a function of stream, index and seed."""
    for index in range(5):
        first, second = (sample_scene(open_stream("t", index)) for _ in range(2))
        assert first == second
        assert draw_scene(first).tobytes() == draw_scene(second).tobytes()
        texts = [caption_scene(open_stream("c", index), first) for _ in range(2)]
        assert texts[0] == texts[1]


def test_other_streams_and_seeds_give_other_scenes():
    """No two streams or seeds share their scenes."""
    scenes = [tuple(iter_scenes(stream, 30, seed=seed)) for stream, seed in (("a", 1), ("b", 1), ("a", 2))]
    assert len(set(scenes[0] + scenes[1] + scenes[2])) == 90


def test_scenes_hold_distinct_kinds_inside_the_image():
    """A kind occurs in one group only and every copy lies wholly inside the picture."""
    for scene in iter_scenes("inside", 300):
        assert len({group.kind for group in scene.groups}) == len(scene.groups)
        for group in scene.groups:
            assert 1 <= group.count <= 3
            for spot in group.spots:
                assert min(spot.x, spot.y) - spot.side / 2 >= 0
                assert max(spot.x, spot.y) + spot.side / 2 <= IMAGE_SIDE


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_kind_changes_the_pixels_of_its_place_in_its_colour(kind):
    """A drawn object is visible where it stands and shows its colour."""
    spot = Spot(48.0, 48.0, 36.0, mirrored=False)
    empty = np.asarray(draw_scene(Scene("meadow", (), 3))).astype(int)
    drawn = {
        colour: np.asarray(draw_scene(Scene("meadow", (Group(kind, colour, "big", (spot,)),), 3))).astype(int)
        for colour in ("red", "blue")
    }
    for pixels in drawn.values():
        changed = np.abs(pixels - empty).sum(axis=2) > 60
        assert changed[28:68, 28:68].mean() > 0.1
        assert not changed[:, :20].any()
    redder = (drawn["red"][..., 0] - drawn["blue"][..., 0])[28:68, 28:68]
    assert (redder > 40).mean() > 0.05
    assert kind in SHAPES


@pytest.mark.parametrize("backdrop", list(BACKDROPS))
def test_jpeg_keeps_size_and_nearly_keeps_pixels(backdrop):
    """What the encoder is trained on is what lies in the files."""
    image = draw_scene(Scene(backdrop, (), 1))
    pixels = decode_pixels(encode_jpeg(image))
    assert pixels.shape == (IMAGE_SIDE, IMAGE_SIDE, 3)
    assert np.abs(pixels.astype(int) - np.asarray(image).astype(int)).mean() < 6


@pytest.mark.parametrize("style", [COCO_STYLE, PROSE_STYLE])
def test_captions_are_clean_lines_that_name_only_what_is_there(style):
    """A caption is one line of words and names no kind or colour that the scene lacks."""
    for index, scene in enumerate(iter_scenes("clean", 400)):
        text = describe_scene(open_stream("clean-text", index), scene, style=style).text
        assert CLEAN_CAPTION.fullmatch(text), text
        named = _kinds_named(text)
        assert named
        assert named <= {group.kind for group in scene.groups}
        colours = {word for word in re.findall(r"[a-z]+", text.lower()) if word in COLOURS} - {"white", "green"}
        assert colours <= {group.colour for group in scene.groups}


def test_five_captions_of_a_scene_are_five_and_mostly_different():
    """References vary, as people do."""
    fives = [caption_scene(open_stream("five", i), scene) for i, scene in enumerate(iter_scenes("five", 200))]
    assert all(len(five) == 5 for five in fives)
    assert sum(len(set(five)) for five in fives) > 990


def test_captions_leave_parts_of_rich_scenes_out():
    """Captions describe parts: some scenes with four groups have captions that name only one."""
    rich = [scene for scene in iter_scenes("rich", 200) if len(scene.groups) == 4]
    named = [len(_kinds_named(describe_scene(random.Random(i), scene).text)) for i, scene in enumerate(rich)]
    assert set(named) == {1, 2, 3}


def test_relations_are_true_of_the_centres():
    """'to the left of' is only said of what stands further left."""
    left = Group("cat", "red", "big", (Spot(20, 40, 30, mirrored=False),))
    right = Group("car", "blue", "big", (Spot(80, 44, 30, mirrored=False),))
    words = {relate_groups(random.Random(seed), left, right) for seed in range(40)}
    assert words == {"to the left of", "on the left of"}


def test_full_names_tell_every_attribute():
    """The plain phrase for patches and facts holds count, size, colour and kind."""
    group = Group("fish", "blue", "big", (Spot(20, 20, 34, mirrored=False), Spot(60, 20, 34, mirrored=True)))
    assert name_fully(group) == "two big blue fish"


def test_questions_have_ten_answers_that_the_scene_supports():
    """The agreed answer is among the ten, and counts and presence are true."""
    for index, scene in enumerate(iter_scenes("ask", 200)):
        for question in ask_questions(open_stream("ask-text", index), scene):
            assert len(question.answers) == ANSWERS_PER_QUESTION
            assert question.answer in question.answers
            assert question.text.endswith("?")
            assert question.answer_type in {"yes/no", "number", "other"}
            asked = _kinds_named(question.text) & {group.kind for group in scene.groups}
            if question.question_type == "how many":
                assert question.answer in {str(group.count) for group in scene.groups if group.kind in asked}
            if question.text.startswith(("Is there", "Are there any")):
                assert (question.answer == "yes") == bool(asked)


def test_vocabulary_knows_every_word_of_the_world():
    """No caption or question falls into character pieces."""
    assert set(collect_words()) <= set(build_vocabulary())


def test_novel_kinds_are_a_small_part():
    """Four to six kinds are kept for tasks with novel objects."""
    assert 4 <= len(NOVEL_KINDS) <= 6
