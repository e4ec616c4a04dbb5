"""A thorough look at data: everything that is wrong is told, with its id."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import pytest
from PIL import Image

import zsbench_fakes
from zsbench.data import verify_data
from zsbench.errors import CorruptDataError, MissingDataError, UnknownIdError


@pytest.fixture
def verify(registry, world):
    """The report on the only task or corpus that is asked for."""

    def _verify(id_="fake-task", **settings):
        (report,) = verify_data([id_], registry, world, {id_: settings} if settings else {})
        return report

    return _verify


def jpeg(**options):
    """The bytes of a small JPEG."""
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, "JPEG", **options)
    return file.getvalue()


def bomb():
    """A PNG of a few bytes that announces 12,000 x 12,000 pixels."""
    header = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(12_000)))


def chunk(kind, content):
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def test_sound_data_have_no_problem(verify):
    """Ten pictures with their references."""
    report = verify()
    assert (report.kind, report.examples, report.images, report.problems) == ("task", 10, 10, [])


def test_every_bad_image_is_told_by_its_id(verify, world):
    """Missing, truncated, no image, a folder and a decompression bomb: each is one problem, in the task's order."""
    images = world / "images"
    (images / "red.png").unlink()
    (images / "green.png").write_bytes(jpeg()[:300])
    (images / "black.png").write_bytes(b"not an image")
    (images / "white.png").write_bytes(bomb())
    (images / "navy.png").unlink()
    (images / "navy.png").mkdir()
    problems = verify().problems
    assert len(problems) == 5
    words = {"red": "cannot be opened", "green": "cannot be decoded", "black": "cannot be decoded"}
    words |= {"white": "announces 12000 x 12000 pixels", "navy": "cannot be opened"}
    for (id_, what), problem in zip(words.items(), problems, strict=True):
        assert f"image of {id_!r}" in problem
        assert what in problem


@pytest.mark.parametrize(
    "image",
    [
        Image.new("CMYK", (4, 4)),
        Image.new("I;16", (4, 4)),
        Image.new("P", (4, 4)),
        Image.new("LA", (4, 4)),
        Image.new("1", (1, 1)),
    ],
    ids=lambda image: image.mode,
)
def test_unusual_images_are_no_problem(verify, world, image):
    """CMYK, 16-bit, palette, transparent and 1 x 1 images can be read."""
    image.save(world / "images" / "red.png", "TIFF")
    assert verify().problems == []


def test_turned_and_moving_images_are_no_problem(verify, world):
    """EXIF orientation and animations are what users have."""
    exif = Image.Exif()
    exif[0x0112] = 6
    (world / "images" / "red.png").write_bytes(jpeg(exif=exif))
    frames = [Image.new("P", (4, 4), shade) for shade in range(3)]
    frames[0].save(world / "images" / "green.png", "GIF", save_all=True, append_images=frames[1:])
    assert verify().problems == []


def test_a_folder_that_is_not_there_is_one_problem(verify, world):
    """Not one for each of its images."""
    (world / "images").rename(world / "pictures")
    assert verify().problems == [f"10 images are missing: there is no folder {world / 'images'}."]


def test_another_split_is_a_problem(verify, monkeypatch):
    """A run remarks on it; who verifies wants the official data."""
    monkeypatch.setattr(
        zsbench_fakes.FakeTask, "card", zsbench_fakes.FakeTask(None).card.model_copy(update={"examples": 7})
    )
    assert verify().problems == ["fake-task has 10 examples here; the official split has 7."]


def test_what_the_task_finds_is_told_beside_the_rest(verify, world, monkeypatch):
    """A leak between splits is found by the task, which knows its files."""
    monkeypatch.setattr(zsbench_fakes.FakeTask, "iter_problems", lambda self: iter(["red.png stands in two splits."]))
    (world / "images" / "blue.png").unlink()
    problems = verify().problems
    assert problems[0] == "red.png stands in two splits."
    assert "'blue'" in problems[1]


def test_references_that_are_missing_empty_or_of_no_example_are_told(verify, monkeypatch):
    """As are repeated ids."""
    good = zsbench_fakes.FakeTask(None).references()
    bad = {**good, "green": [], "blue": ["a", " "], "pink": ["b"]}
    del bad["red"]
    examples = zsbench_fakes.FakeTask.examples
    monkeypatch.setattr(zsbench_fakes.FakeTask, "references", lambda self: bad)
    monkeypatch.setattr(zsbench_fakes.FakeTask, "examples", lambda self: [*examples(self), examples(self)[-1]])
    assert verify().problems == [
        "'red' has no reference.",
        "'green' has no reference.",
        "'blue' has an empty reference.",
        "The id 'aqua' stands twice.",
        "There is a reference for 'pink', which is no example.",
    ]


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (
            CorruptDataError("It is torn.", "It should be whole.", "Get it again."),
            "It is torn. It should be whole. Get it again.",
        ),
        (KeyError("images"), "KeyError: 'images'"),
    ],
)
def test_data_that_cannot_be_read_are_one_problem(registry, world, monkeypatch, error, problem):
    """Whatever a task or a corpus raises; the next one is verified all the same."""

    def fail(self):
        raise error

    monkeypatch.setattr(zsbench_fakes.FakeTask, "references", fail)
    monkeypatch.setattr(zsbench_fakes.FakeCorpus, "texts", fail)
    reports = list(verify_data(["fake-task", "fake-corpus", "fake-settable"], registry, world, {}))
    assert [report.problems for report in reports] == [[problem], [problem], []]


def test_progress_counts_every_image(registry, world):
    """To the last one."""
    told = []
    list(verify_data(["fake-task"], registry, world, {}, lambda *news: told.append(news)))
    assert told == [("fake-task", done, 10) for done in range(1, 11)]


def test_an_image_of_many_questions_is_read_once(verify):
    """Twenty questions, ten images."""
    report = verify("fake-questions")
    assert (report.examples, report.images) == (20, 10)


def test_a_corpus_is_read_to_the_end(verify, world):
    """Its texts are counted, and each that is not one line is told."""
    assert (verify("fake-corpus").examples, verify("fake-corpus").problems) == (3, [])
    (world / "corpus.txt").write_text("a\n\nb\n", encoding="utf-8")
    assert verify("fake-corpus").problems == ["Text 2 is not one line with something in it: ''."]


def test_without_ids_whatever_is_there_is_verified(registry, world):
    """Tasks whose files are there, and no others."""
    reports = {report.id for report in verify_data([], registry, world, {})}
    assert reports == {"fake-task", "fake-grouped", "fake-questions", "fake-settable"}


def test_an_empty_data_root_is_an_error(registry, tmp_path):
    """All fine would be untrue."""
    with pytest.raises(MissingDataError, match="zsbench data ls"):
        list(verify_data([], registry, tmp_path / "nowhere", {}))


def test_an_unknown_id_is_refused_before_anything_is_read(registry, world):
    """With a suggestion."""
    with pytest.raises(UnknownIdError, match="Did you mean 'fake-task'"):
        list(verify_data(["fake-corpus", "fake-tsk"], registry, world, {}))


def test_the_filters_of_warnings_stay_as_they_were(verify):
    """Images are read on several threads, and each reading turns warnings off for a while."""
    before = list(warnings.filters)
    verify()
    assert warnings.filters == before
