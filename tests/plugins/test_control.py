"""Which plugins are loaded: by name, by file, from the environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from zsbench.cli.control import move_to_front
from zsbench.errors import ConfigError, PluginLoadError, UnknownIdError
from zsbench.interfaces import CaptionerSpec
from zsbench.plugins import PluginControl, load_plugins

GOOD_FILE = Path(__file__).parents[1] / "broken_plugins" / "good_captioner.py"


def control(*names, **options):
    return PluginControl().adjusted(names, **options)


def test_a_blocked_plugin_is_never_imported(probe, listing):
    """Not even by the listing, which says who blocks it."""
    mark = probe("one")
    row = listing("-p", "no:one")["one"]
    assert (row["status"], row["provides"]) == ("blocked", [])
    assert "-p no:one" in row["reason"]
    assert not mark.exists()


def test_a_name_may_be_the_distribution_s(probe, listing):
    """Both are unique enough."""
    mark = probe("one")
    assert listing("-p", "no:zsbench-one")["one"]["status"] == "blocked"
    assert not mark.exists()


def test_the_environment_blocks_and_the_command_line_wins(probe, listing, monkeypatch):
    """ZSBENCH_DISABLE_PLUGINS takes names; -p takes one back."""
    probe("one")
    probe("two")
    monkeypatch.setenv("ZSBENCH_DISABLE_PLUGINS", "one,two")
    rows = listing("-p", "two")
    assert (rows["one"]["status"], rows["two"]["status"]) == ("blocked", "active")


def test_all_plugins_can_be_left_out_but_those_named(probe, listing, monkeypatch):
    """The built-in one stays."""
    probe("one")
    probe("two")
    monkeypatch.setenv("ZSBENCH_DISABLE_PLUGINS", "all")
    monkeypatch.setenv("ZSBENCH_PLUGINS", "two")
    rows = listing()
    assert [name for name, row in rows.items() if row["status"] == "active"] == ["core", "two"]


def test_the_built_in_plugin_cannot_be_blocked():
    """Nothing would work without it."""
    with pytest.raises(ConfigError, match="built in"):
        control("no:core")


def test_a_wanted_plugin_that_is_not_there_is_an_error(install):
    """The closest name is suggested."""
    with pytest.raises(ConfigError, match="Did you mean 'core'"):
        load_plugins(control=control("coer"))


def test_a_wanted_plugin_that_is_broken_is_an_error(install):
    """With its own reason; the listing still lists."""
    install("bad", "broken_gone")
    with pytest.raises(PluginLoadError, match="stale"):
        load_plugins(control=control("bad"))
    assert load_plugins().broken


def test_strict_stops_at_any_broken_plugin(install, zsbench):
    """For CI: the listing is printed and ends with 2, everything else does not start."""
    install("bad", "broken_gone")
    assert zsbench("ls", "tasks").exit_code == 0
    assert isinstance(zsbench("--strict-plugins", "ls", "tasks").exception, PluginLoadError)
    listed = zsbench("plugins", "--strict-plugins")
    assert listed.exit_code == 2
    assert "bad" in listed.stdout


def test_a_file_is_a_plugin(install, listing, zsbench):
    """Its classes are factories, and its folder need not be on the path."""
    row = listing("-p", str(GOOD_FILE))["good_captioner"]
    assert (row["status"], row["provides"]) == ("active", ["captioner good-constant"])
    assert "good-constant" in zsbench("ls", "captioners", "-p", str(GOOD_FILE)).stdout


def test_a_file_that_is_not_there_or_broken_is_an_error(install, tmp_path):
    """It was named, so nothing starts without it."""
    with pytest.raises(ConfigError, match="no file"):
        control(str(tmp_path / "gone.py"))
    (tmp_path / "mine.py").write_text("import nothing_of_this_name\n", encoding="utf-8")
    with pytest.raises(PluginLoadError, match="mine"):
        load_plugins(control=control(str(tmp_path / "mine.py")))


def test_a_folder_of_files_is_many_plugins(install, tmp_path):
    """All but those with a leading underscore, and a broken one stops the command that named the folder."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "one.py").write_text(GOOD_FILE.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "_draft.py").write_text("import nothing_of_this_name\n", encoding="utf-8")
    plugins = load_plugins(control=control(folders=[folder]))
    assert [record.name for record in plugins.records][-1] == "one"
    assert "good-constant" in plugins.registry.ids(CaptionerSpec)
    with pytest.raises(ConfigError, match="no folder"):
        control(folders=[tmp_path / "nowhere"])


def test_an_id_that_a_refused_plugin_claims_too_is_still_its_owner_s(probe):
    """The middle one is refused whole, because the first has one of its ids; the last keeps the other."""
    probe("a-first", "x")
    probe("b-middle", "x", "y")
    probe("c-last", "y")
    plugins = load_plugins()
    assert plugins.registry.get(CaptionerSpec, "y").id == "y"
    assert plugins.registry.owner(CaptionerSpec, "y").plugin == "c-last"
    assert [record.name for record in plugins.broken] == ["b-middle"]


def test_an_id_that_a_refused_plugin_owns_is_said_to_be_its(probe):
    """Its hooks were read, so nobody has to guess; another id is not laid to it."""
    probe("a-first", "x")
    probe("b-second", "x", "z")
    registry = load_plugins().registry
    with pytest.raises(UnknownIdError, match=r"It is of plugin 'b-second' \(zsbench-b-second\), failed"):
        registry.get(CaptionerSpec, "z")
    with pytest.raises(UnknownIdError) as unknown:
        registry.get(CaptionerSpec, "nobody-s")
    assert "b-second" not in str(unknown.value)


def test_an_unknown_id_may_be_a_blocked_plugin_s(probe):
    """It was not read, so that is all that can be said."""
    probe("one")
    with pytest.raises(UnknownIdError, match=r"It may be of plugin 'one' \(zsbench-one\), blocked: -p no:one"):
        load_plugins(control=control("no:one")).registry.get(CaptionerSpec, "one")


def test_options_of_plugins_may_stand_after_the_verb():
    """Unless the verb has them itself; nothing moves past a double dash."""
    line = ["run", "m", "-p", "no:a", "--seeds", "1", "--plugins-dir=d", "-pb", "--strict-plugins", "--", "-p", "c"]
    front = ["-p", "no:a", "--plugins-dir=d", "-pb", "--strict-plugins"]
    assert move_to_front(line, leave=set()) == [*front, "run", "m", "--seeds", "1", "--", "-p", "c"]
    assert move_to_front(["run", "-p", "x"], leave={"-p"}) == ["run", "-p", "x"]


def test_listing_does_not_import_torch(install, tmp_path):
    """Neither the options nor the kit's pytest plugin bring it in."""
    code = (
        "import sys, zsbench.testing, zsbench.testing.pytest_plugin, zsbench.scaffold; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
