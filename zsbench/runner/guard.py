"""A guard around calls into a captioner."""

from __future__ import annotations

from zsbench.errors import CaptionerError, ZsbenchError

__all__ = ["guarded"]


class guarded:  # noqa: N801  reads as a statement
    """Turns whatever a plugin raises, an exit included, into a CaptionerError that names it."""

    def __init__(self, captioner: str, verb: str) -> None:
        self.captioner = captioner
        self.verb = verb

    def __enter__(self) -> None:
        """Nothing to set up."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (Exception, SystemExit)) and not isinstance(error, ZsbenchError):
            first = (str(error).strip().splitlines() or [""])[0].rstrip(".")
            raise CaptionerError(
                f"Captioner {self.captioner!r} failed to {self.verb}: {type(error).__name__}: {first}.",
                "It raises nothing for valid input.",
                "Run again with --debug for the traceback.",
                captioner=self.captioner,
            ) from error
