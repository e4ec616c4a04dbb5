"""What a run tells about the machine and itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from zsbench.fingerprints import FileHashes
from zsbench.plugins import PluginRecord
from zsbench.provenance import collect_provenance, describe_distributions, find_repository, peak_memory
from zsbench.records.origin import DistributionRecord, PluginUse, Provenance

ALLOCATED = 400_000_000
TELL = "from zsbench.provenance import peak_memory; {before}; print(peak_memory())"


def ask(before: str) -> int:
    """The peak of a process of its own that does something first."""
    command = [sys.executable, "-c", TELL.format(before=before)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_the_peak_memory_is_what_was_held_and_given_back():
    """In bytes, and no less after the memory is free again."""
    assert ask(f"held = b'1' * {ALLOCATED}; del held") - ask("pass") > 0.9 * ALLOCATED


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak of one program")
def test_the_peak_memory_is_not_that_of_who_started_the_process():
    """A small command that a large program starts is small."""
    held = b"1" * ALLOCATED
    small = ask("pass")
    assert small < len(held) < peak_memory()


def git(folder, *arguments):
    """One git command of an author."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def author(tmp_path, monkeypatch):
    """The repository of a plugin's author, who also runs there."""
    package = tmp_path / "work" / "zsbench_mine"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "plugin.py").write_text("VALUE = 1\n")
    git(tmp_path / "work", "init", "-q")
    git(tmp_path / "work", "add", ".")
    git(tmp_path / "work", "commit", "-qm", "first")
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.syspath_prepend(str(tmp_path / "work"))
    find_repository.cache_clear()
    yield package
    find_repository.cache_clear()


@pytest.fixture
def describe(tmp_path):
    """The provenance of a run that used the author's plugin."""

    def _describe():
        find_repository.cache_clear()
        record = PluginRecord("mine", "zsbench-mine", "1.0", "zsbench_mine.plugin", provides=("captioner x",))
        return collect_provenance([record], {"mine": ["captioner x"]}, "cpu", FileHashes(tmp_path / "cache"))

    return _describe


def test_each_local_distribution_has_the_state_of_its_own_repository(author, describe):
    """Not that of zsbench, and not that of where the command is given."""
    told = {one.name: one for one in describe().distributions}
    assert told["zsbench-mine"].commit == git(author, "rev-parse", "HEAD") != told["zsbench"].commit
    assert (told["zsbench-mine"].local, told["zsbench-mine"].dirty) == (True, False)
    assert len(told["zsbench-mine"].code) == 32
    assert describe().working_repository.commit == told["zsbench-mine"].commit


def test_a_change_of_code_is_told_and_one_of_results_is_not(author, describe):
    """A baseline that was just written does not make the code another one; a new module does."""
    before = describe()
    (author.parent / "results.json").write_text("{}")
    assert not {one.name: one for one in describe().distributions}["zsbench-mine"].dirty
    (author / "more.py").write_text("VALUE = 2\n")
    after = {one.name: one for one in describe().distributions}["zsbench-mine"]
    assert after.dirty
    assert after.code != {one.name: one for one in before.distributions}["zsbench-mine"].code


def test_the_revision_names_the_state_of_all_local_code(author, describe):
    """A commit of the author's makes a new one, so that a baseline can be renewed."""
    first = describe().revision
    assert first.startswith(git(author, "rev-parse", "HEAD")[:12] + "+")
    (author / "plugin.py").write_text("VALUE = 2\n")
    git(author, "commit", "-qam", "second")
    second = describe().revision
    assert second.split("+")[0] == git(author, "rev-parse", "HEAD")[:12] != first.split("+")[0]


def test_code_that_no_repository_keeps_is_named_by_its_hash(tmp_path):
    """A local file that is a plugin, and a wheel of zsbench."""
    path = tmp_path / "mine.py"
    path.write_text("VALUE = 1\n")
    [told, *_] = describe_distributions(
        [PluginUse(name="mine", distribution="", version="", target=str(path), status="active", used=("x",))],
        FileHashes(tmp_path / "cache"),
    )
    assert (told.name, told.local, told.commit, len(told.code)) == ("mine.py", True, "", 32)
    wheel = DistributionRecord(name="zsbench", version="0.2", local=False)
    assert Provenance(distributions=(told, wheel)).revision == f"mine.py-{told.code[:12]}+zsbench-0.2"
    assert Provenance(distributions=(wheel,)).revision == "0.2"
