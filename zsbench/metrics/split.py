"""The references of a whole split, tokenised once, and what metrics make of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from zsbench.errors import CorruptDataError, MetricNotRunError, MissingDataError, MissingDependencyError
from zsbench.interfaces.metric import Metric, PreparedReferences
from zsbench.metrics.ptb import TOKENIZER, tokenize_blocks
from zsbench.metrics.signature import short_hash

__all__ = ["UNTOKENIZED", "PreparedSplit", "prepare_references", "tokenize_with"]

UNTOKENIZED = "none"
"""The name of the tokenisation of a metric that wants texts as they are."""

_FILE = "references.json"
_FORMAT = 1

Block = Sequence[str]


def _keep(blocks: Sequence[Block]) -> list[list[str]]:
    """The texts as they are."""
    return [list(block) for block in blocks]


_TOKENIZERS: dict[str, Callable[[Sequence[Block]], list[list[str]]]] = {TOKENIZER: tokenize_blocks, UNTOKENIZED: _keep}


def tokenize_with(tokenizer: str, blocks: Sequence[Block]) -> list[list[str]]:
    """Tokenise blocks of texts under a tokenisation's name, in one run of the program behind it.

    Raises:
        MetricNotRunError: There is no such tokenisation, or its program failed.
        MissingDependencyError: Its program is not installed.
    """
    if tokenizer not in _TOKENIZERS:
        raise MetricNotRunError(
            f"There is no tokenisation {tokenizer!r}.",
            f"A metric is expected to name one of {', '.join(sorted(_TOKENIZERS))}.",
            "Let the metric take texts as they are, with 'none', and tokenise them itself.",
            metric=tokenizer,
        )
    return _TOKENIZERS[tokenizer](blocks)


@dataclass(eq=False)
class PreparedSplit:
    """Every reference of a split under each tokenisation that its metrics want.

    Attributes:
        references: Tokenisation, id, references.
        failures: Why a tokenisation is not there.
    """

    references: dict[str, dict[str, list[str]]]
    failures: dict[str, str] = field(default_factory=dict)
    _prepared: dict[tuple[str, tuple[str, ...] | None], PreparedReferences] = field(default_factory=dict, repr=False)
    _hashes: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def complete(self) -> bool:
        """Whether every tokenisation succeeded; only then is the split worth keeping."""
        return not self.failures

    def prepared(self, metric: Metric, ids: tuple[str, ...] | None = None) -> PreparedReferences:
        """What the metric prepares of all references, or of those of some ids; made on first use.

        Raises:
            MetricNotRunError: The references could not be tokenised for it.
        """
        if metric.tokenizer not in self.references:
            raise MetricNotRunError(
                f"The references are not tokenised with {metric.tokenizer}.",
                self.failures.get(metric.tokenizer, "They were prepared for other metrics."),
                "Prepare the split again with this metric.",
                metric=metric.id,
            )
        if (metric.id, ids) not in self._prepared:
            whole = self.references[metric.tokenizer]
            chosen = whole if ids is None else {id_: whole[id_] for id_ in ids}
            self._prepared[metric.id, ids] = metric.prepare(chosen)
        return self._prepared[metric.id, ids]

    def references_hash(self, tokenizer: str) -> str:
        """Hash over ids and tokenised references, whatever the order of ids."""
        if tokenizer not in self._hashes:
            items = sorted(self.references[tokenizer].items())
            self._hashes[tokenizer] = short_hash(json.dumps(item, ensure_ascii=True) for item in items)
        return self._hashes[tokenizer]

    def save(self, folder: Path) -> None:
        """Write the tokenised references as JSON; what metrics make of them is made again after loading."""
        folder.mkdir(parents=True, exist_ok=True)
        content = {"format": _FORMAT, "references": self.references, "failures": self.failures}
        (folder / _FILE).write_text(json.dumps(content, ensure_ascii=False, indent=0), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> PreparedSplit:
        """The split that ``save`` wrote.

        Raises:
            MissingDataError: There is none.
            CorruptDataError: The file is not what ``save`` writes.
        """
        path = folder / _FILE
        if not path.is_file():
            raise MissingDataError(
                f"There is no {path}.",
                "Expected the tokenised references of a split.",
                "Run `zsbench run` again to prepare them.",
                path=path,
            )
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise _corrupt(path) from error
        if not _is_split(content):
            raise _corrupt(path)
        return cls(references=content["references"], failures=content["failures"])


def prepare_references(references: Mapping[str, Sequence[str]], metrics: Sequence[Metric]) -> PreparedSplit:
    """Tokenise all references of a split, once for each tokenisation that a metric wants.

    A tokenisation that cannot run is noted in ``failures``; metrics that want it are then not run.

    Args:
        references: References by id, as they stand in the data, for the whole split.
        metrics: The metrics that will score.
    """
    split = PreparedSplit({})
    flat = [text for texts in references.values() for text in texts]
    for tokenizer in dict.fromkeys(metric.tokenizer for metric in metrics):
        try:
            (tokens,) = tokenize_with(tokenizer, [flat])
        except (MetricNotRunError, MissingDependencyError) as error:
            split.failures[tokenizer] = str(error)
            continue
        rest = iter(tokens)
        split.references[tokenizer] = {id_: [next(rest) for _ in texts] for id_, texts in references.items()}
    return split


def _is_split(content: object) -> bool:
    """Whether parsed JSON is what ``save`` writes."""
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        return False
    references, failures = content.get("references"), content.get("failures")
    if not isinstance(references, dict) or not isinstance(failures, dict):
        return False
    return all(isinstance(items, dict) and all(map(_are_texts, items.values())) for items in references.values())


def _are_texts(value: object) -> bool:
    """Whether a value is a list of strings."""
    return isinstance(value, list) and all(isinstance(text, str) for text in cast("list[object]", value))


def _corrupt(path: Path) -> CorruptDataError:
    """The error for a file that is not a saved split."""
    return CorruptDataError(
        f"{path} does not hold tokenised references.",
        f"Expected JSON with format {_FORMAT}.",
        "Delete the file and run `zsbench run` again.",
        path=path,
    )
