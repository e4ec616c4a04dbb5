"""What blind guessing scores on the questions of the world: `python -m zsbench_pocket.prior`.

The guess is the most frequent answer to questions of the same type, learned from questions about other images. A
captioner whose answers are no better does not look at the image.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from zsbench.metrics.answers import VqaAccuracy
from zsbench_pocket.say import say
from zsbench_pocket.world.karpathy import COCO
from zsbench_pocket.world.scenes import DEFAULT_SEED
from zsbench_pocket.world.vqa import AskedQuestion, iter_asked

__all__ = ["learn_guesses", "score_answers", "score_prior"]


def learn_guesses(*, seed: int = DEFAULT_SEED) -> dict[str, str]:
    """The most frequent answer by question type, over questions about the images for validation."""
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    for asked in iter_asked("val", stream="vqa-prior", images=COCO.find_split("val").count, seed=seed):
        answers[asked.question.question_type].update(asked.answers)
    return {question_type: counts.most_common(1)[0][0] for question_type, counts in answers.items()}


def score_answers(questions: list[AskedQuestion], answers: dict[str, str]) -> dict[str, float]:
    """VQA accuracy in percent of answers by question id, over all questions and by answer type."""
    metric = VqaAccuracy()
    prepared = metric.prepare({str(asked.id): asked.answers for asked in questions})
    rows = metric.statistics({str(asked.id): answers[str(asked.id)] for asked in questions}, prepared)[:, 0]
    parts: dict[str, list[float]] = {"all": rows.tolist()}
    for asked, row in zip(questions, rows.tolist(), strict=True):
        parts.setdefault(asked.question.answer_type, []).append(row)
    return {part: 100 * sum(values) / len(values) for part, values in parts.items()}


def score_prior(*, seed: int = DEFAULT_SEED) -> dict[str, float]:
    """What the guesses score on the VQAv2-like part."""
    guesses, questions = learn_guesses(seed=seed), list(iter_asked(seed=seed))
    return score_answers(questions, {str(one.id): guesses.get(one.question.question_type, "yes") for one in questions})


def main() -> None:
    """Print one line for each answer type."""
    for part, accuracy in score_prior().items():
        say(f"{part:<8} {accuracy:.1f}")


if __name__ == "__main__":
    main()
