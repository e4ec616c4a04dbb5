"""The documentation is complete: nothing that a user can meet is without a page."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import zsbench
from zsbench.cli.app import app
from zsbench.errors import ZsbenchError
from zsbench.plugins.reading import HOOKS
from zsbench.testing import KINDS, iter_checks

ROOT = Path(__file__).parents[2]


def iter_verbs(group, path="zsbench"):
    """Every verb, those of a group within a group included."""
    for name, command in group.commands.items():
        yield f"{path} {name}"
        if hasattr(command, "commands"):
            yield from iter_verbs(command, f"{path} {name}")


def iter_errors(error=ZsbenchError):
    """Every class of the tree, wherever it is defined."""
    yield error
    for inner in error.__subclasses__():
        yield from iter_errors(inner)


@pytest.mark.parametrize("verb", sorted(iter_verbs(typer.main.get_command(app))))
def test_every_verb_has_a_page(verb):
    """Some page names it as it is typed."""
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md")]
    assert any(verb in page for page in pages)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The text of every page of the built site; links are checked on the way."""
    pytest.importorskip("mkdocstrings")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.html"))


@pytest.mark.slow
def test_every_hook_check_and_error_has_its_place_in_the_reference(site):
    """Each is a heading that can be linked to."""
    for module in pkgutil.walk_packages(zsbench.__path__, "zsbench."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    errors = {f"{error.__module__}.{error.__qualname__}" for error in iter_errors() if error.__module__ != "__main__"}
    errors = {name for name in errors if name.startswith("zsbench.")}
    hooks = {f"zsbench.hookspecs.{hook}" for hook in HOOKS}
    functions = [check.function for kind in KINDS for check in iter_checks(kind)]
    checks = {f"{function.__module__}.{function.__name__}" for function in functions}
    missing = [name for name in sorted(errors | hooks | checks) if f'id="{name}"' not in site]
    assert not missing
