"""Which cells, seeds and examples are compared."""

from __future__ import annotations

import numpy as np
import pytest

from zsbench.errors import ScoringError
from zsbench.judgement.pairing import ScoredExamples, choose_baseline, pair_examples, pair_seeds


def cell(captioner="a", **changes):
    place = {"gap_model": None, "corpus": "coco", "task": "t", "seed": 0, "route": "", "variant": ""}
    return {"captioner": captioner, **place, **changes}


@pytest.mark.parametrize(
    ("own", "bases", "place"),
    [
        ({}, [{}], 0),
        ({"seed": 1}, [{}], None),
        ({"task": "u"}, [{}], None),
        ({"route": "caption"}, [{"route": "features"}], None),
        ({"corpus": "flickr"}, [{}], None),
        ({"corpus": None}, [{}], 0),
        ({}, [{"corpus": None}], 0),
        ({}, [{"corpus": None}, {}], 1),
        ({"gap_model": "noise"}, [{}, {"gap_model": "noise"}], 1),
        ({"gap_model": "noise"}, [{"gap_model": "mean"}], None),
        ({"variant": "x=1"}, [{}, {"variant": "x=1"}], 1),
        ({"run": "b"}, [{"run": "a"}, {"run": "b"}], 1),
    ],
)
def test_the_baselines_cell_has_the_same_task_seed_and_route(own, bases, place):
    """And the same corpus and gap model where both name one; what agrees more comes first."""
    others = [cell("base", **one) for one in bases]
    assert choose_baseline(cell(**own), [cell(**own), *others], baseline="base") == (
        None if place is None else place + 1
    )


def test_the_baseline_is_compared_with_itself_by_its_other_route_alone():
    """Answers that are read out of captions, with those from features."""
    features, caption = cell("base", route="features"), cell("base", route="caption")
    assert choose_baseline(caption, [caption, features], baseline="base") == 1
    assert choose_baseline(features, [caption, features], baseline="base") is None
    assert choose_baseline(cell(), [cell(), features], baseline=None) is None


@pytest.mark.parametrize(
    ("own", "other", "pairs"),
    [
        ([0], [0], [(0, 0)]),
        ([0, 1], [1, 0], [(0, 1), (1, 0)]),
        ([0, 1, 2], [2], [(2, 0)]),
        ([5], [1, 2], [(0, 0), (0, 1)]),
        ([1, 2], [3, 4], [(0, 0), (1, 1)]),
    ],
)
def test_equal_seeds_are_paired(own, other, pairs):
    """Without one a single cell meets all, and several meet in order."""
    assert pair_seeds(own, other) == pairs


def test_examples_are_paired_by_id_with_their_images():
    """Whatever their order; what one side lacks is left out."""
    own = ScoredExamples(0, ["a", "b", "c"], np.array([[1.0], [2.0], [3.0]]), {"a": "x", "b": "y", "c": "x"})
    other = ScoredExamples(0, ["d", "c", "a"], np.array([[9.0], [3.5], [1.5]]))
    found = pair_examples(own, other)
    assert found.ids == ["a", "c"]
    assert (found.own.tolist(), found.other.tolist()) == ([[1.0], [3.0]], [[1.5], [3.5]])
    assert found.clusters.tolist() == [0, 0]
    with pytest.raises(ScoringError, match="share no example"):
        pair_examples(own, ScoredExamples(0, ["z"], np.ones((1, 1))))
