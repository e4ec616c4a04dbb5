"""Checks of a task: ids, references, files, and that saying what is right scores well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from zsbench.errors import MissingDataError
from zsbench.interfaces import Metric, SimilarityMetric, Task
from zsbench.metrics import prepare_references
from zsbench.registry import KEBAB
from zsbench.testing.fakes import TEXTS
from zsbench.testing.kit import NotApplicable, check_for, conforms
from zsbench.testing.subjects import TaskSubject

__all__: list[str] = []

LOOKED_AT = 200
"""Examples of a large task that are scored and whose images are looked for."""
SHARE_OF_CEILING = 0.5
"""Short references have no 4-grams, so not even they reach the ceiling of every metric."""


@check_for("task")
def check_task_card_consistent(subject: TaskSubject) -> None:
    """The card has the id of the spec, a main metric that is among its metrics, and the real number of examples."""
    task = subject.make()
    card = task.card
    conforms(
        card.id == subject.name,
        f"The card's id is {card.id!r}, and the spec's is {subject.name!r}",
        "They are equal",
        "Correct one of them",
    )
    conforms(
        card.main_metric in card.metrics and all(KEBAB.fullmatch(metric) for metric in card.metrics),
        f"The main metric is {card.main_metric!r}, and the metrics are {', '.join(card.metrics)}",
        "The main metric is one of the metrics, and metrics are named by id",
        "Correct the card: `zsbench ls metrics` lists the ids",
    )


@check_for("task")
def check_task_ids_stable(subject: TaskSubject) -> None:
    """Ids, questions, images and their order are the same in two passes and in two instances."""
    first, second = subject.make(), subject.make()
    passes = [list(first.examples()), list(first.examples()), list(second.examples())]
    pairs = [pair for other in passes[1:] for pair in zip(passes[0], other, strict=False)]
    differing = next((pair for pair in pairs if pair[0] != pair[1]), None)
    conforms(
        len({len(one) for one in passes}) == 1 and differing is None,
        f"Two passes gave {[example.id for example in differing] if differing else [len(one) for one in passes]}",
        "Examples come in a fixed order with stable ids",
        "Take ids from the data, and sort: no counter, set, hash() or folder order decides",
    )
    conforms(
        first.content_hash == second.content_hash,
        "Two instances have different content hashes",
        "`content_hash` depends on ids, questions and references alone",
        "Hash them in order with hashlib, not with hash()",
    )


@check_for("task")
def check_task_ids_unique(subject: TaskSubject) -> None:
    """Every id is a non-empty string of one line that occurs once."""
    ids = [example.id for example in subject.make().examples()]
    conforms(ids, "There is no example", "A task has examples", "Check the data root and the split's name")
    wrong = [id_ for id_ in ids if not isinstance(id_, str) or not id_.strip() or len(id_.splitlines()) > 1]
    conforms(not wrong, f"There are ids such as {wrong[:3]!r}", "Ids are strings of one line", "Convert with str()")
    twice = [id_ for id_, count in Counter(ids).items() if count > 1]
    conforms(
        not twice,
        f"{len(twice)} ids occur twice, first {twice[:3]}",
        "An id is unique within its task",
        "Add what tells them apart, such as the question's number",
    )


@check_for("task")
def check_task_references_complete(subject: TaskSubject) -> None:
    """Exactly the examples' ids have references, each at least one non-empty text."""
    task = subject.make()
    ids, references = [example.id for example in task.examples()], task.references()
    missing, extra = [id_ for id_ in ids if id_ not in references], sorted(set(references) - set(ids))
    conforms(
        not missing and not extra,
        f"{len(missing)} examples have no references ({missing[:3]}), "
        f"and {len(extra)} references have no example ({extra[:3]})",
        "References are by example id, for the whole split",
        "Build both from the same rows",
    )
    empty = [id_ for id_ in ids if not references[id_] or not all(_is_text(text) for text in references[id_])]
    conforms(
        not empty,
        f"{len(empty)} examples have an empty list of references or one that is no text, first {empty[:3]}",
        "Each example has at least one reference, a non-empty str",
        "Leave such examples out of the split, or repair the data",
    )


@check_for("task")
def check_task_groups_known(subject: TaskSubject) -> None:
    """Groups consist of ids of the task, and the card's groupings exist."""
    task = subject.make()
    groups, card = task.groups(), task.card
    named = {*card.groupings, *([card.headline_grouping] if card.headline_grouping else [])}
    ids = {example.id for example in task.examples()}
    members = [id_ for grouping in groups.values() for group in grouping.values() for id_ in group]
    unknown = [id_ for id_ in members if id_ not in ids]
    conforms(
        named <= set(groups) and not unknown,
        f"The card shows groupings {sorted(named)}, the task has {sorted(groups)}; unknown ids: {unknown[:3]}",
        "Every grouping of the card exists, and groups hold ids of examples",
        "Build `groups` from the same rows as `examples`",
    )


