"""What tasks and corpora need, and what of it is there."""

from __future__ import annotations

import pytest

import zsbench_fakes
from zsbench.data import list_data
from zsbench.interfaces import CorpusCard, RequiredFile


@pytest.fixture
def entry(registry):
    """One entry of the listing, by id."""

    def _entry(id_, root, settings=None):
        return next(entry for entry in list_data(registry, root, settings or {}) if entry.id == id_)

    return _entry


def test_every_task_and_corpus_is_listed(registry, world):
    """Tasks first."""
    kinds = [entry.kind for entry in list_data(registry, world, {})]
    assert kinds == ["task"] * 4 + ["corpus"]


def test_files_of_a_card_are_found_under_the_data_root(entry, world):
    """A task that says nothing of its files has those of its card."""
    found = entry("fake-task", world)
    assert found.files == {"images/": world / "images"}
    assert (found.complete, found.missing) == (True, [])
    assert (found.source, found.licence) == ("drawn here", "none")


def test_files_of_a_card_are_found_in_a_folder_of_the_data_root(entry, world):
    """A data set may have a folder of its own."""
    assert entry("fake-task", world.parent).files == {"images/": world / "images"}


def test_what_is_not_there_is_missing(entry, tmp_path):
    """By name."""
    found = entry("fake-task", tmp_path / "nowhere")
    assert (found.complete, found.missing) == (False, ["images/"])


def test_without_a_data_root_nothing_is_looked_for(entry, world, monkeypatch):
    """Not even in the working folder."""
    monkeypatch.chdir(world)
    assert entry("fake-task", None).files == {"images/": None}


def test_a_task_may_say_where_it_looks(entry, world, monkeypatch):
    """The first place that exists wins."""
    places = (world / "nowhere", world / "corpus.txt")
    monkeypatch.setattr(zsbench_fakes.FakeTask, "required_files", lambda self: [RequiredFile("texts", places)])
    assert entry("fake-task", world).files == {"texts": world / "corpus.txt"}


def test_a_corpus_without_a_card_is_listed_without_files(entry, world):
    """There is nothing to say of it, and it counts as not found."""
    found = entry("fake-corpus", world)
    assert (found.files, found.complete, found.source) == ({}, False, "")


def test_a_corpus_with_a_card_is_listed_like_a_task(entry, world, monkeypatch):
    """Source, licence, size and files."""
    card = CorpusCard(
        id="fake-corpus", title="Fake", source="here", licence="none", revision="1", files=("corpus.txt",), texts=3
    )
    monkeypatch.setattr(zsbench_fakes.FakeCorpus, "card", card)
    found = entry("fake-corpus", world)
    assert (found.files, found.examples, found.complete) == ({"corpus.txt": world / "corpus.txt"}, 3, True)


def test_a_broken_plugin_is_told_and_hides_nothing(registry, world, monkeypatch):
    """Each entry stands for itself."""

    def fail(self, root, config):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(zsbench_fakes.SettableTask, "__init__", fail)
    problems = {entry.id: entry.problem for entry in list_data(registry, world, {})}
    assert problems.pop("fake-settable") == "RuntimeError: broken on purpose"
    assert set(problems.values()) == {""}


def test_wrong_settings_are_told_at_their_entry(entry, world):
    """The listing goes on."""
    assert "no key 'picturse'" in entry("fake-settable", world, {"fake-settable": {"picturse": 1}}).problem


def test_no_file_is_opened(entry, world, monkeypatch):
    """A listing is quick whatever the files hold."""
    monkeypatch.setattr("pathlib.Path.open", lambda *_, **__: pytest.fail("a file was opened"))
    assert entry("fake-task", world).complete
