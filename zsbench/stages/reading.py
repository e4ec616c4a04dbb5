"""The stage read: answers that the language model reads out of captions.

Source: the second of the two routes in the discussion of arXiv 2401.02347; prompt after BLIP-2's convention.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zsbench.fingerprints import hash_json
from zsbench.stages.chunks import QUESTIONS_PER_IMAGE, Row, read_predictions, write_chunks
from zsbench.stages.stage import GIGABYTE, Stage

if TYPE_CHECKING:
    from zsbench.components import Item, LanguageModelChoice, TaskChoice
    from zsbench.config import Answering
    from zsbench.interfaces.language import LanguageModel
    from zsbench.interfaces.specs import Factory
    from zsbench.stages.context import StageContext
    from zsbench.stages.prediction import Prediction

__all__ = ["Reading", "clean_answer"]

PROMPT_KEYS = re.compile(r"\{(caption|question)\}")


@dataclass(frozen=True, eq=False, kw_only=True)
class Reading(Stage):
    """Writes ``predictions.jsonl``: an answer to every question, with the caption that was read.

    A question whose image could not be read has an error.

    Attributes:
        task: Asks the questions.
        language_model: Reads.
        captions: Of the task's images.
        answering: Prompt and decoding.
        batch_size: Images whose questions are answered together; changes no result.
    """

    kind: ClassVar[str] = "read"
    turn: ClassVar[int] = 7
    memory: ClassVar[int] = 2 * GIGABYTE
    libraries: ClassVar[tuple[str, ...]] = ("torch", "numpy", "tokenizers", "transformers")

    task: TaskChoice
    language_model: LanguageModelChoice
    captions: Prediction
    answering: Answering
    batch_size: int

    @property
    def label(self) -> str:
        """Captioner, task and seed."""
        return f"{self.captions.captioner.id}'s captions of {self.task.id}, seed {self.captions.seed}"

    @property
    def inputs(self) -> tuple[Stage, ...]:
        """The captions."""
        return (self.captions,)

    @property
    def on_device(self) -> bool:
        """The language model does."""
        return True

    @property
    def weights(self) -> Iterable[int]:
        """The language model's."""
        return (self.language_model.model.weights_bytes,)

    def material(self) -> Mapping[str, Any]:
        """The language model, how it is asked, and what."""
        return {
            "language_model": self.language_model.content,
            "questions": self.task.questions,
            "ids": hash_json(self.task.ids),
            "rows": hash_json([item.row for item in self.task.items]),
            "prompt": self.answering.prompt,
            "decoding": self.answering.decoding.model_dump(mode="json"),
        }

    def components(self) -> Iterable[Factory]:
        """The language model."""
        return self.language_model.factories

    def run(self, folder: Path, context: StageContext) -> bool:
        """Let the language model answer every question from the caption of its image."""
        captions = list(read_predictions(context.output(self.captions)))
        items = self.task.items
        model = context.language_model(self.language_model)
        assert model is not None  # noqa: S101  one was given

        def make(start: int, stop: int) -> list[Row]:
            """Rows of some questions."""
            chunk = items[start:stop]
            told = [item for item in chunk if "error" not in captions[item.row]]
            pairs = [(str(captions[item.row]["prediction"]), str(item.question)) for item in told]
            answers = self._answer(model, pairs, context.device)
            rows: dict[str, Row] = {
                item.id: {"id": item.id, "prediction": answer, "caption": captions[item.row]["prediction"]}
                for item, answer in zip(told, answers, strict=True)
            }
            return [rows.get(item.id) or _lost(item, captions[item.row]) for item in chunk]

        write_chunks(folder, len(items), QUESTIONS_PER_IMAGE * self.batch_size, make, context.progress)
        return True

    def _answer(self, model: LanguageModel, pairs: Sequence[tuple[str, str]], device: str) -> list[str]:
        """Answers to (caption, question) pairs."""
        import torch

        if not pairs:
            return []
        prompts = [_fill(self.answering.prompt, caption, question) for caption, question in pairs]
        prefix = torch.zeros(len(prompts), 0, model.width, device=device)  # (n, 0, E): nothing before the text
        raw = model.generate(prefix, self.answering.decoding, prompts=prompts)
        return [clean_answer(text) for text in raw]


def clean_answer(text: str) -> str:
    """The first line of what the model wrote, white space collapsed, without the full stop at its end."""
    first = next((line for line in text.strip().splitlines() if line.strip()), "")
    return " ".join(first.split()).rstrip(".").strip()


def _fill(prompt: str, caption: str, question: str) -> str:
    """The prompt with caption and question in place, whatever signs they hold."""
    values = {"caption": caption, "question": question}
    return PROMPT_KEYS.sub(lambda found: values[found[1]], prompt)


def _lost(item: Item, caption: Row) -> Row:
    """The row of a question whose image could not be read."""
    return {"id": item.id, "error": caption["error"]}
