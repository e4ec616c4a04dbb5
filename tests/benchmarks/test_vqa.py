"""VQAv2's validation split at its official size, made up: how long it takes to load and to score, and how much memory.

``python -m pytest tests/benchmarks/test_vqa.py --benchmark-only`` prints the figures.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

from zsbench.metrics import ScoringContext, prepare_references, score_predictions
from zsbench.metrics.answers import vqa_accuracy
from zsbench_tasks.vqa import vqav2_val

QUESTIONS, IMAGES, QUESTION_TYPES = 214_354, 40_504, 65
MOST_BYTES = 2_000_000_000
PEAK = """
import pathlib, sys
from zsbench.provenance import peak_memory
from zsbench_tasks.vqa import vqav2_val
task = vqav2_val(pathlib.Path(sys.argv[1]))
task.examples(), task.references(), task.groups(), task.content_hash
print(peak_memory())
"""


def make_entries(rng, number):
    """A question and its annotation, every official key there."""
    image = number % IMAGES * 14 + 1
    ids = {"image_id": image, "question_id": image * 1000 + number // IMAGES}
    said = [f"answer {rng.randrange(20_000)}", "yes", "2"]
    answers = [{"answer": rng.choice(said), "answer_confidence": "yes", "answer_id": place} for place in range(1, 11)]
    annotation = {
        **ids,
        "question_type": f"what is of kind {rng.randrange(QUESTION_TYPES)}",
        "multiple_choice_answer": said[0],
        "answers": answers,
        "answer_type": rng.choice(["yes/no", "number", "other"]),
    }
    return {**ids, "question": f"What does thing number {number} do over there?"}, annotation


@pytest.fixture(scope="module")
def data_root(tmp_path_factory):
    """Both files in the official schema and at the official size, about 210 MB."""
    root = tmp_path_factory.mktemp("vqa")
    rng = random.Random(0)
    questions, annotations = zip(*(make_entries(rng, number) for number in range(QUESTIONS)), strict=True)
    for name, key, entries in (
        ("v2_OpenEnded_mscoco_val2014_questions.json", "questions", questions),
        ("v2_mscoco_val2014_annotations.json", "annotations", annotations),
    ):
        (root / name).write_text(json.dumps({"info": {}, key: entries}), encoding="utf-8")
    return root


@pytest.mark.benchmark(group="VQAv2 validation, 214,354 questions", min_rounds=3, warmup=False)
def test_load(benchmark, data_root):
    """From files to examples and references; images are not opened."""

    def load():
        task = vqav2_val(data_root)
        return task.examples(), task.references(), task.groups()

    examples, references, _ = benchmark.pedantic(load, rounds=3)
    assert len(examples) == len(references) == QUESTIONS


@pytest.mark.benchmark(group="VQAv2 validation, 214,354 questions", min_rounds=3, warmup=False)
def test_score(benchmark, data_root):
    """Accuracy, interval and signature of the whole, of 3 answer types and of 65 question types."""
    task = vqav2_val(data_root)
    split = prepare_references(task.references(), [vqa_accuracy()])
    predictions = {id_: answers[0] for id_, answers in task.references().items()}
    context = ScoringContext(split="vqav2-val", groups=task.groups())
    results = benchmark.pedantic(
        lambda: score_predictions(predictions, split, [vqa_accuracy()], context=context), rounds=3
    )
    assert len(results) == 1 + 3 + QUESTION_TYPES
    assert all(0.5 < result.score < 1 for result in results)


@pytest.mark.benchmark(group="VQAv2 validation in a process of its own", min_rounds=1, warmup=False)
def test_peak_memory(benchmark, data_root):
    """The process that loads everything stays under 2 GB; the peak stands among the benchmark's extra figures."""
    done = benchmark.pedantic(
        lambda: subprocess.run(
            [sys.executable, "-c", PEAK, str(data_root)], capture_output=True, text=True, check=True
        ),
        rounds=1,
    )
    benchmark.extra_info["peak_bytes"] = int(done.stdout)
    assert int(done.stdout) < MOST_BYTES
