"""A thorough look at the data of tasks and corpora: everything that is wrong, not only the first thing."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zsbench.data.components import make_corpus, make_task
from zsbench.data.listing import DataEntry, list_data
from zsbench.data.splits import OfficialSplits
from zsbench.errors import DataError, MissingDataError, UnknownIdError, ZsbenchError
from zsbench.interfaces import CorpusSpec, Task, TaskSpec, TextCorpus
from zsbench.registry import Registry

__all__ = ["Advance", "Verification", "verify_data"]

Advance = Callable[[str, int, int], None]
"""Told of progress: the id of the task, images looked at, images to look at."""


@dataclass
class Verification:
    """What was found about one task or corpus.

    Attributes:
        id: Of the task or corpus.
        kind: task or corpus.
        examples: How many examples or texts it has.
        images: How many image files its examples name.
        problems: What is wrong, one sentence or message each; empty if all is well.
    """

    id: str
    kind: str
    examples: int = 0
    images: int = 0
    problems: list[str] = field(default_factory=list)


def verify_data(
    ids: Sequence[str],
    registry: Registry,
    data_root: Path,
    settings: Mapping[str, Mapping[str, Any]],
    advance: Advance = lambda *_: None,
) -> Iterator[Verification]:
    """Verify tasks and corpora, one after the other.

    Of each: the files are there and can be read; count, groups and ids are those of the card; what the task itself
    finds, such as a leak between splits; every image is there and can be decoded.

    Args:
        ids: Of tasks and corpora; none: all of which any file is there.
        registry: Knows them.
        data_root: Where their data lie.
        settings: By id, for those that have some.
        advance: Told of every image.

    Raises:
        UnknownIdError: There is no such task or corpus.
        MissingDataError: No ids are given, and nothing is there.
    """
    tasks, corpora = registry.ids(TaskSpec), registry.ids(CorpusSpec)
    for id_ in ids:
        if id_ not in {*tasks, *corpora}:
            raise UnknownIdError("task or corpus", id_, [*tasks, *corpora])
    splits = OfficialSplits(registry)
    for id_ in ids or _present(registry, data_root, settings):
        own = settings.get(id_, {})
        if id_ in tasks:
            yield _verify_task(id_, make_task(id_, registry, data_root, own), splits, advance)
        if id_ in corpora:
            yield _verify_corpus(id_, make_corpus(id_, registry, data_root, own))


def _present(registry: Registry, data_root: Path, settings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Ids of tasks and corpora of which any file is there."""
    entries = list(list_data(registry, data_root, settings))
    found = [entry.id for entry in entries if any(entry.files.values())]
    if not found:
        raise MissingDataError(
            f"There is no file of any task or corpus under {data_root}.",
            f"Known are: {_known(entries)}.",
            f"Run `zsbench data ls --data-root {data_root}` to see what each needs.",
            path=data_root,
        )
    return list(dict.fromkeys(found))


def _known(entries: Sequence[DataEntry]) -> str:
    """Ids for a message."""
    return ", ".join(dict.fromkeys(entry.id for entry in entries)) or "none"


def _verify_task(id_: str, task: Task, splits: OfficialSplits, advance: Advance) -> Verification:
    """Verify one task."""
    report = Verification(id_, "task")
    try:
        examples = task.examples()
        report.examples = len(examples)
        report.problems += _check_references(task)
        report.problems += filter(None, [splits.check(task)])
        report.problems += task.iter_problems()
    except Exception as error:  # noqa: BLE001  a task that fails is one problem, and the others are verified
        report.problems.append(_tell(error))
        return report
    images: dict[Path, str] = {}
    for example in examples:
        images.setdefault(example.image, example.id)
    report.images = len(images)
    report.problems += _check_images(images, lambda done: advance(id_, done, len(images)))
    return report


def _verify_corpus(id_: str, corpus: TextCorpus) -> Verification:
    """Verify one corpus."""
    report = Verification(id_, "corpus")
    official = corpus.card.texts if corpus.card else None
    try:
        for number, text in enumerate(corpus.texts(), start=1):
            report.examples = number
            if not text.strip() or len(text.splitlines()) != 1:
                report.problems.append(f"Text {number} is not one line with something in it: {text!r}.")
    except Exception as error:  # noqa: BLE001  as of a task
        report.problems.append(_tell(error))
        return report
    if official is not None and report.examples != official:
        report.problems.append(f"{id_} has {report.examples:,} texts here; the official corpus has {official:,}.")
    return report


def _tell(error: Exception) -> str:
    """The message of an error of ours; of another, with its class."""
    return str(error) if isinstance(error, ZsbenchError) else f"{type(error).__name__}: {error}"


def _check_references(task: Task) -> Iterator[str]:
    """Ids that are repeated, and examples without a reference or with an empty one."""
    ids = [example.id for example in task.examples()]
    references = task.references()
    seen: set[str] = set()
    for id_ in ids:
        if id_ in seen:
            yield f"The id {id_!r} stands twice."
        seen.add(id_)
        texts = references.get(id_, ())
        if not texts:
            yield f"{id_!r} has no reference."
        elif not all(text.strip() for text in texts):
            yield f"{id_!r} has an empty reference."
    for id_ in references.keys() - seen:
        yield f"There is a reference for {id_!r}, which is no example."


def _check_images(images: Mapping[Path, str], advance: Callable[[int], None]) -> list[str]:
    """One message for each image that is missing or cannot be decoded, in order; decodes on every core."""
    problems, present = _check_folders(images)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # filters are not per thread: set here once, no thread can leave others behind
        pool = ThreadPoolExecutor(os.cpu_count() or 1)
        try:
            for done, problem in enumerate(pool.map(_problem_of, present, present.values()), start=1):
                advance(len(images) - len(present) + done)
                if problem:
                    problems.append(problem)
        finally:
            pool.shutdown(cancel_futures=True)
    return problems


def _check_folders(images: Mapping[Path, str]) -> tuple[list[str], dict[Path, str]]:
    """One sentence for each folder that is not there, and the images that lie in those that are."""
    folders = Counter(path.parent for path in images)
    absent = {folder: count for folder, count in folders.items() if not folder.is_dir()}
    sentences = [f"{count:,} images are missing: there is no folder {folder}." for folder, count in absent.items()]
    return sentences, {path: id_ for path, id_ in images.items() if path.parent not in absent}


def _problem_of(path: Path, id_: str) -> str:
    """What is wrong with an image; empty if nothing."""
    from zsbench.images import read_image

    try:
        read_image(path, id=id_)
    except DataError as error:
        return error.found
    return ""
