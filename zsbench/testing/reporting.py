"""The kit from the shell: everything a plugin provides, and a table."""

from __future__ import annotations

from collections.abc import Sequence

from zsbench.errors import ConfigError, PluginLoadError, closest
from zsbench.plugins import PluginRecord, Plugins
from zsbench.testing import KINDS
from zsbench.testing.kit import CheckResult, Kind
from zsbench.testing.suite import CHECKS, open_subject, run_check

__all__ = ["conformance_table", "run_conformance"]

SIGNS = {"passed": "ok", "failed": "FAILED", "not applicable": "-"}


def run_conformance(
    name: str, plugins: Plugins, *, data_root: str | None = None, device: str = "cpu"
) -> list[CheckResult]:
    """Run the checks of every component that a name means.

    Args:
        name: A plugin, its distribution, or the id of a component.
        plugins: The installed plugins.
        data_root: For tasks that do not ship their data: a folder, or the id of a data root.
        device: Where captioners and encoders work: a torch device.

    Raises:
        PluginError: The plugin is not active.
        ConfigError: The name means nothing that is installed, or nothing that the kit checks.
    """
    results = []
    for kind, id_ in _find(name, plugins):
        subject = open_subject(
            kind, id_, plugins=plugins, data_root=data_root if kind == "task" else None, device=device
        )
        results += [run_check(check, subject) for check in CHECKS[kind]]
    return results


def conformance_table(results: Sequence[CheckResult]) -> str:
    """One line a check, failures explained below theirs, and a summary."""
    lines = []
    for component, kind in dict.fromkeys((result.component, result.kind) for result in results):
        lines.append(f"{kind} {component}")
        for result in results:
            if (result.component, result.kind) == (component, kind):
                lines += _lines(result)
    failed = sum(result.status == "failed" for result in results)
    passed = sum(result.status == "passed" for result in results)
    return "\n".join([*lines, f"{passed} passed, {failed} failed, {len(results) - passed - failed} not applicable"])


def _lines(result: CheckResult) -> list[str]:
    """One check for people."""
    lines = [f"  {SIGNS[result.status]:<6}  {result.check}"]
    if result.status == "failed":
        lines += [f"          found:    {result.found}", f"          expected: {result.expected}"]
        lines.append(f"          fix:      {result.fix}")
    elif result.found:
        lines[0] += f"  ({result.found.partition('. ')[0].rstrip('.')})"
    return lines


def _find(name: str, plugins: Plugins) -> list[tuple[Kind, str]]:
    """Kind and id of every component that a name means and that the kit checks."""
    named = [record for record in plugins.records if name in {record.name, record.distribution, record.target}]
    for record in named:
        if record.status != "active":
            raise _not_active(record)
    targets = {record.target for record in named}
    everything = [(kind, id_) for kind, spec in KINDS.items() for id_ in plugins.registry.ids(spec)]
    found = [
        (kind, id_)
        for kind, id_ in everything
        if id_ == name or plugins.registry.owner(KINDS[kind], id_).target in targets
    ]
    if not found:
        raise _nothing(name, named, [*(record.name for record in plugins.records), *(id_ for _, id_ in everything)])
    return found


def _not_active(record: PluginRecord) -> PluginLoadError:
    """The error of a plugin that cannot be checked."""
    return PluginLoadError(
        f"Plugin {record.name!r} is {record.status}.",
        "Only a plugin that loads can be checked.",
        record.reason,
        plugin=record.name,
        distribution=record.distribution,
    )


def _nothing(name: str, named: Sequence[PluginRecord], known: Sequence[str]) -> ConfigError:
    """The error of a name that means nothing the kit checks."""
    if named:
        found, remedy = f"Plugin {name!r} provides nothing that the kit checks.", "Nothing is to be done."
    else:
        near = closest(name, known)
        remedy = f"Did you mean {near!r}?" if near else "`zsbench plugins` lists what there is."
        found = f"Nothing installed is called {name!r}."
    return ConfigError(found, f"The kit checks: {', '.join(KINDS)}.", remedy, source="the command line", key="name")
