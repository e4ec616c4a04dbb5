"""What the metrics need of a machine, and whether it is there."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from zsbench.errors import MissingDependencyError, ZsbenchError
from zsbench.metrics.corenlp import VARIABLE, corenlp_cache, find_corenlp
from zsbench.metrics.java import find_jar, find_java

__all__ = ["Requirement", "iter_requirements"]

_JARS = {
    "PTB tokeniser": "tokenizer/stanford-corenlp-3.4.1.jar",
    "METEOR": "meteor/meteor-1.5.jar",
    "METEOR paraphrases": "meteor/data/paraphrase-en.gz",
    "SPICE": "spice/spice-1.0.jar",
}


@dataclass(frozen=True)
class Requirement:
    """One thing that metrics need.

    Attributes:
        name: What it is.
        ready: Whether it is there and works.
        told: Where it is, or what is wrong and what to do.
        needed_by: What is not run without it.
        optional: Whether everything else stands without it.
    """

    name: str
    ready: bool
    told: str
    needed_by: str
    optional: bool = False


def iter_requirements() -> Iterator[Requirement]:
    """Java, the jars, the models of SPICE and a temporary folder, each looked at; starts Java once."""
    texts = "BLEU, METEOR, ROUGE-L, CIDEr-D, SPICE"
    yield _look("Java", _java, texts)
    for name, jar in _JARS.items():
        needed_by = texts if name == "PTB tokeniser" else name.split()[0]
        yield _look(name, partial(_jar, jar), needed_by, optional=needed_by == "SPICE")
    yield _look("SPICE models (CoreNLP 3.6.0)", _corenlp, "SPICE", optional=True)
    yield _look("temporary folder", _temporary, texts)


def _look(name: str, find: Callable[[], str], needed_by: str, *, optional: bool = False) -> Requirement:
    """One requirement, found or not."""
    try:
        return Requirement(name, ready=True, told=find(), needed_by=needed_by, optional=optional)
    except (ZsbenchError, OSError, subprocess.SubprocessError) as error:
        return Requirement(name, ready=False, told=str(error), needed_by=needed_by, optional=optional)


def _jar(relative: str) -> str:
    """Where a jar is."""
    return str(find_jar(relative))


def _java() -> str:
    """Where Java is, and its version."""
    java = find_java()
    told = subprocess.run([str(java), "-version"], capture_output=True, timeout=60, check=True)
    version = told.stderr.decode("utf-8", "replace").partition("\n")[0].strip()
    return f"{java} ({version})"


def _corenlp() -> str:
    """Where the models of SPICE are; if they are nowhere, where they go on this machine."""
    try:
        code, models = find_corenlp(find_jar(_JARS["SPICE"]).parent / "lib")
    except MissingDependencyError as error:
        remedy = f"The usual place is {corenlp_cache()}. {error.remedy}"
        raise MissingDependencyError(error.found, error.expected, remedy) from None
    place = "named by " + VARIABLE if os.environ.get(VARIABLE) else f"looked for in {corenlp_cache()} first"
    return f"{code} and {models.name} ({place})"


def _temporary() -> str:
    """The temporary folder, if it can be written."""
    with tempfile.TemporaryDirectory(prefix="zsbench-") as name:
        (Path(name) / "probe").write_bytes(b"x")
    return tempfile.gettempdir()
