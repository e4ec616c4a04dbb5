"""Factories of components: what each is called, which modules hold it, and which cannot be told apart."""

from __future__ import annotations

import functools
import inspect
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zsbench.code.modules import is_bytecode
from zsbench.errors import PluginContractError

if TYPE_CHECKING:
    from zsbench.interfaces.specs import Factory

__all__ = ["check_factory", "code_modules", "name_factory"]

PLAIN = (str, int, float, bool, type(None))


def name_factory(factory: Factory) -> str:
    """A factory's name, the same in every process: ``package.module:name``, with what a partial binds."""
    if isinstance(factory, str):
        return factory
    if isinstance(factory, functools.partial):
        bound = [[_plain(value) for value in factory.args], {k: _plain(v) for k, v in factory.keywords.items()}]
        return f"{name_factory(factory.func)} with {json.dumps(bound, sort_keys=True)}"
    return f"{factory.__module__}:{factory.__qualname__}"


def code_modules(factory: Factory) -> frozenset[str]:
    """The modules that hold a factory: a class's own and those of its bases, and those of what a partial binds."""
    if isinstance(factory, str):
        return frozenset({factory.partition(":")[0]} - {""})
    if isinstance(factory, functools.partial):
        bound = (factory.func, *factory.args, *factory.keywords.values())
        return frozenset[str]().union(*(code_modules(part) for part in bound if callable(part)))
    classes = factory.__mro__ if isinstance(factory, type) else (factory,)
    return frozenset(one.__module__ for one in classes if one.__module__ != "builtins")


def check_factory(factory: Factory, *, owner: str) -> None:
    """Refuse a factory whose code cannot be found again: results could not be told from those of another one.

    Args:
        factory: An import string, a class, a function, or a ``functools.partial`` of one.
        owner: The plugin that registers it.

    Raises:
        PluginContractError: It is a lambda, stands inside a function or in a notebook, binds an object, or has no
            source.
    """
    problem = _find_problem(factory)
    if problem:
        raise PluginContractError(
            f"A factory of plugin {owner!r} {problem}.",
            "A factory is `package.module:name`, or a class or function at the top of a module that is a file.",
            "Write it as such; from a notebook, write the class to a `.py` file and give that with `-p FILE.py`.",
            plugin=owner,
        )


def _find_problem(factory: Any) -> str:
    """What is wrong with a factory; empty if nothing."""
    if isinstance(factory, str):
        module = factory.partition(":")[0]
        return f"is of {module}, which is there without its source" if module and is_bytecode(module) else ""
    if isinstance(factory, functools.partial):
        parts = (factory.func, *factory.args, *factory.keywords.values())
        return next(filter(None, map(_find_problem_of_bound, parts)), "")
    if inspect.ismethod(factory):
        return f"is the method {factory.__qualname__}, whose object is in no key"
    return _find_problem_of_name(factory, getattr(factory, "__qualname__", ""), getattr(factory, "__module__", ""))


def _find_problem_of_name(factory: Any, name: str, module: str) -> str:
    """What is wrong with the name of a class or function; empty if it leads there."""
    holder = sys.modules.get(module or "")
    if not name or not module:
        return f"is {type(factory).__name__} {factory!r}, which has no name"
    if "<lambda>" in name or "<locals>" in name:
        return f"is {name}, which has no name in its module"
    if getattr(holder, "__file__", None) is None or not _has_file(factory):
        return f"is {name} of {module}, which is no file"
    if _look_up(holder, name) is not factory:
        return f"says that it is {name} of {module}, where another thing has that name"
    return ""


def _look_up(holder: Any, name: str) -> Any:
    """What a module has under a qualified name; None if nothing."""
    for part in name.split("."):
        holder = getattr(holder, part, None)
    return holder


def _find_problem_of_bound(value: Any) -> str:
    """What is wrong with something that a partial calls or binds."""
    if callable(value):
        return _find_problem(value)
    try:
        _plain(value)
    except TypeError:
        return f"binds {type(value).__name__} {value!r}, which is no plain value"
    return ""


def _has_file(factory: Any) -> bool:
    """Whether the code of a class or function stands in a file, as it does not in a notebook's cell."""
    parts = vars(factory).values() if isinstance(factory, type) else (factory,)
    codes = [part.__code__ for part in parts if inspect.isfunction(part)]
    return all(Path(code.co_filename).is_file() or _is_generated(code.co_filename) for code in codes)


def _is_generated(name: str) -> bool:
    """Whether a name is what a library of Python gives code that it writes itself, as dataclasses do."""
    return name == "<string>" or "/dataclasses" in name


def _plain(value: Any) -> Any:
    """A bound value as JSON; a callable by its name.

    Raises:
        TypeError: It is neither.
    """
    if callable(value):
        return name_factory(value)
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if not isinstance(value, PLAIN):
        raise TypeError(f"{value!r} is no plain value")
    return value
