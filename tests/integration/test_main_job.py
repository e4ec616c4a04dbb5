"""The main job on the shipped weights: any folder in COCO's Karpathy layout, from training to table."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import pytest
from PIL import Image

WORDS = [
    "a",
    "an",
    "the",
    "two",
    "red",
    "big",
    "small",
    "dog",
    "cat",
    "bicycle",
    "on",
    "in",
    "near",
    "of",
    "street",
    "man",
    "woman",
    "eating",
    "playing",
]
SMALL = ["--set", "maccap.training.steps=6", "--set", "maccap.training.warmup_steps=2"]


@pytest.fixture(scope="module")
def data_root(tmp_path_factory):
    """Thirty photographs of noise with captions of common words, in the official layout."""
    root = tmp_path_factory.mktemp("any-data")
    rng = random.Random(5)
    (root / "val2014").mkdir()
    images = []
    for number in range(60):
        split = "test" if number < 24 else "train"
        name = f"COCO_val2014_{number:012d}.jpg"
        if split == "test":
            size = (rng.randint(20, 200), rng.randint(20, 200))
            Image.frombytes("L", size, rng.randbytes(size[0] * size[1])).save(root / "val2014" / name)
        raws = [" ".join(rng.choices(WORDS, k=rng.randint(3, 12))).capitalize() + "." for _ in range(5)]
        sentences = [
            {"raw": raw, "tokens": raw.lower().rstrip(".").split(), "imgid": number, "sentid": 5 * number + n}
            for n, raw in enumerate(raws)
        ]
        images.append(
            {
                "filepath": "val2014",
                "filename": name,
                "split": split,
                "imgid": number,
                "cocoid": 1000 + number,
                "sentids": [sentence["sentid"] for sentence in sentences],
                "sentences": sentences,
            }
        )
    (root / "dataset_coco.json").write_text(json.dumps({"dataset": "coco", "images": images}), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def zsbench(tmp_path_factory):
    """The command in a folder of its own, warnings as errors: exit code, standard output, standard error."""
    folder = tmp_path_factory.mktemp("work")

    def _zsbench(*arguments, cache="cache"):
        environment = {**os.environ, "ZSBENCH_CACHE": str(folder / cache), "HF_HUB_OFFLINE": "1"}
        command = [sys.executable, "-W", "error", "-m", "zsbench", *map(str, arguments)]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    _zsbench.folder = folder
    return _zsbench


def run(zsbench, data_root, *arguments, cache="cache"):
    """A run's JSON document."""
    code, out, error = zsbench("run", "--json", "--data-root", data_root, *SMALL, *arguments, cache=cache)
    assert code == 0, error
    return json.loads(out)


def samples(zsbench, document):
    """The bytes of every cell's predictions."""
    cells = sorted((zsbench.folder / document["run"] / "cells").iterdir())
    return {cell.name: (cell / "samples.jsonl").read_bytes() for cell in cells}


@pytest.mark.slow
def test_any_folder_in_the_layout_works(zsbench, data_root):
    """All five captioners caption twenty images and are scored; SPICE says why it is not run."""
    document = run(zsbench, data_root, "--limit", "20")
    assert [cell["captioner"] for cell in document["cells"]] == [
        "maccap",
        "maccap-global-only",
        "maccap-no-noise",
        "maccap-no-rerank",
        "clipre",
    ]
    for cell in document["cells"]:
        assert (cell["status"], cell["n"]) == ("done", 20)
        scores = {metric["id"]: metric for metric in cell["metrics"]}
        assert "CoreNLP" in scores.pop("spice")["not_run"]
        assert all(metric["score"] is not None and metric["standard_error"] is not None for metric in scores.values())
    assert [len(cell["differences"]) for cell in document["cells"]] == [0, 7, 7, 7, 7]


@pytest.mark.slow
def test_a_second_run_is_cached_and_equal_to_the_byte(zsbench, data_root):
    """So is a run with another batch size in an empty store."""
    first = run(zsbench, data_root, "--limit", "20")
    second = run(zsbench, data_root, "--limit", "20")
    assert second["all_cached"]
    assert samples(zsbench, second) == samples(zsbench, first)
    afresh = run(zsbench, data_root, "--limit", "20", "--batch-size", "1", "-c", "maccap,clipre", cache="other")
    whole = samples(zsbench, first)
    assert {name: whole[name] for name in samples(zsbench, afresh)} == samples(zsbench, afresh)


