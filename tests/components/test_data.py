"""Tasks and texts of a matrix, with the content that identifies them."""

from __future__ import annotations

import itertools

import pytest

import zsbench_fakes
from zsbench.components import CorpusChoice, DataPlace, ReferenceTexts, TaskChoice
from zsbench.errors import MissingDataError, PluginContractError
from zsbench.fingerprints import FileHashes
from zsbench.plugins import load_plugins

REGISTRY = load_plugins([zsbench_fakes.FAKES]).registry


@pytest.fixture
def world(tmp_path):
    return zsbench_fakes.write_world(tmp_path)


@pytest.fixture
def task_of(world):
    """A fake task, whole unless a limit is given."""

    def _task(id_="fake-task", limit=None, *, strict=False):
        return TaskChoice(id_, REGISTRY, DataPlace(world, FileHashes(None), strict=strict), limit=limit)

    return _task


def test_captions_are_of_examples_and_answers_of_questions_with_their_images_row(task_of):
    """An image that questions share is captioned once, under the name of its file."""
    captions, questions = task_of(), task_of("fake-questions")
    assert [(item.id, item.row) for item in captions.items[:2]] == [("red", 0), ("green", 1)]
    assert list(captions.image_items) == list(captions.items)
    assert [(item.id, item.row) for item in questions.items[:3]] == [("red-0", 0), ("red-1", 0), ("green-0", 1)]
    assert [(item.id, item.row) for item in questions.image_items[:2]] == [("red", 0), ("green", 1)]
    assert [item.question for item in questions.image_items] == [None] * 10


def test_a_limit_keeps_the_first_examples_and_their_images(task_of):
    """Three questions are about two images."""
    task = task_of("fake-questions", limit=3)
    assert task.ids == ["red-0", "red-1", "green-0"]
    assert [path.name for path in task.image_files] == ["red.png", "green.png"]


def test_images_count_by_content_and_order(task_of, world):
    """One that is missing is another than one that is there."""
    whole, part = task_of().images, task_of(limit=3).images
    (world / "images" / "red.png").unlink()
    assert len({whole, part, task_of().images, task_of(limit=3).images}) == 4


@pytest.mark.parametrize(("strict", "missing"), [(True, 1), (False, 10)])
def test_missing_images_are_refused_where_asked_and_where_none_is_left(task_of, world, strict, missing):
    """How many and the first are told."""
    for name in zsbench_fakes.COLOURS[:missing]:
        (world / "images" / f"{name}.png").unlink()
    with pytest.raises(MissingDataError, match=f"{missing} of 10 images of fake-task are missing"):
        _ = task_of(strict=strict).images


@pytest.mark.parametrize("fault", ["twice", "another order"])
def test_ids_that_are_not_stable_and_unique_are_refused(task_of, monkeypatch, fault):
    """The plugin is named."""
    plain, passes = zsbench_fakes.FakeTask.examples, itertools.count()

    def examples(self):
        found = plain(self)
        if fault == "twice":
            return found[:2] + found[:1]
        return found[::-1] if next(passes) else found

    monkeypatch.setattr(zsbench_fakes.FakeTask, "examples", examples)
    with pytest.raises(PluginContractError, match=r"not the same in two passes, or not unique.*plugin 'fakes'"):
        _ = task_of().examples


def test_questions_count_by_their_text(task_of):
    """A captioning task has none."""
    assert task_of().questions is None
    assert task_of("fake-questions").questions != task_of("fake-questions", limit=3).questions


def test_a_corpus_is_what_its_texts_are(world):
    """In their order."""
    first = CorpusChoice("fake-corpus", REGISTRY, world, {})
    content = first.content
    (world / "corpus.txt").write_text("a green picture\na red picture\nblue all over\n", encoding="utf-8")
    assert CorpusChoice("fake-corpus", REGISTRY, world, {}).content != content


def test_references_are_texts_in_the_order_of_the_examples(task_of):
    """Each after the prompt, which makes them other texts."""
    task = task_of(limit=2)
    plain, prompted = ReferenceTexts(task), ReferenceTexts(task, "A photo of ")
    assert list(plain.texts) == ["a red picture", "red all over", "a green picture", "green all over"]
    assert list(plain.counts) == [2, 2]
    assert prompted.texts[0] == "A photo of a red picture"
    assert plain.content != prompted.content
