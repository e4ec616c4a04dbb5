"""Environments that are compared."""

from __future__ import annotations

import platform

from zsbench.plugins import PluginRecord, load_plugins
from zsbench.runner.cluster.environment import compare_environments, describe_environment


def test_an_environment_has_python_packages_and_plugins():
    """Those whose code may change have a hash of it."""
    found = describe_environment(load_plugins().records)
    assert found["Python"] == platform.python_version()
    assert found["torch"][0].isdigit()
    assert "(source " in found["zsbench"]
    assert "(source " in found["plugin core"]


def test_a_local_plugin_is_known_by_its_file(tmp_path):
    """Changed code is another environment."""
    path = tmp_path / "mine.py"
    found = []
    for text in ("A = 1\n", "A = 2\n"):
        path.write_text(text, encoding="utf-8")
        record = PluginRecord(name="mine", distribution="", version="", target=str(path), status="active")
        found.append(describe_environment([record])["plugin mine"])
    assert found[0].startswith("local")
    assert found[0] != found[1]


def test_equal_environments_are_not_refused():
    """Nothing is said."""
    assert compare_environments({"torch": "2.7.0"}, {"torch": "2.7.0"}, "b") is None


def test_what_differs_is_named_with_both_versions():
    """A few of them, and how many more; what is missing is absent."""
    here = {"Python": "3.12.1", "torch": "2.7.0", "plugin mine": "1.0", "numpy": "2", "pillow": "11"}
    refusal = compare_environments(here, {"Python": "3.12.1", "torch": "2.6.0", "numpy": "1", "pillow": "10"}, "node-b")
    assert "Node node-b" in refusal.found
    assert "torch is 2.6.0 there and 2.7.0 here" in refusal.found
    assert "plugin mine is absent there and 1.0 here" in refusal.found
    assert "and 1 more" in refusal.found
