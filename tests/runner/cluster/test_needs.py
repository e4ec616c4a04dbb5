"""What stages ask of a node."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from zsbench.plan import Stage
from zsbench.runner.cluster import needs
from zsbench.runner.cluster.needs import MEMORY, Needs, choose_threads, find_needs, fits
from zsbench.runner.side_by_side import ORDER, Resources

BIG = {"CPU": 8.0, "GPU": 2.0, "memory": 64e9}
SMALL = {"CPU": 2.0, "memory": 1e9}


def stage(kind, **work):
    return Stage(kind, kind, kind, (), {}, SimpleNamespace(**work))


def test_every_kind_of_stage_has_a_need_of_memory():
    """Those that the engine orders are all there are."""
    assert set(MEMORY) == set(ORDER)


@pytest.mark.parametrize(
    ("kind", "work", "gpus"),
    [
        ("train", {}, 1),
        ("predict", {}, 1),
        ("compare", {}, 0),
        ("score", {"similarity": None}, 0),
        ("score", {"similarity": SimpleNamespace(encoder=None)}, 1),
    ],
)
def test_a_card_is_for_stages_that_run_a_model(kind, work, gpus):
    """Scoring needs one only for CLIPScore; on a CPU nothing does."""
    assert find_needs(stage(kind, **work), 1, "cuda", [BIG]).gpus == gpus
    assert find_needs(stage(kind, **work), 1, "cpu", [BIG]).gpus == 0


def test_weights_count_twice():
    """They stand in memory twice while they are loaded."""
    encoder = SimpleNamespace(encoder=SimpleNamespace(weights_bytes=10))
    model = SimpleNamespace(model=SimpleNamespace(weights_bytes=100))
    found = find_needs(stage("predict", encoder=encoder, language_model=model), 1, "cpu", [BIG])
    assert found.memory == MEMORY["predict"] + 220


def test_no_stage_asks_for_more_than_the_largest_node_has():
    """So that it is placed somewhere; nodes without CPUs do not count."""
    nodes = [SMALL, {"memory": 99e9}]
    assert find_needs(stage("score"), 4, "cpu", nodes) == Needs(2.0, 0, 1_000_000_000)
    assert find_needs(stage("score"), 4, "cpu", []) == Needs(4.0, 0, MEMORY["score"])


def test_a_node_fits_if_it_has_all_of_it():
    """Cores, cards and memory."""
    asked = Needs(2.0, 1, 2_000_000_000)
    assert fits(asked, BIG)
    assert not fits(asked, {**BIG, "GPU": 0.0})
    assert not fits(asked, {**BIG, "memory": 1e9})
    assert not fits(asked, {**BIG, "CPU": 1.0})


def test_threads_are_the_matrix_s_or_a_machine_s_or_a_card_s_share(monkeypatch):
    """As many as the local engine would compute with, so that sums round alike."""
    monkeypatch.setattr(needs, "count_cores", lambda: 6)
    assert choose_threads(Resources("cpu", 3), [BIG]) == 3
    assert choose_threads(Resources("cpu", None), [BIG]) == 6
    assert choose_threads(Resources("cuda", None), [BIG, SMALL]) == 4
    assert choose_threads(Resources("cuda", None), [SMALL]) == 1
