"""Result records as a run writes them, made up for the tests of tables."""

from __future__ import annotations

import re

from zsbench.records import CellResult
from zsbench.reported import ReportedRow

TITLES = {"bleu": "BLEU", "cider": "CIDEr-D", "spice": "SPICE", "vqa": "VQA accuracy", "clip": "CLIPScore"}
DOMAINS = ("in-domain", "near-domain", "out-domain")
ANSWERS = ("yes/no", "number", "other")


def metric(id_="cider", score=0.5, error=0.01, *, group=None, n=500, signature=None, not_run=""):
    """One metric's row of a record; ``group`` is ``(grouping, group)``."""
    grouping, name = group or (None, None)
    known = score is not None and error is not None
    return {
        "id": id_,
        "title": TITLES.get(id_, id_.upper()),
        "factor": 100.0,
        "grouping": grouping,
        "group": name,
        "n": n,
        "score": score,
        "standard_error": error,
        "low": score - 2 * error if known else None,
        "high": score + 2 * error if known else None,
        "signature": (f"{id_}|n:{n}" + (f"|group:{name}" if name else "")) if signature is None else signature,
        "seconds": 0.1,
        "not_run": not_run,
    }


def difference(id_="cider", value=0.1, p_value=0.001, *, group=None, baseline="maccap"):
    """One row of differences."""
    grouping, name = group or (None, None)
    return {
        "metric": id_,
        "grouping": grouping,
        "group": name,
        "baseline": baseline,
        "difference": value,
        "standard_error": 0.02,
        "low": value - 0.05,
        "high": value + 0.05,
        "p_value": p_value,
    }


def record(captioner="maccap", metrics=None, *, cell=None, differences=(), **changes):
    """One ``result.json``; ``cell`` and ``changes`` stand over the defaults."""
    place = {"gap_model": None, "corpus": "coco-train", "task": "coco", "seed": 0, "route": "", "variant": ""}
    place = {"captioner": captioner, **place, **(cell or {})}
    metrics = [metric()] if metrics is None else metrics
    result = {
        "cell": place,
        "name": re.sub(r"[^\w.=+-]+", "-", "-".join(str(value) for value in place.values() if value not in {None, ""})),
        "status": "done",
        "source": "measured",
        "task_title": place["task"].upper(),
        "task_kind": "captioning",
        "main_metric": "cider",
        "groupings": [],
        "headline_grouping": None,
        "n": 500,
        "encoder": "ViT-B-32 openai",
        "language_model": "opt-1.3b",
        "data_used": [],
        "config": {},
        "keys": {},
        "seconds": {},
        "metrics": metrics,
        "differences": list(differences),
        "descriptives": None,
        "unreadable": [],
        **changes,
    }
    return CellResult.model_validate(result)


def failed(captioner="broken", reason="RuntimeError: broken on purpose", **changes):
    """The record of a cell that failed."""
    return record(captioner, [], status="failed", reason=reason, failed_stage="predict", **changes)


def nocaps(captioner="maccap", score=0.4, *, cell=None, differences=(), **changes):
    """A record of three domains, whose scores lie around that of the whole."""
    groups = [
        metric(score=score + step, group=("domain", name), n=100 + 10 * place)
        for place, (name, step) in enumerate(zip(DOMAINS, (0.1, 0.0, -0.1), strict=True))
    ]
    bleu = [metric("bleu", 0.99, group=("domain", name)) for name in DOMAINS]
    return record(
        captioner,
        [metric("bleu", 0.3), metric(score=score), *groups, *bleu],
        cell={"task": "nocaps", **(cell or {})},
        groupings=["domain"],
        headline_grouping="domain",
        differences=differences,
        **changes,
    )


def vqa(captioner="maccap", score=0.3, *, route="features", cell=None, **changes):
    """A record of answers by answer type; question types are scored and not shown."""
    groups = [metric("vqa", score + 0.1, group=("answer-type", name)) for name in ANSWERS]
    hidden = [metric("vqa", 0.77, group=("question-type", "how many"))]
    return record(
        captioner,
        [metric("vqa", score), *groups, *hidden],
        cell={"task": "vqa", "route": route, **(cell or {})},
        task_kind="question-answering",
        main_metric="vqa",
        groupings=["answer-type"],
        **changes,
    )


def four_tasks(captioner="maccap", score=0.5, *, p_value=None, cell=None, routes=("features",)):
    """Records of one captioner on four tasks."""
    found = [difference(p_value=p_value)] if p_value is not None else []
    metrics = [metric("bleu", score / 2), metric(score=score), metric("spice", None, None, not_run="no models")]
    return [
        record(captioner, metrics, cell={"task": "coco", **(cell or {})}, differences=found),
        record(captioner, metrics, cell={"task": "flickr", **(cell or {})}),
        nocaps(captioner, score, cell=cell, differences=found),
        *(vqa(captioner, score, route=route, cell=cell) for route in routes),
    ]


def published(task="coco", corpus="coco-train", title="A Paper", **changes):
    """A published row."""
    source = {"title": title, "kind": "paper", "where": "pages 1 to 9", "read": "2026-11-23"}
    row = {"method": "MacCap", "scores": {"cider": 69.7}, "table": "Table 1", "run_by": "the authors", **changes}
    return ReportedRow(task=task, corpus=corpus, source=source, **row)
