"""Penn Treebank tokenisation, as every captioning paper uses it.

The tokens are those of ``PTBTokenizer -preserveLines -lowerCase`` of Stanford CoreNLP 3.4.1, without the punctuation
of the COCO caption evaluation. The tokeniser looks across the end of a line (``no.`` keeps its period only before a
line that begins with a digit), so captions are tokenised in blocks, one file a block, and equal pycocoevalcap's
tokens whenever a block is what pycocoevalcap would have been given in one call.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zsbench.errors import MetricNotRunError
from zsbench.metrics.java import JavaProgram, disk_failure, find_jar, find_java, private_folder, run_java
from zsbench.metrics.sanitize import sanitize_caption

__all__ = ["PUNCTUATION", "TOKENIZER", "check_ptb_available", "tokenize_blocks", "tokenize_captions"]

TOKENIZER = "ptb-3.4.1"
"""The name of this tokenisation in signatures."""

PUNCTUATION = frozenset(
    ("''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--", "...", ";")
)
"""Tokens that are dropped. Bracket names come out in lower case and are therefore kept, as in published scores."""

_JAR = "tokenizer/stanford-corenlp-3.4.1.jar"
_CLASS = "edu.stanford.nlp.process.PTBTokenizer"
_SECONDS = 900.0


def check_ptb_available() -> None:
    """Raise if the tokeniser cannot run here.

    Raises:
        MissingDependencyError: Java or the jar is missing.
    """
    find_java()
    find_jar(_JAR)


def tokenize_captions(captions: Sequence[str]) -> list[str]:
    """Tokens of each caption, joined by spaces, in the order given; any number of captions in one Java run.

    Raises:
        MissingDependencyError: Java or the jar is missing.
        MetricNotRunError: The tokeniser failed, or gave another number of lines than it was given.
    """
    return tokenize_blocks([captions])[0]


def tokenize_blocks(blocks: Sequence[Sequence[str]]) -> list[list[str]]:
    """Tokens of several blocks of captions in one Java run; no block can influence another.

    Raises:
        MissingDependencyError: Java or the jar is missing.
        MetricNotRunError: The tokeniser failed, gave another number of lines than it was given, or the disk is full.
    """
    try:
        return _tokenize_files(blocks)
    except OSError as error:
        raise disk_failure(TOKENIZER, error) from error


def _tokenize_files(blocks: Sequence[Sequence[str]]) -> list[list[str]]:
    """Tokens of several blocks, each through a file of its own."""
    with private_folder() as folder:
        filled = [index for index, block in enumerate(blocks) if block]
        for index in filled:
            lines = "\n".join(sanitize_caption(caption) for caption in blocks[index])
            (folder / f"{index}.in").write_bytes(lines.encode("utf-8"))
        if filled:
            _run_tokenizer(folder, filled)
        return [_read_block(folder, index, len(block)) if block else [] for index, block in enumerate(blocks)]


def _run_tokenizer(folder: Path, indices: Sequence[int]) -> None:
    """Write ``<index>.out`` for every ``<index>.in``; names are relative, for the list is split at spaces."""
    (folder / "list").write_text("".join(f"{index}.in {index}.out\n" for index in indices), encoding="utf-8")
    arguments = ("-cp", str(find_jar(_JAR)), _CLASS, "-preserveLines", "-lowerCase", "-ioFileList", "list")
    run_java(JavaProgram(metric=TOKENIZER, arguments=arguments, seconds=_SECONDS, folder=folder))


def _read_block(folder: Path, index: int, expected: int) -> list[str]:
    """The tokens of one block, checked to be one line a caption."""
    lines = (folder / f"{index}.out").read_bytes().decode("utf-8").split("\n")
    if len(lines) != expected:
        raise MetricNotRunError(
            f"The tokeniser gave {len(lines)} lines.",
            f"It was expected to give one line for each of {expected} captions.",
            "Report this with the predictions, for a caption holds a character that is taken for a line end.",
            metric=TOKENIZER,
        )
    return [_without_punctuation(line) for line in lines]


def _without_punctuation(line: str) -> str:
    """The words of one line of tokens."""
    return " ".join(word for word in line.rstrip().split(" ") if word not in PUNCTUATION)
