"""Every field of every file of a record, damaged in turn: a record is read, or named in one line; never a traceback."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from zsbench.errors import DataError, ZsbenchError
from zsbench.gate import GateRules, find_baseline, judge_run
from zsbench.records import read_cells, read_history, write_baselines
from zsbench.records.seal import hash_bytes, seal_document
from zsbench.report import build_leaderboard
from zsbench.tables.frame import load_frame
from zsbench.tables.rendering import render
from zsbench_cells import REGISTRY, build_cell, captions_of, make_metric, scores_of, write_run

NESTED: list = []
for _ in range(300):
    NESTED = [NESTED]
DAMAGES = {"deleted": None, "text": "x", "number": -7, "list": [], "nested": NESTED}
SHADES = ["dark", "light"] * 5


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A results folder with a run of two cells and the baselines of both."""
    results = tmp_path_factory.mktemp("sound") / "results"
    cells = [
        build_cell(captions_of(10), scores_of(10), captioner=name, groups=SHADES, timing=TIMING, unreadable=LOST)
        for name in ("good", "bad")
    ]
    write_baselines(read_cells(write_run(results, cells)), results)
    return results


TIMING = {"batch_size": 2, "examples": 10, "seconds": 1.0, "median_batch_seconds": 0.2}
LOST = [{"id": "lost", "reason": "cut"}]


def iter_places(value, place=()):
    """Every place in a document, a list's first element alone."""
    if place:
        yield place
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, inner in items:
        yield from iter_places(inner, (*place, key))


def damaged(document, place, damage):
    """A copy of a document with one place damaged."""
    copy = json.loads(json.dumps(document))
    holder = copy
    for key in place[:-1]:
        holder = holder[key]
    if damage == "deleted":
        del holder[place[-1]]
    else:
        holder[place[-1]] = DAMAGES[damage]
    return copy


def see(results: Path) -> list[str]:
    """Read a run and baselines as every command does; what was said of damages."""
    told: list[str] = []
    run = next(path.parent for path in results.glob("*/run.json"))
    looks = [lambda: render(load_frame([run], make_metric, told)), lambda: read_history(results, told)]
    looks.append(lambda: judge_run(read_cells(run), find_baseline(results, make_metric), make_metric, GateRules()))
    for look in looks:
        try:
            look()
        except ZsbenchError as error:
            told.append(str(error))
    return told


def write_sealed(path: Path, document, *, reseal: bool) -> None:
    if reseal and isinstance(document, dict):
        document = {**document, "seal": seal_document(document)}
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize("reseal", [False, True])
@pytest.mark.parametrize("file", ["run.json", "result.json", "baseline.json"])
def test_any_damage_of_a_sealed_file_is_told_in_lines(sound, tmp_path, file, reseal):
    """Not sealed anew every damage is told; sealed anew it is told or read, and never more than a line a record."""
    results = Path(shutil.copytree(sound, tmp_path / "results", symlinks=True))
    pattern = {"run.json": "*/run.json", "result.json": "*/cells/bad*/result.json"}.get(file, "baselines/bad*/*.json")
    path = next(path for path in results.glob(pattern) if not path.parent.is_symlink())
    document = json.loads(path.read_text("utf-8"))
    for place in iter_places(document):
        for damage in DAMAGES:
            write_sealed(path, damaged(document, place, damage), reseal=reseal)
            told = see(results)
            same = damaged(document, place, damage) == document
            assert reseal or same or told, (place, damage)
            assert all("\n" not in line for line in told), told


def test_any_damage_of_a_sample_is_told(sound, tmp_path):
    """With its checksum put right, as whoever edits a record by hand may do."""
    results = Path(shutil.copytree(sound, tmp_path / "results", symlinks=True))
    path = next(path for path in results.glob("*/cells/bad*/samples.jsonl") if "latest" not in str(path))
    first, *rest = path.read_text("utf-8").splitlines()
    for place in iter_places(json.loads(first)):
        for damage in DAMAGES:
            lines = [json.dumps(damaged(json.loads(first), place, damage)), *rest]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            note = path.with_name("result.json")
            document = json.loads(note.read_text("utf-8"))
            document["sha256"]["samples.jsonl"] = hash_bytes(path.read_bytes())
            write_sealed(note, document, reseal=True)
            assert all("\n" not in line for line in see(results))


@pytest.mark.parametrize("content", [b"", b"x", b"\xff\xfe", b"{}", b"[" * 9999, b"null", b"\x00" * 64])
@pytest.mark.parametrize(
    "pattern",
    ["*/run.json", "*/cells/bad*/*", "baselines/bad*/*", "history.jsonl"],
    ids=["run", "cell", "base", "past"],
)
def test_a_file_that_is_something_else_is_told(sound, tmp_path, pattern, content):
    """And the leaderboard of the rest is built."""
    results = Path(shutil.copytree(sound, tmp_path / "results", symlinks=True))
    for path in [path for path in results.glob(pattern) if "latest" not in str(path)]:
        whole = path.read_bytes()
        path.write_bytes(content)
        assert whole == content or see(results) or (path.name == "history.jsonl" and not content)
        path.write_bytes(whole)
    path.write_bytes(content)
    from zsbench.report import SiteOptions

    summary = build_leaderboard(results, SiteOptions(tmp_path / "site", REGISTRY, tmp_path / "cache", images=False))
    assert summary.systems >= 1


def test_a_damaged_record_itself_is_refused(sound, tmp_path):
    """A gate never judges half a run."""
    results = Path(shutil.copytree(sound, tmp_path / "results", symlinks=True))
    for path in results.glob("*/cells/bad*/samples.jsonl"):
        path.write_bytes(path.read_bytes() + b"{}\n")
    with pytest.raises(DataError, match="cut or edited"):
        read_cells(results / "latest", make_metric)
