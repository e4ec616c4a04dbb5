"""The embedded world read by the tasks and corpora that read the real data sets."""

from __future__ import annotations

import pytest

from zsbench.config import read_matrix
from zsbench.data import make_corpus, make_task
from zsbench.plugins import load_plugins
from zsbench_pocket.plugin import embedded_matrix
from zsbench_pocket.world.layout import materialize

COUNTS = {"coco-karpathy-test": 1000, "flickr30k-karpathy-test": 400, "nocaps-val": 450, "vqav2-val": 800}
DOMAINS = {"in-domain": 65, "near-domain": 294, "out-domain": 91}


@pytest.fixture(scope="module")
def registry():
    return load_plugins().registry


@pytest.fixture(scope="module")
def data_root(tmp_path_factory):
    return materialize(tmp_path_factory.mktemp("cache"))


def test_the_default_matrix_covers_all_four_tasks_and_trains_on_coco_alone():
    """So Flickr30k is cross-domain and NoCaps has objects that no training caption names."""
    matrix = read_matrix(embedded_matrix(), {})
    assert matrix.tasks == tuple(COUNTS)
    assert matrix.corpora == ("coco-karpathy-train",)
    assert matrix.threads == 1


@pytest.mark.parametrize(("id_", "count"), COUNTS.items())
def test_every_task_reads_its_part(registry, data_root, id_, count):
    """As many examples as were written, each with its image and something to compare with."""
    task = make_task(id_, registry, data_root, {})
    examples, references = task.examples(), task.references()
    assert len(examples) == count
    assert all(example.image.is_file() for example in examples)
    assert all(len(references[example.id]) in {5, 10} for example in examples)


def test_nocaps_has_its_three_domains(registry, data_root):
    """In the order of the literature."""
    groups = make_task("nocaps-val", registry, data_root, {}).groups()["domain"]
    assert {domain: len(ids) for domain, ids in groups.items()} == DOMAINS


@pytest.mark.parametrize(("id_", "count"), [("coco-karpathy-train", 35_000), ("flickr30k-karpathy-train", 15_000)])
def test_every_corpus_reads_its_part(registry, data_root, id_, count):
    """Five captions for each image of training."""
    assert len(make_corpus(id_, registry, data_root, {}).texts()) == count
