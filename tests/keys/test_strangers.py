"""What a plugin of a stranger runs, reads and names is in its keys, however it is packaged."""

from __future__ import annotations

import textwrap

import pytest

from zsbench_key_edits import DISTRIBUTIONS, ROOT, Planner, edit

FILES = {
    "other_base/__init__.py": "",
    "other_base/base.py": """
        from zsbench.interfaces import Candidate, Caption, Captioner

        class Base(Captioner):
            def load(self, resources):
                pass

            def caption(self, batch):
                return [Caption((Candidate(self.word()),)) for _ in batch.ids]
    """,
    "other_help/__init__.py": "from other_help.words import WORD\nfrom other_help.unused import SIGN\n",
    "other_help/words.py": "WORD = 'dog'\n",
    "other_help/unused.py": "SIGN = '!'\n",
    "stranger/__init__.py": "",
    "stranger/config.py": """
        from pydantic import Field

        from zsbench.interfaces import Frozen, InputPath

        class SaysConfig(Frozen):
            checkpoint: InputPath | None = None
            words: frozenset[str] = frozenset({"a", "b", "c", "d", "e"})
            hidden: str = Field(default="x", exclude=True)
            limit: float = 1.0

            @property
            def sign(self):
                return "."
    """,
    "stranger/captioner.py": """
        from pathlib import Path
        from typing import ClassVar

        from other_base import base
        from zsbench.interfaces import CaptionerNeeds

        class Says(base.Base):
            needs: ClassVar[CaptionerNeeds] = CaptionerNeeds()

            def word(self):
                from other_help import WORD

                return WORD + (Path(__file__).parent / "data" / "word.txt").read_text()

        class Weighs(Says):
            needs: ClassVar[CaptionerNeeds] = CaptionerNeeds(own_weights=True)

            @property
            def fingerprint(self):
                return (Path(__file__).parents[1] / "weights.txt").read_text()
    """,
    "stranger/data/word.txt": "cat",
    "stranger/assets/__init__.py": "",
    "stranger/assets/sign.txt": "!",
    "stranger/factories.py": """
        from stranger.captioner import Says

        def make(config):
            return Says(config)

        def make_as(name, config):
            return Says(config)
    """,
    "weights.txt": "weights of the first day",
    "loose/captioner.py": "from stranger.captioner import Says\n\nSUFFIX = 1\n\nclass Loose(Says):\n    pass\n",
    "circle/__init__.py": "from circle.one import Circular\n",
    "circle/one.py": "import circle\nfrom circle import two\nfrom stranger.captioner import Says\n\nclass Circular(Says):\n    pass\n",
    "circle/two.py": "import circle.one\n\nTWO = 2\n",
    "newer/__init__.py": "",
    "newer/captioner.py": "from stranger.captioner import Says\n\ntry:\n    from newer import syntax\nexcept SyntaxError:\n    syntax = None\n\nclass Newer(Says):\n    pass\n",
    "newer/syntax.py": "match = lambda: (yield := 1\n",
    "plugin.py": """
        import functools

        from stranger.factories import make, make_as
        from zsbench.hookspecs import hookimpl
        from zsbench.interfaces import CaptionerSpec

        CONFIG = "stranger.config:SaysConfig"

        class Here:
            pass

        @hookimpl
        def zsbench_captioners():
            return [
                CaptionerSpec(id="says", factory="stranger.captioner:Says", config=CONFIG),
                CaptionerSpec(id="weighs", factory="stranger.captioner:Weighs", config=CONFIG),
                CaptionerSpec(id="by-function", factory=make, config=CONFIG),
                CaptionerSpec(id="by-partial", factory=functools.partial(make_as, "a name"), config=CONFIG),
                CaptionerSpec(id="loose", factory="loose.captioner:Loose", config=CONFIG),
                CaptionerSpec(id="circular", factory="circle.one:Circular", config=CONFIG),
                CaptionerSpec(id="newer", factory="newer.captioner:Newer", config=CONFIG),
            ]
    """,
    "local.py": """
        from other_base.base import Base
        from zsbench.hookspecs import hookimpl
        from zsbench.interfaces import CaptionerSpec

        class Local(Base):
            def word(self):
                return "owl"

        @hookimpl
        def zsbench_captioners():
            return [CaptionerSpec(id="local", factory=Local)]
    """,
}
IDS = ["says", "weighs", "by-function", "by-partial", "loose", "circular", "newer", "local"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The packages of a stranger."""
    found = tmp_path_factory.mktemp("stranger")
    for name, text in FILES.items():
        path = found / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def planner(folder, cache):
    """Plans with the stranger's captioners."""
    found = Planner([folder], cache, [folder / "plugin.py", folder / "local.py"])
    yield found
    found.close()


def plan(planner, **overrides):
    """Keys of the predictions by captioner."""
    chosen = {"captioners": IDS, "baseline": "says", "tasks": ["coco-karpathy-test"], "limit": 2}
    found = planner.plan(**{**chosen, **overrides})
    return {label.partition(" ")[0]: key for (kind, label), key in found.items() if kind == "predict"}


@pytest.fixture(scope="module")
def before(planner):
    """The keys before any edit."""
    return plan(planner)


def test_factories_of_every_form_are_planned_and_have_the_same_keys_each_time(planner, before):
    """A class by name, a function, a partial, a class of a plugin file."""
    assert list(before) == IDS
    assert len(set(before.values())) == len(IDS)
    assert plan(planner) == before


def test_keys_are_the_same_in_another_process(folder, cache, before, monkeypatch):
    """The address of a partial and the order of a set are no part of them."""
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    other = Planner([folder], cache, [folder / "plugin.py", folder / "local.py"])
    try:
        assert plan(other) == before
    finally:
        other.close()


@pytest.mark.parametrize(
    ("file", "old", "new", "moved"),
    [
        ("other_base/base.py", "self.word()", "self.word() + '.'", set(IDS)),
        ("other_help/words.py", "'dog'", "'wolf'", set(IDS) - {"local"}),
        ("other_help/__init__.py", "WORD\n", "WORD as WORD\nWORD = 'x'\n", set(IDS) - {"local"}),
        ("stranger/data/word.txt", "cat", "lion", set(IDS) - {"local"}),
        ("stranger/assets/sign.txt", "!", "?", set(IDS) - {"local"}),
        ("stranger/config.py", 'return "."', 'return "!"', set(IDS) - {"local"}),
        ("stranger/factories.py", "return Says(config)", "return Says(config) or None", {"by-function", "by-partial"}),
        ("weights.txt", "first", "second", {"weighs"}),
        ("loose/captioner.py", "SUFFIX = 1", "SUFFIX = 2", {"loose"}),
        ("circle/two.py", "TWO = 2", "TWO = 3", {"circular"}),
        ("newer/syntax.py", "1", "2", {"newer"}),
        ("local.py", "owl", "hawk", {"local"}),
        ("other_base/base.py", "class Base", "# a base\nclass Base", set()),
        ("local.py", "class Local(Base):", "class Local(Base):\n    'Hoots.'\n", set()),
    ],
)
def test_an_edit_of_what_a_captioner_runs_or_reads_moves_its_keys(folder, planner, before, file, old, new, moved):
    """A base class, a helper and data of other packages, a package without __init__, one that imports itself."""
    with edit(folder / file, old, new):
        after = plan(planner)
    assert {id_ for id_ in IDS if after[id_] != before[id_]} == moved


def test_the_content_of_a_file_that_a_setting_names_is_in_the_key_and_its_place_is_not(folder, planner, tmp_path):
    """So the same checkpoint elsewhere is the same, and a changed one never taken for the old one."""
    places = [tmp_path / "here" / "model.bin", tmp_path / "there" / "model.bin"]
    for place in places:
        place.parent.mkdir()
        place.write_bytes(b"weights")
    here, there = (plan(planner, **{"settings.says.checkpoint": str(place)})["says"] for place in places)
    assert here == there
    places[1].write_bytes(b"other weights")
    assert plan(planner, **{"settings.says.checkpoint": str(places[1])})["says"] != here


@pytest.mark.parametrize(
    ("setting", "value"), [("hidden", "y"), ("words", ["a", "f"]), ("limit", float("inf")), ("limit", 2.0)]
)
def test_every_setting_is_in_the_key(planner, before, setting, value):
    """Those that a config leaves out of its JSON, sets, and numbers that JSON has no form for."""
    assert plan(planner, **{f"settings.says.{setting}": value})["says"] != before["says"]


def test_a_file_that_a_setting_names_and_that_is_not_there_is_told_by_the_plan(planner, tmp_path):
    """Before the first image."""
    overrides = {"captioners": ["says"], "baseline": "says", "tasks": ["coco-karpathy-test"], "limit": 2}
    answer = planner.ask(**overrides, **{"settings.says.checkpoint": str(tmp_path / "absent.bin")})
    assert "absent.bin cannot be read" in answer["error"]


def test_every_kind_of_plugin_that_ships_is_among_the_sources_that_tests_edit():
    """A distribution that joins the first party is edited here too."""
    shipped = {f"plugins/{path.parent.name}" for path in ROOT.glob("plugins/*/pyproject.toml")}
    assert shipped - {"plugins/ray"} == {name for name in DISTRIBUTIONS if name.startswith("plugins/")}
