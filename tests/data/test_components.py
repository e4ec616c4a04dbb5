"""Making tasks and corpora from their specs."""

from __future__ import annotations

import pytest

from zsbench.data import make_corpus, make_task
from zsbench.errors import ConfigError, UnknownIdError


def test_a_task_is_made_with_its_settings(registry, tmp_path):
    """Defaults where none are given."""
    assert len(make_task("fake-settable", registry, tmp_path, {"pictures": 3}).examples()) == 3
    assert len(make_task("fake-settable", registry, tmp_path, {}).examples()) == 2


def test_settings_of_a_task_that_has_none_are_refused(registry, tmp_path):
    """A setting that does nothing is a mistake."""
    with pytest.raises(ConfigError, match="settings of task fake-task"):
        make_task("fake-task", registry, tmp_path, {"pictures": 3})


def test_an_unknown_corpus_has_a_suggestion(registry, tmp_path):
    """As everywhere."""
    with pytest.raises(UnknownIdError, match="Did you mean 'fake-corpus'"):
        make_corpus("fake-corpsu", registry, tmp_path, {})
