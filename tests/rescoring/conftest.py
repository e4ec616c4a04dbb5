"""Files scored with the fakes: no Java, no model."""

from __future__ import annotations

import json

import pytest

import zsbench_fakes
from zsbench.plugins import load_plugins
from zsbench.rescoring import FileScorer, ScoreRequest

REFERENCES = {"a": ["a dog", "one dog"], "b": ["a cat"], "c": ["a cow", "the cow"]}
SAID = {"a": "a dog", "b": "two cats", "c": "the cow"}


@pytest.fixture
def plugins():
    return load_plugins([zsbench_fakes.FAKES])


@pytest.fixture
def write(tmp_path):
    """Write a JSON file."""

    def _write(name, content):
        path = tmp_path / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return _write


@pytest.fixture
def remarks():
    """What scorers remarked."""
    return []


@pytest.fixture
def score(plugins, tmp_path, write, remarks):
    """Score predictions by id against the three references; keyword arguments go to the request."""

    def _score(said=SAID, references=REFERENCES, **settings):
        settings = {"metrics": ("exact", "words"), **settings}
        if references is not None:
            written = write("refs.json", references) if isinstance(references, dict) else references
            settings = {"references": written, **settings}
        file = said if not isinstance(said, dict) else write("said.json", said)
        with FileScorer(plugins.registry, tmp_path / "cache") as scorer:
            scored = scorer.score(ScoreRequest(file=file, **settings))
            remarks.extend(scorer.remarks)
            return scored

    return _score
