"""Runs on a real cluster of two nodes: the same bytes as on one machine, whatever becomes of a node."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

import pytest

from zsbench.code import closure
from zsbench.errors import ConfigError
from zsbench_ray import dispatch

pytestmark = pytest.mark.slow
SLOW = {"captioners": ["slow"], "baseline": None, "seeds": [0, 1], "batch_size": 1}


def samples_of(folder):
    """The bytes of every cell's samples of a run, by cell."""
    return {path.parent.name: path.read_bytes() for path in sorted(folder.glob("cells/*/samples.jsonl"))}


@pytest.fixture
def victim(cluster, tmp_path, monkeypatch):
    """A second node with one CPU and a cache of its own, to be killed."""
    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path / "cache-of-victim"))
    node = cluster.add_node(num_cpus=1)
    yield node
    if node in cluster.list_all_nodes():
        cluster.remove_node(node, allow_graceful=False)


@pytest.mark.parametrize("shared", ["folder", "url"])
def test_a_node_that_is_killed_costs_no_more_than_a_chunk(
    shared, cluster, victim, session, notes, slow_log, tmp_path, monkeypatch
):
    """Two nodes caption; one is killed in the middle; its stage goes on from its chunks, to the same bytes."""
    monkeypatch.delenv("ZSBENCH_SLOW_LOG")
    monkeypatch.setenv("ZSBENCH_SLOW_SECONDS", "0")
    slow_log.write_text("", encoding="utf-8")
    calm = session("local", **SLOW).run()
    done = {}

    def kill_in_the_middle(stage, count):
        if stage.kind == "predict":
            done[stage.key] = count
        if len(done) == 2 and min(done.values()) >= 2 and victim in cluster.list_all_nodes():
            cluster.remove_node(victim, allow_graceful=False)

    notes.advanced = kill_in_the_middle
    url = f"file://{tmp_path}/shared" if shared == "url" else ""
    result = session("ray", "ray", cluster.address, url, **SLOW).run()
    assert samples_of(result.folder) == samples_of(calm.folder)
    assert [remark for remark in notes.remarks if "is begun again where it was: its node died" in remark]
    captions = slow_log.read_text(encoding="utf-8").splitlines()
    assert 20 <= len(captions) <= 21  # ten images for each of two seeds, and the one that was lost
    assert len({line.split()[0] for line in captions}) > 1
    assert (tmp_path / "cache-of-victim" / "store" / "partial").is_dir() == bool(url)


def test_errors_and_records_are_those_of_the_local_engine(cluster, session, notes):
    """A captioner that raises fails its cell alone, with the same reason; progress and stages are told."""
    matrix = {"captioners": ["broken", "fake", "fake-one", "nearest"], "baseline": "fake"}
    local = session("local", **matrix).run()
    told, notes.failed = notes.failed, []
    ray = session("ray", "ray", cluster.address, **matrix).run()
    assert [(row.status, row.reason) for row in ray.results] == [(row.status, row.reason) for row in local.results]
    assert samples_of(ray.folder) == samples_of(local.folder)
    assert sorted(notes.failed) == sorted(told)
    assert {key: record.state for key, record in ray.outcome.stages.items()} == {
        key: record.state for key, record in local.outcome.stages.items()
    }
    assert set(notes.started) >= set(notes.finished)
    assert ray.outcome.worker_memory


def test_real_captioners_say_the_same_bytes_on_a_cluster(cluster, tmp_path):
    """Training, answers and scores of the real command; the terminal has nothing of Ray's."""
    corpus = tmp_path / "corpus.txt"
    words = ("a red dog", "a cat near a tree", "two men", "a street", "a blue bicycle", "a woman eating")
    corpus.write_text("\n".join(f"{a} and {b}" for a in words for b in words if a != b), encoding="utf-8")
    arguments = [
        *("--captioners", "maccap", "--tasks", "vqav2-val", "--corpora", "text-file", "--json"),
        *("--set", f"corpus_settings.text-file.path={corpus}", "--limit", "6", "--batch-size", "4"),
        *("--set", "maccap.training.steps=4", "--set", "maccap.training.warmup_steps=2"),
    ]
    local, _ = run(tmp_path / "local", *arguments)
    ray, said = run(tmp_path / "ray", *arguments, "--engine", "ray", "--address", cluster.address)
    assert [cell["status"] for cell in ray["cells"]] == ["done"]
    assert samples_of(tmp_path / "ray" / ray["run"]) == samples_of(tmp_path / "local" / local["run"])
    assert [line for line in said.splitlines() if not line.startswith(("note: ", "["))] == []


def run(folder, *arguments):
    """The command in a process of its own: its document, and what it said beside."""
    folder.mkdir()
    command = [sys.executable, "-W", "error", "-m", "zsbench", "run", *arguments]
    environment = {**os.environ, "ZSBENCH_CACHE": str(folder / "cache")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def test_a_node_with_another_environment_is_refused_by_name(cluster, session, monkeypatch):
    """Before the first stage, with both versions."""
    monkeypatch.setattr(closure, "installed_version", lambda name: "0.1")
    expected = rf"Node {platform.node()} plans another .*: version of [\w-]+: 0\.1 -> [1-9]"
    with pytest.raises(ConfigError, match=expected):
        session("ray", "ray", cluster.address, captioners=["nearest"], baseline=None).run()


def test_a_card_that_no_node_has_is_not_waited_for_forever(cluster, session, notes, monkeypatch):
    """The run says what it waits for, and then stops."""
    monkeypatch.setattr(dispatch, "TOLD_AFTER", 0.0)
    monkeypatch.setattr(dispatch, "PATIENCE", 1.0)
    with pytest.raises(ConfigError, match="No node of the cluster has room for text-features"):
        session("ray", "ray", cluster.address, captioners=["nearest"], baseline=None, device="cuda").run()
    assert [remark for remark in notes.remarks if "One is waited for" in remark]


def test_a_card_by_its_number_is_refused(session):
    """Ray gives each stage its own."""
    with pytest.raises(ConfigError, match=r"'cuda:1' with the engine `ray`"):
        session("ray", "ray", "auto", captioners=["nearest"], baseline=None, device="cuda:1").run()
