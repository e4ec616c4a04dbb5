"""A guard around calls into a captioner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zsbench.errors import CaptionerError, ZsbenchError

if TYPE_CHECKING:
    from zsbench.registry import Owner, ResolvedCaptioner

__all__ = ["guarded", "told_owner"]


class guarded:  # noqa: N801  reads as a statement
    """Turns whatever a plugin raises, an exit included, into a CaptionerError that names it."""

    def __init__(self, captioner: ResolvedCaptioner, verb: str) -> None:
        self.captioner = captioner
        self.verb = verb

    def __enter__(self) -> None:
        """Nothing to set up."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (Exception, SystemExit)) and not isinstance(error, ZsbenchError):
            first = (str(error).strip().splitlines() or [""])[0].rstrip(".")
            raise CaptionerError(
                f"Captioner {self.captioner.id!r} failed to {self.verb}: {type(error).__name__}: {first}.",
                "It raises nothing for valid input.",
                f"Run again with --debug for the traceback; {told_owner(self.captioner.owner)}.",
                captioner=self.captioner.id,
            ) from error


def told_owner(owner: Owner) -> str:
    """Whose a component is, for the end of a message."""
    return f"it is of plugin {owner.plugin!r} ({owner.origin})"
