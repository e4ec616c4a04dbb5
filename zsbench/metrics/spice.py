"""SPICE through its jar, where the Stanford models that it needs are installed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from zsbench.errors import MetricNotRunError, MissingDependencyError
from zsbench.interfaces.metric import PreparedReferences
from zsbench.metrics.corenlp import find_corenlp
from zsbench.metrics.java import JavaProgram, disk_failure, find_jar, private_folder, run_java
from zsbench.metrics.ptb_metric import PtbMetric, missing

__all__ = ["Spice", "spice"]

_JAR = "spice/spice-1.0.jar"
_CLASS = "edu.anu.spice.SpiceScorer"
_OPENED = ("java.lang", "java.math", "java.util", "java.util.concurrent", "java.net", "java.text")


class Spice(PtbMetric):
    """Mean F over the tuples of scene graphs, WordNet synonyms counted as equal.

    No cache between runs is kept, and nothing is ever downloaded. A caption for which SPICE gives no F makes the
    score NaN, as in the COCO caption evaluation.

    Args:
        seconds: Time limit of one call.

    Source:
        Anderson et al. 2016, section 3.
    """

    def __init__(self, *, seconds: float = 4 * 3600.0) -> None:
        self.seconds = seconds

    @property
    def id(self) -> str:
        """``spice``."""
        return "spice"

    @property
    def title(self) -> str:
        """``SPICE``."""
        return "SPICE"

    def check_available(self) -> None:
        """Raise if SPICE cannot run on this machine.

        Raises:
            MetricNotRunError: Java, the jar or the models of CoreNLP 3.6.0 are missing.
        """
        super().check_available()
        try:
            _class_path()
        except MissingDependencyError as error:
            raise missing(error, metric=self.id) from error

    def prepare(self, references: Mapping[str, Sequence[str]]) -> PreparedReferences:
        """Keep the references as they are."""
        return {id_: list(texts) for id_, texts in references.items()}

    def statistics(self, predictions: Mapping[str, str], prepared: PreparedReferences) -> NDArray[np.float64]:
        """``(N, 1)`` the F of each example.

        Raises:
            MetricNotRunError: The jar failed or did not answer for every example.
        """
        references = cast("dict[str, list[str]]", prepared)
        asked = [
            {"image_id": row, "test": text, "refs": references[id_]}
            for row, (id_, text) in enumerate(predictions.items())
        ]
        try:
            found = self._run(asked) if asked else []
        except OSError as error:
            raise disk_failure(self.id, error) from error
        answers = {int(item["image_id"]): item["scores"]["All"]["f"] for item in found}
        if len(answers) != len(asked):
            raise MetricNotRunError(
                f"SPICE answered for {len(answers)} examples.",
                f"It was expected to answer for {len(asked)}.",
                "Report this with the predictions.",
                metric=self.id,
            )
        return np.array([_number(answers[row]) for row in range(len(asked))], dtype=np.float64).reshape(-1, 1)

    def _run(self, asked: Sequence[Mapping[str, object]]) -> list[dict[str, Any]]:
        """What the jar answers."""
        with private_folder() as folder:
            (folder / "in.json").write_text(json.dumps(list(asked)), encoding="utf-8")
            opened = tuple(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED)
            arguments = (*opened, "-cp", _class_path(), _CLASS, "in.json", "-out", "out.json", "-silent")
            run_java(JavaProgram(metric=self.id, arguments=arguments, heap="8G", seconds=self.seconds, folder=folder))
            answer: list[dict[str, Any]] = json.loads((folder / "out.json").read_text(encoding="utf-8"))
            return answer

    def aggregate_sums(self, sums: NDArray[np.float64], count: int | NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean, ``(R,)``."""
        return np.asarray(sums[:, 0] / count, dtype=np.float64)

    def signature_fields(self, prepared: PreparedReferences) -> dict[str, str]:
        """``spice``: version and parser."""
        return {"spice": "1.0-corenlp-3.6.0"}


def _class_path() -> str:
    """SPICE, its libraries and CoreNLP 3.6.0.

    Raises:
        MissingDependencyError: One of them is not there.
    """
    jar = find_jar(_JAR)
    library = jar.parent / "lib"
    found = find_corenlp(library)
    return os.pathsep.join([str(jar), *map(str, found), *(str(path) for path in sorted(library.glob("*.jar")))])


def _number(value: object) -> float:
    """A JSON number, NaN for anything else."""
    return float(value) if isinstance(value, int | float) else float("nan")


def spice() -> Spice:
    """SPICE."""
    return Spice()