@check_for("task")
def check_task_questions_asked(subject: TaskSubject) -> None:
    """A question-answering task has a question for each example, a captioning task has none."""
    task = subject.make()
    answering = task.card.kind == "question-answering"
    wrong = [example.id for example in task.examples() if answering != bool(example.question)]
    conforms(
        not wrong,
        f"The kind is {task.card.kind}, and {len(wrong)} examples say otherwise, first {wrong[:3]}",
        "Questions are asked in question-answering tasks, in every example, and nowhere else",
        "Correct the card's `kind`, or the examples",
    )


@check_for("task")
def check_task_images_there(subject: TaskSubject) -> None:
    """The image files are there."""
    examples = subject.make().examples()[:LOOKED_AT]
    gone = [example for example in examples if not Path(example.image).is_file()]
    conforms(
        not gone,
        f"{len(gone)} of {len(examples)} image files are not there, first {gone[0].image if gone else ''}",
        "`Example.image` is the path of a file",
        "Join it with the data root",
    )


@check_for("task")
def check_task_missing_data_told(subject: TaskSubject) -> None:
    """Over an empty data root it raises MissingDataError, which says what to get, and nothing else."""
    task = subject.make_on(subject.empty_root)
    if not task.card.files:
        raise NotApplicable("It needs no files.")
    try:
        task.examples()
        task.references()
    except MissingDataError:
        return
    except Exception as error:  # noqa: BLE001  whatever it is, it is not the right one
        found = f"raises {type(error).__name__}"
    else:
        found = "raises nothing"
    conforms(
        False,
        f"Over an empty data root it {found}",
        "It raises MissingDataError with the path and where to get the file",
        "Check that a file is there before it is read",
    )


@check_for("task")
def check_task_references_score(subject: TaskSubject) -> None:
    """Saying a reference scores near the ceiling of the main metric, and far above saying that of another example."""
    task = subject.make()
    metric = subject.metric(task)
    right, said = _right_and_said(task)
    ids = list(said)
    if len(set(said.values())) < 2:  # noqa: PLR2004  one text cannot be shuffled
        raise NotApplicable("All its references are equal.")
    others = dict(zip(ids, [said[id_] for id_ in [*ids[1:], ids[0]]], strict=True))
    own, shuffled, ceiling = _score(metric, said, right), _score(metric, others, right), _ceiling(metric)
    metric.close()
    conforms(
        own >= SHARE_OF_CEILING * ceiling,
        f"Saying a reference scores {own:.3f} in {metric.id}, whose ceiling is {ceiling:.3f}",
        "What is right scores near the ceiling",
        "Look at the references: are they texts of the example, in the language of the metric?",
    )
    conforms(
        own > shuffled,
        f"Saying a reference scores {own:.3f} in {metric.id}, saying that of another example {shuffled:.3f}",
        "References tell examples apart",
        "Look whether all examples share their references",
    )


def _is_text(text: object) -> bool:
    """Whether it is a str with something in it."""
    return isinstance(text, str) and bool(text.strip())


def _right_and_said(task: Task) -> tuple[dict[str, Sequence[str]], dict[str, str]]:
    """What is right and what is said, by id: a reference caption alone, or the answer that most people gave."""
    references = task.references()
    ids = [example.id for example in task.examples()][:LOOKED_AT]
    if task.card.kind == "question-answering":
        said = {id_: Counter(references[id_]).most_common(1)[0][0] for id_ in ids}
        return {id_: references[id_] for id_ in ids}, said
    said = {id_: references[id_][0] for id_ in ids}
    return {id_: [text] for id_, text in said.items()}, said


def _ceiling(metric: Metric) -> float:
    """The score of perfect predictions of the kit's own texts."""
    said = {str(number): text for number, text in enumerate(TEXTS)}
    return _score(metric, said, {id_: [text] * 4 for id_, text in said.items()})


def _score(metric: Metric, said: Mapping[str, str], right: Mapping[str, Sequence[str]]) -> float:
    """The metric's score, texts tokenised as it wants.

    Raises:
        NotApplicable: Its tokeniser cannot run here, or it needs an encoder.
    """
    split = prepare_references({**right, **{f"said {id_}": [text] for id_, text in said.items()}}, [metric])
    if split.failures or isinstance(metric, SimilarityMetric):
        raise NotApplicable(f"{metric.id} cannot run here: {' '.join(split.failures.values())}")
    tokens = split.references[metric.tokenizer]
    prepared = metric.prepare({id_: tokens[id_] for id_ in right})
    return metric.aggregate(metric.statistics({id_: tokens[f"said {id_}"][0] for id_ in said}, prepared))
