"""The stage read: answers that the language model reads out of captions.

Source: the second of the two routes in the discussion of arXiv 2401.02347; prompt after BLIP-2's convention.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from zsbench.interfaces import LanguageModel
from zsbench.plan import Item, Reading
from zsbench.runner.chunks import QUESTIONS_PER_IMAGE, Row, read_predictions, write_chunks
from zsbench.runner.workbench import Workbench

__all__ = ["clean_answer", "read_answers"]

PROMPT_KEYS = re.compile(r"\{(caption|question)\}")


def read_answers(work: Reading, folder: Path, bench: Workbench) -> None:
    """Let the language model answer every question from the caption of its image; write ``predictions.jsonl``.

    Each row keeps the caption that was read. A question whose image could not be read has an error.
    """
    captions = list(read_predictions(bench.places[work.captions]))
    items = work.task.items
    model = bench.language_model(work.language_model, work.device)

    def make(start: int, stop: int) -> list[Row]:
        """Rows of some questions."""
        chunk = items[start:stop]
        told = [item for item in chunk if "error" not in captions[item.row]]
        answers = _answer(work, model, [(str(captions[item.row]["prediction"]), str(item.question)) for item in told])
        rows: dict[str, Row] = {
            item.id: {"id": item.id, "prediction": answer, "caption": captions[item.row]["prediction"]}
            for item, answer in zip(told, answers, strict=True)
        }
        return [rows.get(item.id) or _lost(item, captions[item.row]) for item in chunk]

    write_chunks(folder, len(items), QUESTIONS_PER_IMAGE * work.batch_size, make, bench.progress)


def clean_answer(text: str) -> str:
    """The first line of what the model wrote, white space collapsed, without the full stop at its end."""
    first = next((line for line in text.strip().splitlines() if line.strip()), "")
    return " ".join(first.split()).rstrip(".").strip()


def _answer(work: Reading, model: LanguageModel, pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Answers to (caption, question) pairs."""
    import torch

    if not pairs:
        return []
    prompts = [_fill(work.answering.prompt, caption, question) for caption, question in pairs]
    prefix = torch.zeros(len(prompts), 0, model.width, device=work.device)  # (n, 0, E): no embeddings before the text
    raw = model.generate(prefix, work.answering.decoding, prompts=prompts)
    return [clean_answer(text) for text in raw]


def _fill(prompt: str, caption: str, question: str) -> str:
    """The prompt with caption and question in place, whatever signs they hold."""
    values = {"caption": caption, "question": question}
    return PROMPT_KEYS.sub(lambda found: values[found[1]], prompt)


def _lost(item: Item, caption: Row) -> Row:
    """The row of a question whose image could not be read."""
    return {"id": item.id, "error": caption["error"]}
