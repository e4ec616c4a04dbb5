"""The conformance kit: what a captioner, a gap model, a task, an encoder or a metric of a plugin has to keep.

::

    from zsbench.testing import check_captioner

    def test_conformance():
        check_captioner("my-captioner")

or, each check a test of its own::

    @pytest.mark.zsbench("captioner", "my-captioner")
    def test_conformance(zsbench_check):
        assert zsbench_check().status == "passed"

or, from the shell, ``zsbench plugins check my-captioner``.

Fakes for tests of your own are in ``zsbench.testing.fakes``. ``swap_captions`` makes a worse copy of a run, to see a
gate fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.errors import ConformanceError
from zsbench.interfaces import specs

if TYPE_CHECKING:
    from zsbench.interfaces import Encoder
    from zsbench.testing.kit import Check, CheckResult, Kind

__all__ = [
    "KINDS",
    "ConformanceError",
    "check_captioner",
    "check_encoder",
    "check_gap_model",
    "check_metric",
    "check_task",
    "iter_checks",
    "swap_captions",
]

KINDS: dict[Kind, type[specs.Spec]] = {
    "captioner": specs.CaptionerSpec,
    "gap-model": specs.GapModelSpec,
    "task": specs.TaskSpec,
    "encoder": specs.EncoderSpec,
    "metric": specs.MetricSpec,
}
"""The spec's class of each kind of component that the kit checks."""


def check_captioner(
    captioner: str | specs.CaptionerSpec,
    *,
    settings: Mapping[str, Any] | None = None,
    encoder: Encoder | None = None,
    device: str = "cpu",
) -> list[CheckResult]:
    """Assert that a captioner keeps its contract.

    Args:
        captioner: Its id, or a spec of its own.
        settings: Its settings, nested as its config is; few training steps make the kit fast.
        encoder: What it gets instead of the fake encoder of 512 dimensions.
        device: Where it works; on an accelerator its memory is watched too.

    Returns:
        What came of each check.

    Raises:
        ConformanceError: The first check that fails: what was found, what was expected, how to fix it.
    """
    return _check("captioner", captioner, settings=settings or {}, encoder=encoder, device=device)


def check_gap_model(
    gap_model: str | specs.GapModelSpec, *, settings: Mapping[str, Any] | None = None
) -> list[CheckResult]:
    """Assert that a gap model keeps its contract; arguments and errors as those of ``check_captioner``."""
    return _check("gap-model", gap_model, settings=settings or {})


def check_task(
    task: str | specs.TaskSpec, *, data_root: Path | str | None = None, settings: Mapping[str, Any] | None = None
) -> list[CheckResult]:
    """Assert that a task keeps its contract.

    Args:
        task: Its id, or a spec of its own.
        data_root: The folder of its data, or the id of a data root; None if it ships them.
        settings: As those of ``check_captioner``.

    Raises:
        ConformanceError: As ``check_captioner``.
    """
    return _check("task", task, settings=settings or {}, data_root=data_root)


def check_encoder(
    encoder: str | specs.EncoderSpec, *, settings: Mapping[str, Any] | None = None, device: str = "cpu"
) -> list[CheckResult]:
    """Assert that an encoder keeps its contract; arguments and errors as those of ``check_captioner``."""
    return _check("encoder", encoder, settings=settings or {}, device=device)


def check_metric(metric: str | specs.MetricSpec) -> list[CheckResult]:
    """Assert that a metric keeps its contract; errors as those of ``check_captioner``."""
    return _check("metric", metric)


def iter_checks(kind: Kind) -> list[Check]:
    """Every check of a kind of component, in the order in which they run."""
    from zsbench.testing.suite import CHECKS

    return list(CHECKS[kind])


def swap_captions(run: Path, output: Path, share: float, *, seed: int = 0, data_root: str = "") -> Path:
    """Write a copy of a run in which a share of each cell's predictions has gone to other examples, scored again.

    Args:
        run: A run folder.
        output: The results folder of the copy.
        share: Of the predictions of each cell, 0 to 1.
        seed: Of the choice.
        data_root: Folder or id of the data; empty for the run's, if that is a registered id.

    Returns:
        The folder of the copy.

    Raises:
        ConfigError: The share is not within 0 and 1.
    """
    from zsbench.gate import perturb
    from zsbench.plugins import load_plugins

    return perturb.swap_captions(run, output, share, load_plugins().registry, seed=seed, data_root=data_root)


def _check(kind: Kind, component: str | specs.Spec, **options: Any) -> list[CheckResult]:
    """Run every check of a kind; the first that fails is raised."""
    from zsbench.testing.kit import raise_unless_passed
    from zsbench.testing.suite import CHECKS, open_subject, run_check

    subject = open_subject(kind, component, **options)
    results = []
    for check in CHECKS[kind]:
        results.append(run_check(check, subject))
        raise_unless_passed(results[-1])
    return results
