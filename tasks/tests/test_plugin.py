"""The hook module."""

import subprocess
import sys
from importlib import metadata

import pytest

from zsbench.data import make_corpus, make_task
from zsbench.errors import MissingDataError
from zsbench.plugins import load_plugins
from zsbench_tasks import plugin

SETTINGS = {
    "coco-captions": {"captions": "captions_val2017.json"},
    "captions-folder": {"captions": "captions.csv"},
    "text-file": {"path": "texts.txt"},
}
POINT = metadata.EntryPoint("tasks", "zsbench_tasks.plugin", "zsbench")


def test_the_plugin_registers_tasks_and_corpora():
    """Discovery calls the plugin active and lists every spec of both hooks."""
    (record,) = load_plugins([POINT]).records

    assert record.status == "active", record.reason
    tasks = [f"task {spec.id}" for spec in plugin.zsbench_tasks()]
    assert sorted(record.provides) == sorted([*tasks, *(f"corpus {spec.id}" for spec in plugin.zsbench_corpora())])


@pytest.mark.parametrize("spec", plugin.zsbench_tasks(), ids=lambda spec: spec.id)
def test_a_task_spec_makes_the_task_of_its_id_without_reading(spec, tmp_path):
    """The factory gives a task whose card has the spec's id, though there are no data."""
    registry = load_plugins([POINT]).registry
    task = make_task(spec.id, registry, tmp_path / "nowhere", SETTINGS.get(spec.id, {}))

    assert task.card.id == spec.id
    assert all(file.found is None for file in task.required_files())


@pytest.mark.parametrize("spec", plugin.zsbench_corpora(), ids=lambda spec: spec.id)
def test_a_corpus_spec_makes_a_corpus_without_reading(spec, tmp_path):
    """The factory gives a corpus with the card of its id, though there are no data."""
    registry = load_plugins([POINT]).registry
    corpus = make_corpus(spec.id, registry, tmp_path / "nowhere", SETTINGS.get(spec.id, {}))

    assert corpus.card is not None
    assert corpus.card.id == spec.id
    with pytest.raises(MissingDataError):
        corpus.texts()


def test_importing_the_plugin_loads_no_heavy_package():
    """Listing tasks must not wait for a framework or a parser."""
    program = "import sys, zsbench_tasks.plugin; print({'torch', 'numpy', 'msgspec', 'zsbench_tasks.karpathy'} & set(sys.modules))"

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "set()"
