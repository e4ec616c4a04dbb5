"""All checks, and the subjects they look at, found through the installed plugins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zsbench.data_roots import find_data_root
from zsbench.interfaces import Encoder, Spec
from zsbench.plugins import Plugins, load_plugins
from zsbench.store import default_cache
from zsbench.testing import (
    KINDS,
    captioner_checks,
    encoder_checks,
    gap_checks,
    metric_checks,
    spec_checks,
    task_checks,
    training_checks,
)
from zsbench.testing.kit import CHECKS, Kind, run_check
from zsbench.testing.subjects import SubjectOptions, make_subject

__all__ = ["CHECKS", "ROOMS", "open_subject", "run_check"]

ROOMS = (
    spec_checks,
    captioner_checks,
    training_checks,
    gap_checks,
    task_checks,
    encoder_checks,
    metric_checks,
)
"""The modules that enter checks, in the order in which their checks run."""
for _checks in CHECKS.values():
    _checks.sort(key=lambda check: [room.__name__ for room in ROOMS].index(check.function.__module__))


def open_subject(
    kind: Kind,
    component: str | Spec,
    *,
    settings: Mapping[str, Any] | None = None,
    data_root: Path | str | None = None,
    encoder: Encoder | None = None,
    device: str = "cpu",
    plugins: Plugins | None = None,
) -> Any:
    """The subject of a component, by id or by spec.

    Args:
        kind: The kind of component.
        component: Its id, or a spec of its own.
        settings: Its settings.
        data_root: A folder, or the id of a data root.
        encoder: What captioners get instead of the fake encoder.
        device: Where captioners and encoders work.
        plugins: Where ids are looked up; None for the installed ones.
    """
    plugins = load_plugins() if plugins is None else plugins
    root = None if data_root is None else find_data_root(str(data_root), plugins.registry, default_cache())
    options = SubjectOptions(settings or {}, root, encoder, device)
    return make_subject(KINDS[kind], component, plugins.registry, options)