@pytest.mark.slow
def test_scores_equal_pycocoevalcap_on_the_written_predictions(zsbench, data_root):
    """What the record says is what the community's scorers say of the same captions."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    document = run(zsbench, data_root, "-c", "clipre")
    [name] = samples(zsbench, document)
    rows = [json.loads(line) for line in samples(zsbench, document)[name].decode().splitlines()]
    images = json.loads((data_root / "dataset_coco.json").read_text(encoding="utf-8"))["images"]
    raw = {str(image["cocoid"]): image["sentences"] for image in images if image["split"] == "test"}
    references = PTBTokenizer().tokenize({id_: [{"caption": s["raw"]} for s in found] for id_, found in raw.items()})
    predictions = PTBTokenizer().tokenize({row["id"]: [{"caption": row["prediction"]}] for row in rows})
    ours = {metric["id"]: metric["score"] for metric in document["cells"][0]["metrics"]}
    bleu = Bleu(4).compute_score(references, predictions, verbose=0)[0]
    expected = {f"bleu-{n + 1}": score for n, score in enumerate(bleu)}
    expected["cider-d"] = Cider().compute_score(references, predictions)[0]
    expected["rouge-l"] = Rouge().compute_score(references, predictions)[0]
    assert {id_: ours[id_] for id_ in expected} == pytest.approx(expected, abs=1e-6)


def test_the_default_plan_has_twenty_cells_and_shares_work(zsbench):
    """Without arguments the embedded world is planned: five captioners on four tasks; nothing is trained for a plan."""
    code, out, error = zsbench("run", "--dry-run", "--json")
    assert code == 0, error
    plan = json.loads(out)
    assert len(plan["cells"]) == 20
    kinds = [stage["kind"] for stage in plan["stages"]]
    assert (kinds.count("text-features"), kinds.count("image-features"), kinds.count("train")) == (1, 4, 2)
    assert plan["shared_stages"] == 65


def test_a_plan_loads_no_model_library(tmp_path):
    """What a repeat of a finished matrix costs is planning; torch alone would take longer than that."""
    program = "import sys; from zsbench.cli import main\ntry: main()\nfinally: assert 'torch' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-c", program, "run", "--dry-run"],
        env={**os.environ, "ZSBENCH_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_default_plan_leaves_out_what_is_not_there(zsbench, data_root):
    """A folder with COCO alone is enough; a task that is named is insisted on."""
    code, out, error = zsbench("run", "--dry-run", "--json", "--data-root", data_root)
    assert code == 0, error
    cells = json.loads(out)["cells"]
    assert len(cells) == 5
    assert all("__coco-karpathy-test__" in cell for cell in cells)
    code, _, error = zsbench("run", "--dry-run", "--data-root", data_root, "--tasks", "coco-karpathy-test,nocaps-val")
    assert code == 2
    assert "nocaps_val_4500_captions.json" in error


def test_a_missing_folder_of_images_is_named(zsbench, tmp_path, data_root):
    """The images are looked for before anything is trained."""
    (tmp_path / "dataset_coco.json").write_bytes((data_root / "dataset_coco.json").read_bytes())
    code, _, error = zsbench("run", "--data-root", tmp_path)
    assert code == 2
    assert "24 of 24 images of coco-karpathy-test are missing" in error


def test_missing_weights_name_the_command_that_fetches_them(zsbench, data_root):
    """Offline is the default; the message says how to go on."""
    model = ["--set", "encoder.settings.model=ViT-B-32", "--set", "encoder.settings.pretrained=openai"]
    code, _, error = zsbench("run", "--data-root", data_root, *model)
    assert code == 2
    assert "--online" in error
    code, _, error = zsbench("run", "--data-root", data_root, "--set", "language_model.model=facebook/opt-1.3b")
    assert code == 2
    assert "--online" in error
