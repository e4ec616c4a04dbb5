"""The hook module."""

import subprocess
import sys
from importlib import metadata

import pytest

from zsbench.interfaces import Task, TextCorpus
from zsbench.plugins import load_plugins
from zsbench.registry import load_object
from zsbench_tasks import plugin

POINT = metadata.EntryPoint("tasks", "zsbench_tasks.plugin", "zsbench")


def test_the_plugin_registers_its_tasks_and_its_corpus():
    """Discovery lists the ids and calls the plugin active."""
    (record,) = load_plugins([POINT]).records

    assert record.status == "active", record.reason
    assert sorted(record.provides) == [
        "corpus coco-karpathy-train",
        "task coco-karpathy-test",
        "task coco-karpathy-val",
        "task gqa-testdev-balanced",
        "task okvqa-val",
        "task vqav2-val",
    ]


@pytest.mark.parametrize("spec", plugin.zsbench_tasks(), ids=lambda spec: spec.id)
def test_a_task_spec_makes_the_task_of_its_id_without_reading(spec, tmp_path):
    """The factory gives a task whose card has the spec's id, though there are no data."""
    task = load_object(spec.factory)(tmp_path / "nowhere")

    assert isinstance(task, Task)
    assert task.card.id == spec.id


@pytest.mark.parametrize("spec", plugin.zsbench_corpora(), ids=lambda spec: spec.id)
def test_a_corpus_spec_makes_a_corpus_without_reading(spec, tmp_path):
    """The factory gives a corpus, though there are no data."""
    assert isinstance(load_object(spec.factory)(tmp_path / "nowhere"), TextCorpus)


def test_importing_the_plugin_loads_no_heavy_package():
    """Listing tasks must not wait for a framework or a parser."""
    program = "import sys, zsbench_tasks.plugin; print({'torch', 'numpy', 'msgspec', 'zsbench_tasks.karpathy'} & set(sys.modules))"

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "set()"
