"""Factories have names that are the same in every process, or are refused when they are registered."""

from __future__ import annotations

import functools
import py_compile
import sys
import types

import pytest

from zsbench.code import check_factory, code_modules, name_factory
from zsbench.errors import PluginContractError
from zsbench.interfaces import CaptionerSpec
from zsbench.registry import Owner, Registry


class Made:
    """A class at the top of a module."""


class Below(Made):
    """Another."""


class Alternative:
    """Has factories as methods."""

    @classmethod
    def make(cls, config):
        return cls()

    def made(self, config):
        return self


def make(*parts):
    """A function at the top of a module."""
    return parts


def in_a_notebook():
    """A class as a notebook's cell defines it."""
    cell = types.ModuleType("__main__")
    text = "class Cell:\n    def caption(self):\n        pass\n"
    exec(compile(text, "<ipython-input-3>", "exec"), cell.__dict__)  # noqa: S102  as a notebook does
    return cell.Cell


def in_a_function():
    """A class that a function defines."""

    class Inner:
        pass

    return Inner


class Renamed(Made):
    """Says that it is another."""


Renamed.__qualname__ = "Made"

REFUSED = {
    "a method of a class": (Alternative.make, "method"),
    "a method of an object": (Alternative().made, "method"),
    "a class by another's name": (Renamed, "another thing"),
    "a lambda": (lambda config: config, "lambda"),
    "a class of a function": (in_a_function(), "<locals>"),
    "a class of a notebook": (in_a_notebook(), "no file"),
    "an object": (Made(), "no name"),
    "a partial of a lambda": (functools.partial(lambda config: config), "lambda"),
    "a partial that binds an object": (functools.partial(make, object()), "no plain value"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_factory_whose_code_cannot_be_found_again_is_refused_with_the_remedy(name):
    """Its plugin is named, and what to write instead."""
    factory, problem = REFUSED[name]
    with pytest.raises(PluginContractError, match=problem) as caught:
        check_factory(factory, owner="stranger")
    assert "'stranger'" in str(caught.value)
    assert "-p FILE.py" in str(caught.value)


def test_a_spec_with_such_a_factory_is_refused_when_it_is_registered():
    """Not when it runs."""
    spec = CaptionerSpec(id="says", factory=lambda config: config)
    with pytest.raises(PluginContractError, match="lambda"):
        Registry().add(spec, Owner("stranger"))


def test_a_factory_of_a_module_without_source_is_refused_when_it_is_registered(tmp_path, monkeypatch):
    """Bytecode alone says nothing that can be compared; nothing is imported to find out."""
    (tmp_path / "zfb.py").write_text("class B:\n    pass\n", encoding="utf-8")
    py_compile.compile(str(tmp_path / "zfb.py"), cfile=str(tmp_path / "zfb.pyc"))
    monkeypatch.syspath_prepend(tmp_path)
    check_factory("zfb:B", owner="stranger")
    (tmp_path / "zfb.py").unlink()
    with pytest.raises(PluginContractError, match="without its source"):
        check_factory("zfb:B", owner="stranger")
    assert "zfb" not in sys.modules


@pytest.mark.parametrize(
    ("factory", "name"),
    [
        ("package.module:Class", "package.module:Class"),
        (Made, f"{__name__}:Made"),
        (make, f"{__name__}:make"),
        (functools.partial(make, 1, kind="x"), f'{__name__}:make with [[1], {{"kind": "x"}}]'),
        (functools.partial(make, Made), f'{__name__}:make with [["{__name__}:Made"], {{}}]'),
        (functools.partial(functools.partial(make, [1]), (2, None)), f"{__name__}:make with [[[1], [2, null]], {{}}]"),
    ],
)
def test_a_factory_has_a_name_without_an_address(factory, name):
    """What a partial binds is part of it."""
    check_factory(factory, owner="stranger")
    assert name_factory(factory) == name


def test_the_modules_of_a_class_are_those_of_its_bases_too():
    """And those of what a partial binds."""
    assert code_modules(Below) == {__name__}
    assert code_modules(CaptionerSpec) == {"zsbench.interfaces.specs"}
    assert code_modules(functools.partial(make, CaptionerSpec)) == {__name__, "zsbench.interfaces.specs"}
    assert code_modules("package.module:Class") == {"package.module"}
    assert code_modules("") == set()
