"""A copy of all sources, and a process that plans from it."""

from __future__ import annotations

import pytest

from zsbench_key_edits import Sources


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """Where the embedded world is written once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def sources(tmp_path_factory, cache):
    """Sources that tests edit and leave as they were."""
    found = Sources(tmp_path_factory.mktemp("sources"), cache)
    yield found
    found.close()


@pytest.fixture(scope="session")
def unedited(sources):
    """The default plan of the sources as they are."""
    return sources.plan()


def moved(before, after):
    """The kinds and labels whose keys changed."""
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


@pytest.fixture
def find_moved(sources, unedited):
    """Kinds of which an edit makes every stage again, and kinds of which it makes any.

    CLIPRe, which uses neither language model nor training, is left out of the first.
    """

    def find(name, old, new):
        with sources.edited(name, old, new):
            changed = moved(unedited, sources.plan())
        kinds = {kind for kind, _ in unedited}
        names = [name for name in unedited if not name[1].startswith(("clipre on ", "clipre (caption) on "))]
        whole = {kind for kind in kinds if all(name in changed for name in names if name[0] == kind)}
        return whole, {kind for kind, _ in changed}

    return find
