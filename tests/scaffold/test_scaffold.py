"""What `zsbench plugins new` writes: distributions that install, conform and run as they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib

import pytest

from zsbench.errors import ConfigError, UnknownIdError
from zsbench.scaffold import KINDS, write_distribution


def python(*arguments, site, cwd):
    """Run Python with the installed distribution on its path."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *filter(None, sys.path)])}
    environment["ZSBENCH_CACHE"] = str(cwd / "cache")
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def installed(tmp_path):
    """Write a distribution and install it beside what there is; folder and site."""

    def _installed(name, kind):
        folder = write_distribution(name, kind, tmp_path)
        site = tmp_path / "site"
        pip = ["-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(site)]
        done = python(*pip, str(folder), site=site, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return folder, site

    return _installed


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_distribution_installs_and_passes_its_own_tests(installed, kind):
    """Unchanged, with its own pytest settings."""
    folder, site = installed(f"my-{kind}", kind)
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", site=site, cwd=folder)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


@pytest.mark.slow
def test_a_new_captioner_is_checked_and_run(installed, tmp_path):
    """From nothing to a row of the table on the embedded data."""
    _, site = installed("my-captioner", "captioner")
    checked = python("-m", "zsbench", "plugins", "check", "my-captioner", "--json", site=site, cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert {row["status"] for row in json.loads(checked.stdout)} == {"passed", "not applicable"}
    ran = python("-m", "zsbench", "run", "-c", "my-captioner", "-L", "50", "--json", site=site, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    (cell,) = json.loads(ran.stdout)["cells"]
    assert (cell["captioner"], cell["status"], cell["n"]) == ("my-captioner", "done", 50)


@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_there_and_named_after_the_plugin(tmp_path, kind):
    """Package, hook, test, README, tox and CI; no sign of a template is left."""
    folder = write_distribution("word-overlap", kind, tmp_path)
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert folder.name == project["name"] == "zsbench-word-overlap"
    assert project["entry-points"]["zsbench"] == {"word-overlap": "zsbench_word_overlap.plugin"}
    for name in ("README.md", "tox.ini", ".gitignore", ".github/workflows/test.yml", "tests/test_conformance.py"):
        assert (folder / name).is_file(), name
    for path in folder.rglob("*"):
        if path.suffix in {".py", ".toml", ".md", ".ini"}:
            text = path.read_text(encoding="utf-8")
            assert "{{" not in text
            assert "{%" not in text
        if path.suffix == ".py":
            compile(path.read_text(encoding="utf-8"), path, "exec")


@pytest.mark.parametrize("name", ["My Captioner", "../up", "", "core", "a" * 61, "under_score"])
def test_names_that_cannot_be_ids_are_refused(tmp_path, name):
    """Nothing is written."""
    with pytest.raises(ConfigError, match="cannot be used"):
        write_distribution(name, "captioner", tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten_and_kinds_are_suggested(tmp_path):
    """A folder that is there stays as it is."""
    write_distribution("mine", "metric", tmp_path)
    with pytest.raises(ConfigError, match="there already"):
        write_distribution("mine", "captioner", tmp_path)
    with pytest.raises(UnknownIdError, match="Did you mean 'captioner'"):
        write_distribution("other", "captionner", tmp_path)


def test_a_name_may_begin_with_a_digit_or_the_prefix(tmp_path):
    """The class's name is still a name, and the prefix is not doubled."""
    folder = write_distribution("3d-shapes", "task", tmp_path)
    assert "class The3dShapes(Task)" in (folder / "zsbench_3d_shapes" / "task.py").read_text(encoding="utf-8")
    assert write_distribution("zsbench-mine", "metric", tmp_path).name == "zsbench-mine"
