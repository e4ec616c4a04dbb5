"""One plugin read in its guard: its module imported, its hooks called, what they return checked to be specs."""

from __future__ import annotations

import traceback
from typing import Any

import pluggy

from zsbench import hookspecs
from zsbench.errors import PluginContractError, PluginError, PluginLoadError, closest
from zsbench.interfaces import specs
from zsbench.plugins.sources import PluginSource
from zsbench.registry import Owner

__all__ = ["HOOKS", "find_failing_line", "read_plugin"]

HOOKS: dict[str, type[specs.Spec]] = {
    "zsbench_captioners": specs.CaptionerSpec,
    "zsbench_gap_models": specs.GapModelSpec,
    "zsbench_tasks": specs.TaskSpec,
    "zsbench_corpora": specs.CorpusSpec,
    "zsbench_encoders": specs.EncoderSpec,
    "zsbench_metrics": specs.MetricSpec,
    "zsbench_engines": specs.EngineSpec,
    "zsbench_matrices": specs.MatrixSpec,
    "zsbench_data_roots": specs.DataRootSpec,
}


def read_plugin(source: PluginSource) -> list[specs.Spec]:
    """Everything a plugin's hooks return, in the order of the hooks.

    Raises:
        PluginLoadError: It could not be imported.
        PluginContractError: It registers what is no hook, or a hook fails or returns something else than its specs.
    """
    owner = source.owner
    try:
        module = source.import_module()
    except (Exception, SystemExit) as error:
        raise _load_error(owner, error) from error
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, name=owner.plugin)
        manager.check_pending()
    except (ValueError, pluggy.PluginValidationError) as error:
        raise _contract(
            owner, f"It registers something that is no hook: {_told(error)}", _hook_remedy(module)
        ) from error
    found: list[specs.Spec] = []
    for name, kind in HOOKS.items():
        for implementation in getattr(manager.hook, name).get_hookimpls():
            found += _call(implementation.function, name, kind, owner)
    return found


def find_failing_line(error: PluginError, owner: Owner) -> str:
    """``file:line`` where a plugin's own code stopped; empty if it never ran."""
    cause = error.__cause__
    if isinstance(cause, SyntaxError) and cause.filename:
        return f"{cause.filename}:{cause.lineno}"
    frames = [] if cause is None else traceback.extract_tb(cause.__traceback__)
    top = owner.target.partition(":")[0].partition(".")[0]
    own = [
        frame for frame in frames if owner.target == frame.filename or f"/{top}" in frame.filename.replace("\\", "/")
    ]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else ""


def _call(function: Any, name: str, kind: type[specs.Spec], owner: Owner) -> list[specs.Spec]:
    """What one hook returns, checked to be specs of the hook's kind."""
    try:
        returned = list(function())
    except (Exception, SystemExit) as error:
        raise _contract(owner, f"Its hook {name} failed: {_told(error)}") from error
    wrong = next((item for item in returned if type(item) is not kind), None)
    if wrong is not None:
        raise _contract(owner, f"Its hook {name} returns {wrong!r}, not a {kind.__name__}")
    return returned


def _load_error(owner: Owner, error: BaseException) -> PluginLoadError:
    """The error of a plugin that cannot be imported, with the remedy of its cause."""
    module = owner.target.partition(":")[0]
    missing = error.name if isinstance(error, ModuleNotFoundError) and error.name else ""
    if missing and not f"{module}.".startswith(f"{missing}."):
        remedy = f"Install what it misses: `python -m pip install {missing.partition('.')[0]}`"
    elif missing or isinstance(error, AttributeError):
        remedy = f"Its entry point is stale: reinstall it, or `python -m pip uninstall {_installed(owner)}`"
    elif owner.target.endswith(".py"):
        remedy = "Correct the file"
    else:
        remedy = f"Ask its author, update it, or `python -m pip uninstall {_installed(owner)}`"
    return PluginLoadError(
        f"Plugin {owner.plugin!r} ({owner.origin}) did not load: {_told(error)}.",
        f"The module {owner.target!r} can be imported.",
        f"{remedy}; until then leave it out with `-p no:{owner.plugin}`.",
        plugin=owner.plugin,
        distribution=owner.distribution,
    )


def _contract(owner: Owner, what: str, remedy: str = "Correct the plugin") -> PluginContractError:
    """The error of a plugin that does not keep its contract."""
    return PluginContractError(
        f"Plugin {owner.plugin!r} ({owner.origin}) breaks its contract. {what}.",
        "Hooks are those of zsbench.hookspecs and return iterables of specs.",
        f"{remedy}, or leave it out with `-p no:{owner.plugin}`.",
        plugin=owner.plugin,
        distribution=owner.distribution,
    )


def _hook_remedy(module: object) -> str:
    """What to rename, if a name of the module is nearly that of a hook."""
    for name in vars(module):
        near = closest(name, HOOKS) if name.startswith("zsbench_") and name not in HOOKS else None
        if near is not None:
            return f"Rename {name} to {near}"
    return "Correct the plugin"


def _installed(owner: Owner) -> str:
    """What pip calls it."""
    return owner.distribution or owner.plugin


def _told(error: BaseException) -> str:
    """The kind and the first line of an error."""
    first = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
