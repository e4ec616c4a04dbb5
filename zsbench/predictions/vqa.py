"""The official VQA forms: results, and the annotations with ten human answers each.

Source: the results and annotations formats of the VQA challenge.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zsbench.predictions.rows import Form, Row, corrupt, id_under, text_under
from zsbench.predictions.streams import iter_array

__all__ = ["ANNOTATIONS", "RESULTS"]


def iter_results(path: Path) -> Iterator[Row]:
    """The rows of ``[{"question_id": 42, "answer": "yes"}, ...]``."""
    for number, entry in iter_array(path):
        where = f"entry {number}"
        yield Row(id_under(path, entry, "question_id", where), text_under(path, entry, "answer", where), fields=entry)


def iter_annotations(path: Path) -> Iterator[Row]:
    """The rows of ``{"annotations": [{"question_id": 42, "answers": [{"answer": "yes"}, ...]}, ...]}``."""
    for number, entry in iter_array(path, "annotations"):
        where = f"annotations[{number}]"
        answers = entry.get("answers")
        if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
            raise corrupt(path, f"{where} has no list of answers", "the answers of people")
        texts = tuple(text_under(path, answer, "answer", where) for answer in answers)
        image = id_under(path, entry, "image_id", where) if "image_id" in entry else ""
        yield Row(id_under(path, entry, "question_id", where), references=texts, fields=entry, cluster=image)


RESULTS = Form(
    id="vqa-results",
    summary='[{"question_id": 42, "answer": "yes"}, ...]',
    shape="array",
    accepts=lambda entry: "question_id" in entry and "answer" in entry,
    iter_rows=iter_results,
    answers=True,
)

ANNOTATIONS = Form(
    id="vqa-annotations",
    summary='{"annotations": [{"question_id": 42, "answers": [{"answer": "yes"}, ...]}, ...]}',
    shape="object",
    accepts=lambda entry: "question_id" in entry and "answers" in entry,
    iter_rows=iter_annotations,
    answers=True,
)
