"""METEOR 1.5 through its jar, with the statistics of every example kept.

The jar scores a corpus from the column sums of its statistics, so a resample is scored here without Java.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from zsbench.errors import MetricNotRunError, MissingDependencyError
from zsbench.interfaces.metric import PreparedReferences
from zsbench.metrics.java import JavaProgram, JavaServer, find_jar
from zsbench.metrics.ptb_metric import PtbMetric, missing
from zsbench.metrics.sanitize import sanitize_caption

__all__ = ["COLUMNS", "Meteor", "meteor"]

COLUMNS = 23
"""Statistics a line: lengths, function words, matches by four modules, chunks, matched words."""

_JAR = "meteor/meteor-1.5.jar"
_PARAPHRASES = "data/paraphrase-en.gz"
"""Named on the command line, for the jar does not find it by itself where its path holds a space."""

_FLAGS = ("-", "-", "-stdio", "-l", "en", "-norm")
_FRUGAL = ("-XX:+UseSerialGC", "-Xmn64m")
"""Java's own collector lets the heap grow to more than a gigabyte; this one needs half of it, and as long."""
_SEPARATOR = " ||| "
_MODULE_WEIGHTS = np.array([1.0, 0.6, 0.8, 0.6])  # exact, stem, synonym, paraphrase
_ALPHA, _BETA, _GAMMA, _DELTA = 0.85, 0.2, 0.6, 0.75


class Meteor(PtbMetric):
    """METEOR 1.5 for English, scored for the corpus as the jar's EVAL does.

    The jar's lines are separated by ``|||``; these three signs are taken out of captions and of references. An empty
    caption is passed on and scores 0.

    Args:
        seconds: Time limit of one call.

    Source:
        Denkowski and Lavie 2014, section 2, with the tuned weights of the English "rank" task.
    """

    def __init__(self, *, seconds: float = 3600.0) -> None:
        self.seconds = seconds
        self._server: JavaServer | None = None

    @property
    def id(self) -> str:
        """``meteor``."""
        return "meteor"

    @property
    def title(self) -> str:
        """``METEOR``."""
        return "METEOR"

    def check_available(self) -> None:
        """Raise if METEOR cannot run on this machine.

        Raises:
            MetricNotRunError: Java or the jar is missing.
        """
        super().check_available()
        try:
            find_jar(_JAR)
        except MissingDependencyError as error:
            raise missing(error, metric=self.id) from error

    def prepare(self, references: Mapping[str, Sequence[str]]) -> PreparedReferences:
        """Write the references of each image as the middle of the jar's line."""
        return {id_: _SEPARATOR.join(map(_field, texts)) for id_, texts in references.items()}

    def statistics(self, predictions: Mapping[str, str], prepared: PreparedReferences) -> NDArray[np.float64]:
        """``(N, 23)`` statistics of each caption with the reference that suits it best.

        The jar takes ten seconds to start, so one process serves every call until ``close``.

        Raises:
            MetricNotRunError: The jar failed, or gave something else than one line of statistics a caption.
        """
        if not predictions:
            return np.zeros((0, COLUMNS))
        references = cast("dict[str, str]", prepared)
        lines = [f"SCORE{_SEPARATOR}{references[id_]}{_SEPARATOR}{_field(text)}" for id_, text in predictions.items()]
        return _forget_perfect_chunks(_read_statistics(self._ask(lines), len(lines)))

    def close(self) -> None:
        """End the Java process, if there is one."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _ask(self, lines: Sequence[str]) -> list[str]:
        """What the jar answers."""
        if self._server is None:
            jar = find_jar(_JAR)
            arguments = (*_FRUGAL, "-jar", str(jar), *_FLAGS, "-a", str(jar.parent / _PARAPHRASES))
            self._server = JavaServer(JavaProgram(metric=self.id, arguments=arguments, seconds=self.seconds))
        return self._server.ask(lines)

    def aggregate_sums(self, sums: NDArray[np.float64], count: int | NDArray[np.float64]) -> NDArray[np.float64]:
        """METEOR from summed statistics, ``(R,)``; the number of examples plays no part."""
        length, function = sums[:, 0:2], sums[:, 2:4]  # of the caption, of the reference
        content, functional = _matches(sums)  # (R, 4, 2) each
        weighted = np.einsum("rms,m->rs", _DELTA * content + (1 - _DELTA) * functional, _MODULE_WEIGHTS)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = weighted / (_DELTA * (length - function) + (1 - _DELTA) * function)  # precision, recall
            mean = 1 / ((1 - _ALPHA) / ratio[:, 0] + _ALPHA / ratio[:, 1])
            fragments = sums[:, 20] / ((sums[:, 21] + sums[:, 22]) / 2)
        fragments = np.where(_is_perfect(sums), 0.0, fragments)
        scores = np.nan_to_num(mean * (1 - _GAMMA * fragments**_BETA), nan=0.0)
        return np.asarray(np.maximum(scores, 0.0), dtype=np.float64)

    def signature_fields(self, prepared: PreparedReferences) -> dict[str, str]:
        """``meteor``: version, language and normalisation."""
        return {"meteor": "1.5-en-norm"}


def _matches(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matched content words and matched function words, ``(N, 4, 2)`` by module, of caption and reference."""
    modules = rows[:, 4:20].reshape(-1, 4, 4)
    return modules[..., 0:2], modules[..., 2:4]


def _is_perfect(rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether every word is matched in one chunk, ``(N,)``."""
    content, functional = _matches(rows)
    complete = (content + functional).sum(axis=1) == rows[:, 0:2]
    return np.asarray(complete.all(axis=1) & (rows[:, 20] == 1), dtype=np.bool_)


def _forget_perfect_chunks(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rows with no chunk in a perfect match: they count neither alone nor in the jar's corpus sums."""
    rows[:, 20] = np.where(_is_perfect(rows), 0.0, rows[:, 20])
    return rows


def _field(text: str) -> str:
    """A caption as one field of the jar's line."""
    return sanitize_caption(text).replace("|||", "").replace("  ", " ")


def _read_statistics(output: Sequence[str], expected: int) -> NDArray[np.float64]:
    """The jar's lines as ``(N, 23)``, checked."""
    rows = [line.split() for line in output]
    if len(rows) != expected or any(len(row) != COLUMNS for row in rows):
        odd = next((" ".join(row) for row in rows if len(row) != COLUMNS), "nothing odd but their number")
        raise MetricNotRunError(
            f"METEOR answered {len(rows)} lines, among them: {odd[:200]}.",
            f"It was expected to answer {expected} lines of {COLUMNS} numbers.",
            "Report this with the predictions.",
            metric="meteor",
        )
    return np.array(rows, dtype=np.float64)


def meteor() -> Meteor:
    """METEOR 1.5."""
    return Meteor()
