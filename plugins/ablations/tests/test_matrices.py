"""The paper's matrices: valid as shipped, with the paper's models, and planned on files in the official layouts."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from PIL import Image

from zsbench.config import read_matrix
from zsbench.errors import DuplicateIdError
from zsbench.interfaces import CorpusSpec, Task, TaskCard, TaskSpec, TextCorpus
from zsbench.plan import validate_matrix
from zsbench.plugins import load_plugins
from zsbench.registry import Owner
from zsbench_ablations.plugin import MATRICES, matrix_file

CELLS = {"paper-ablation": 4, "paper-in-domain": 4, "paper-cross-domain": 4, "paper-web-text": 6, "paper-vqa": 3}
ELSEWHERE = ("coco-karpathy-test", "flickr30k-karpathy-test", "nocaps-val", "vqav2-val")
TEXTS = ("coco-karpathy-train", "flickr30k-karpathy-train", "cc3m")


class StandIn(Task):
    """A task of another distribution, where that is not installed."""

    def __init__(self, data_root):
        del data_root

    @property
    def card(self):
        facts = dict.fromkeys(("title", "split", "source", "licence", "revision"), "stand-in")
        return TaskCard(id="stand-in", kind="captioning", files=(), metrics=("bleu-1",), main_metric="bleu-1", **facts)

    content_hash = "stand-in"

    def examples(self):
        return []

    def references(self):
        return {}


class StandInCorpus(TextCorpus):
    def __init__(self, data_root):
        del data_root

    def texts(self):
        return ["a text"]


@pytest.fixture(scope="module")
def registry():
    """Everything installed, and stand-ins for tasks and corpora that are not."""
    found = load_plugins().registry
    specs = [TaskSpec(id=id_, factory=StandIn) for id_ in ELSEWHERE]
    for spec in [*specs, *(CorpusSpec(id=id_, factory=StandInCorpus) for id_ in TEXTS)]:
        try:
            found.add(spec, Owner("stand-in"))
        except DuplicateIdError:
            continue
    return found


@pytest.mark.parametrize("id_", MATRICES)
def test_a_shipped_matrix_is_valid(registry, id_):
    """Without data and weights, and with as many cells as the experiment has."""
    matrix = read_matrix(matrix_file(id_), {})
    found = validate_matrix(matrix, registry)

    assert [str(problem) for problem in found.problems] == []
    assert found.cells == CELLS[id_]
    assert matrix.name == id_


@pytest.mark.parametrize("id_", MATRICES)
def test_a_shipped_matrix_has_the_papers_models_and_trainings(id_):
    """ViT-B/32 of OpenAI, OPT-1.3B in half precision, 8 epochs on data set captions and 4 on web text."""
    matrix = read_matrix(matrix_file(id_), {})

    assert dict(matrix.encoder.settings) == {"model": "ViT-B-32", "pretrained": "openai"}
    assert (matrix.language_model.model, matrix.language_model.precision) == ("facebook/opt-1.3b", "float16")
    assert matrix.settings["maccap"]["training"]["epochs"] == (4 if matrix.corpora == ("cc3m",) else 8)
    assert matrix.baseline == "maccap"
    assert matrix.data_root is None


def test_in_domain_and_cross_domain_pair_each_corpus_once():
    """With the images of its own data set, and with those of the other."""
    same = {(pair.corpus.split("-")[0], pair.task.split("-")[0]) for pair in _pairs("paper-in-domain")}
    other = {(pair.corpus.split("-")[0], pair.task.split("-")[0]) for pair in _pairs("paper-cross-domain")}

    assert same == {("coco", "coco"), ("flickr30k", "flickr30k")}
    assert other == {("coco", "flickr30k"), ("flickr30k", "coco")}


def _pairs(id_):
    return read_matrix(matrix_file(id_), {}).pairs


@pytest.fixture
def data_root(tmp_path):
    """A handful of images in the official layouts of COCO, Flickr30k and VQAv2."""
    root = tmp_path / "data"
    for folder in ("coco/val2014", "flickr30k/flickr30k-images"):
        (root / folder).mkdir(parents=True)
    coco = [_coco_entry(number, split) for number, split in enumerate(("train", "restval", "test", "test"), start=1)]
    flickr = [_flickr_entry(number, split) for number, split in enumerate(("train", "test"), start=1)]
    for entry in coco:
        Image.new("RGB", (8, 8), "red").save(root / "coco" / "val2014" / entry["filename"])
    for entry in flickr:
        Image.new("RGB", (8, 8), "blue").save(root / "flickr30k" / "flickr30k-images" / entry["filename"])
    _write(root / "coco" / "dataset_coco.json", {"dataset": "coco", "images": coco})
    _write(root / "flickr30k" / "dataset_flickr30k.json", {"dataset": "flickr30k", "images": flickr})
    question = {"image_id": 3, "question_id": 3000, "question": "Is it red?"}
    answers = [{"answer": "yes", "answer_confidence": "yes", "answer_id": place} for place in range(1, 11)]
    facts = {"question_type": "is it", "answer_type": "yes/no", "multiple_choice_answer": "yes", "answers": answers}
    annotation = {"image_id": 3, "question_id": 3000, **facts}
    _write(root / "vqa" / "v2_OpenEnded_mscoco_val2014_questions.json", {"questions": [question]})
    _write(root / "vqa" / "v2_mscoco_val2014_annotations.json", {"annotations": [annotation]})
    return root


def _coco_entry(number, split):
    return {
        "filepath": "val2014",
        "filename": f"COCO_val2014_{number:012d}.jpg",
        "imgid": number,
        "cocoid": number,
        "split": split,
        "sentids": [number],
        "sentences": [{"raw": "A red picture.", "tokens": ["a", "red", "picture"], "imgid": number, "sentid": number}],
    }


def _flickr_entry(number, split):
    entry = {**_coco_entry(number, split), "filename": f"100009220{number}.jpg"}
    return {key: value for key, value in entry.items() if key not in {"filepath", "cocoid"}}


def _write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "cells"),
    [
        (["paper-ablation"], 4),
        (["paper-cross-domain"], 4),
        (["paper-vqa", "--corpora", "coco-karpathy-train"], 3),
    ],
)
def test_a_dry_run_plans_on_official_layouts_without_weights(data_root, tmp_path, registry, arguments, cells):
    """By the command a user types; what is missing is said, and nothing is written."""
    missing = [id_ for id_ in read_matrix(matrix_file(arguments[0]), {}).tasks if _is_stand_in(registry, id_)]
    if missing:
        pytest.skip(f"no installed distribution has {', '.join(missing)}")
    command = [sys.executable, "-m", "zsbench", "run", *arguments, "--dry-run", "--data-root", str(data_root)]
    environment = {"HF_HOME": str(tmp_path / "hub"), "ZSBENCH_CACHE": str(tmp_path / "cache"), "HOME": str(tmp_path)}

    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert f"{cells} cells:" in done.stdout
    assert "facebook/opt-1.3b" in done.stdout.partition("note: ")[2]
    assert not (tmp_path / "results").exists()


def _is_stand_in(registry, id_):
    return registry.owner(TaskSpec, id_).plugin == "stand-in"
