"""A guard around calls into a captioner."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from zsbench.errors import CaptionerError, ZsbenchError

if TYPE_CHECKING:
    from zsbench.registry import Owner, ResolvedCaptioner

__all__ = ["ask_fingerprint", "guarded", "told_owner"]


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


def ask_fingerprint(make: Callable[[], Any], captioner: ResolvedCaptioner) -> str:
    """What identifies the weights that a captioner, or its trainer, loads itself.

    Args:
        make: Makes it, nothing loaded.
        captioner: Whose it is.

    Raises:
        CaptionerError: It fails, or gives no text.
    """
    with guarded(captioner, "tell its fingerprint"):
        found: object = make().fingerprint
    if not isinstance(found, str) or not found:
        raise CaptionerError(
            f"The fingerprint of captioner {captioner.id!r} is {found!r}.",
            "Its needs say `own_weights`, so it is a text that changes whenever those weights do.",
            f"Give one, or take `own_weights` away; {told_owner(captioner.owner)}.",
            captioner=captioner.id,
        )
    return found


def told_owner(owner: Owner) -> str:
    """Whose a component is, for the end of a message."""
    return f"it is of plugin {owner.plugin!r} ({owner.origin})"
