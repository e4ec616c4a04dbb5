"""The kit's own parts: a check, its subject, what came of it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from zsbench.errors import ConformanceError, MissingDataError, MissingWeightsError

__all__ = [
    "CHECKS",
    "Check",
    "CheckResult",
    "NotApplicable",
    "check_for",
    "conforms",
    "raise_unless_passed",
    "run_check",
]

Kind = Literal["captioner", "gap-model", "task", "encoder", "metric"]
KINDS: tuple[Kind, ...] = ("captioner", "gap-model", "task", "encoder", "metric")


class NotApplicable(Exception):  # noqa: N818  it is no error: the check has nothing to look at
    """A check has nothing to look at in a component, such as the training of one that has none."""


@dataclass(frozen=True)
class Check:
    """One property of one kind of component.

    Attributes:
        name: In kebab-case, unique within its kind.
        kind: What it looks at.
        function: Takes the subject; returns nothing, or raises ConformanceError or NotApplicable.
    """

    name: str
    kind: Kind
    function: Callable[[Any], None]

    @property
    def promise(self) -> str:
        """What conforming components promise: the first line of the function's docstring."""
        return (self.function.__doc__ or "").strip().partition("\n")[0]


@dataclass(frozen=True)
class CheckResult:
    """What came of one check of one component.

    Attributes:
        component: Its id.
        kind: Its kind.
        check: The check's name.
        status: passed, failed, or not applicable.
        found: What was found, or why the check does not apply.
        expected: What a conforming component does.
        fix: What to change.
    """

    component: str
    kind: str
    check: str
    status: Literal["passed", "failed", "not applicable"]
    found: str = ""
    expected: str = ""
    fix: str = ""


CHECKS: dict[Kind, list[Check]] = {kind: [] for kind in KINDS}
"""Every check, by kind, in the order in which they run."""


def check_for(*kinds: Kind) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Enter a function ``check_<kind>_<property>`` or ``check_<property>`` as a check of some kinds."""

    def _enter(function: Callable[[Any], None]) -> Callable[[Any], None]:
        for kind in kinds:
            name = function.__name__.removeprefix("check_").removeprefix(f"{kind.replace('-', '_')}_")
            CHECKS[kind].append(Check(name.replace("_", "-"), kind, function))
        return function

    return _enter


def conforms(condition: object, found: str, expected: str, fix: str) -> None:
    """Refuse a component that does not keep one property.

    Raises:
        ConformanceError: The condition does not hold.
    """
    if not condition:
        raise ConformanceError(f"{found}.", f"{expected}.", f"{fix}.")


def run_check(check: Check, subject: Any) -> CheckResult:
    """Run one check in a guard: whatever the component raises fails the check and stops nothing."""
    name = str(subject.name)
    try:
        check.function(subject)
    except NotApplicable as reason:
        return CheckResult(name, check.kind, check.name, "not applicable", str(reason))
    except ConformanceError as error:
        return CheckResult(name, check.kind, check.name, "failed", error.found, error.expected, error.remedy)
    except (Exception, SystemExit) as error:  # noqa: BLE001  the component's own, whatever it is
        if isinstance(error, MissingWeightsError) or _lacks_data(error):
            return CheckResult(name, check.kind, check.name, "not applicable", str(error))
        return _raised(name, check, error)
    return CheckResult(name, check.kind, check.name, "passed")


def raise_unless_passed(result: CheckResult) -> None:
    """Turn a failed result into an error.

    Raises:
        ConformanceError: It failed.
    """
    if result.status == "failed":
        raise ConformanceError(f"{result.component}, {result.check}: {result.found}", result.expected, result.fix)


def _lacks_data(error: BaseException) -> bool:
    """Whether a task says that a file is missing which is missing."""
    return isinstance(error, MissingDataError) and not Path(error.path).is_file()


def _raised(name: str, check: Check, error: BaseException) -> CheckResult:
    """The result of a check on which the component raised."""
    line = traceback.extract_tb(error.__traceback__)[-1]
    found = f"It raised {type(error).__name__}: {str(error).rstrip('.')}."
    fix = f"Look at {line.filename}:{line.lineno}."
    return CheckResult(name, check.kind, check.name, "failed", found, "It raises nothing for valid input.", fix)
