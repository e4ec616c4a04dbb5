"""Distributions that are installed for one test, and the command that finds them there."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from zsbench.cli.app import app

BROKEN = Path(__file__).parents[1] / "broken_plugins"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution ``zsbench-NAME`` with one hook module, as pip would leave it."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)

    def _install(name, module, *, source=None, version="1.0"):
        if source is not None:
            (site / f"{module}.py").write_text(source, encoding="utf-8")
        info = site / f"zsbench_{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: zsbench-{name}\nVersion: {version}\n"
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[zsbench]\n{name} = {module}\n", encoding="utf-8")
        importlib.invalidate_caches()
        return site / f"{module}.py"

    yield _install
    for module in set(sys.modules) - before:
        if module.startswith(("broken_", "probe_", "zsbench_local_")):
            del sys.modules[module]


@pytest.fixture
def zsbench(install):
    """Run the command; the runner's result."""

    def _zsbench(*arguments):
        return CliRunner().invoke(app, list(arguments))

    return _zsbench


@pytest.fixture
def listing(zsbench):
    """``zsbench plugins --json`` by name."""

    def _listing(*arguments):
        result = zsbench("plugins", "--json", *arguments)
        assert result.exit_code == 0, result.output
        return {row["name"]: row for row in json.loads(result.stdout)}

    return _listing


@pytest.fixture
def probe(install):
    """Install a plugin with captioners, one of its own name unless told, whose import leaves a mark; the mark's file."""

    def _probe(name, *ids):
        module = f"probe_{name.replace('-', '_')}"
        mark = Path.cwd() / f"{name}.imported"
        install(
            name,
            module,
            source=f"""
from pathlib import Path
from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CaptionerSpec

Path({str(mark)!r}).touch()


@hookimpl
def zsbench_captioners():
    return [CaptionerSpec(id=id_, factory="good_captioner:ConstantCaptioner", config="good_captioner:ConstantConfig")
            for id_ in {list(ids or [name])!r}]
""",
        )
        return mark

    return _probe
