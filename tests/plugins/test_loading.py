"""Discovery: every broken plugin is named and skipped, and never takes the host or another plugin down."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from zsbench.errors import PluginContractError
from zsbench.interfaces import CaptionerSpec, TaskSpec
from zsbench.plugins import iter_entry_points, load_plugins
from zsbench.registry import load_object

BROKEN = Path(__file__).parents[1] / "broken_plugins"
GOOD = EntryPoint("good", "good_captioner", "zsbench")


def point(module: str) -> EntryPoint:
    return EntryPoint(module.replace("_", "-"), module, "zsbench")


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("broken_missing_dependency", "did not load: ModuleNotFoundError"),
        ("broken_exits_at_import", "did not load: SystemExit"),
        ("broken_raises_at_import", "did not load"),
        ("broken_gone", "did not load: ModuleNotFoundError"),
        ("good_captioner:gone", "did not load: AttributeError"),
        ("broken_hook_raises", "hook zsbench_tasks failed: FileNotFoundError"),
        ("broken_hook_exits", "hook zsbench_captioners failed"),
        ("broken_hook_stops_midway", "hook zsbench_captioners failed: KeyError"),
        ("broken_hook_wants_arguments", "registers something that is no hook"),
        ("broken_misspelt_hook", "registers something that is no hook"),
        ("broken_returns_none", "failed: TypeError"),
        ("broken_returns_strings", "returns"),
        ("broken_returns_other_kind", "returns"),
        ("broken_duplicate_of_itself", "is registered by"),
        ("broken_id", "kebab-case"),
    ],
)
def test_a_broken_plugin_is_named_and_the_others_work(module, reason):
    """Status failed, a reason, nothing registered, and a good plugin beside it untouched."""
    plugins = load_plugins([point(module), GOOD])
    broken, good = plugins.records
    assert (broken.status, broken.provides) == ("failed", ())
    assert reason in broken.reason
    assert broken.name in broken.reason
    assert good.status == "active"
    assert plugins.registry.ids(CaptionerSpec) == ["good-constant"]


def test_a_syntax_error_is_one_more_reason(tmp_path, monkeypatch):
    """Code that is no Python does not stop the host."""
    (tmp_path / "broken_syntax.py").write_text((BROKEN / "broken_syntax.txt").read_text(encoding="utf-8"))
    monkeypatch.syspath_prepend(tmp_path)
    broken, good = load_plugins([point("broken_syntax"), GOOD]).records
    assert "SyntaxError" in broken.reason
    assert good.status == "active"


def test_another_api_version_is_incompatible_not_failed():
    """The status says that the plugin is fine, but for another zsbench."""
    record = load_plugins([point("broken_api_version")]).records[0]
    assert record.status == "incompatible"
    assert "version" in record.reason


def test_a_duplicate_id_rolls_the_second_plugin_back_whole():
    """The first keeps its id; nothing of the second stays, and the message names both."""
    plugins = load_plugins([GOOD, point("broken_duplicate_id")])
    assert plugins.registry.ids(CaptionerSpec) == ["good-constant"]
    reason = plugins.records[1].reason
    assert "good" in reason
    assert "broken-duplicate-id" in reason


def test_a_factory_that_cannot_be_loaded_says_which():
    """The plugin loads; using its component fails with the import string."""
    registry = load_plugins([point("broken_factory")]).registry
    with pytest.raises(PluginContractError, match="zsbench_package_nobody_has_installed"):
        load_object(registry.get(CaptionerSpec, "factory-module-gone").factory)
    with pytest.raises(PluginContractError, match="NoSuchCaptioner"):
        load_object(registry.get(CaptionerSpec, "factory-class-gone").factory)


def test_one_plugin_may_provide_several_kinds():
    """Good plugins list what they provide."""
    plugins = load_plugins([GOOD, point("good_gap"), point("good_task")])
    assert [record.status for record in plugins.records] == ["active"] * 3
    assert plugins.registry.ids(TaskSpec) == ["good-task"]
    assert plugins.records[0].provides == ("captioner good-constant",)


def test_of_fifty_plugins_the_broken_ten_are_named(tmp_path, monkeypatch):
    """Every entry point has a record, in order, and exactly the broken ones are failed."""
    for number in range(50):
        body = "import nothing_of_this_name" if number % 5 == 0 else ""
        (tmp_path / f"one_of_fifty_{number}.py").write_text(body, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    points = [EntryPoint(f"p{number}", f"one_of_fifty_{number}", "zsbench") for number in range(50)]
    records = load_plugins(points).records
    assert [record.name for record in records] == [p.name for p in points]
    assert [record.name for record in records if record.status == "failed"] == [f"p{n}" for n in range(0, 50, 5)]


def test_entry_points_are_listed_without_importing(tmp_path, monkeypatch):
    """An installed distribution is seen though its module is gone; only loading it finds that out."""
    info = tmp_path / "zsbench_probe-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: zsbench-probe\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[zsbench]\nprobe = module_that_is_gone\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    [probe] = [entry for entry in iter_entry_points() if entry.name == "probe"]
    [record] = load_plugins([probe]).records
    assert (record.distribution, record.version, record.status) == ("zsbench-probe", "1.0", "failed")


def test_two_plugins_of_one_name_do_not_touch_each_other():
    """The second's failure takes nothing from the first."""
    first, second = EntryPoint("same", "good_captioner", "zsbench"), EntryPoint("same", "broken_id", "zsbench")
    plugins = load_plugins([first, second])
    assert [record.status for record in plugins.records] == ["active", "failed"]
    assert plugins.registry.ids(CaptionerSpec) == ["good-constant"]
