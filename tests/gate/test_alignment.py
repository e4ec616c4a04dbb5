"""Alignment: examples by id, and refusals that name the field."""

from __future__ import annotations

import pytest

from zsbench.errors import IncomparableError
from zsbench.gate import align
from zsbench.records import CellResult, read_cells
from zsbench_cells import build_cell, captions_of, scores_of, write_run


@pytest.fixture
def read(tmp_path):
    """The evidence of one cell."""
    return lambda cell: read_cells(write_run(tmp_path, [cell]))[0]


def test_a_run_under_a_limit_is_compared_on_its_own_examples(read):
    """The baseline may hold more."""
    old = read(build_cell(captions_of(50), scores_of(50)))
    new = read(build_cell(captions_of(20, worse=[3]), scores_of(20, worse=[3])))
    pairing = align(new, old, keys=["exact"])
    assert (len(pairing.ids), pairing.changed) == (20, ("3",))
    found = pairing.pairs("exact")
    assert found.own.shape == found.other.shape == (20, 1)


def test_rows_follow_ids_whatever_their_order(read):
    """Two runs may list examples differently."""
    old = read(build_cell(captions_of(5), [0.1, 0.2, 0.3, 0.4, 0.5]))
    turned = dict(reversed(captions_of(5).items()))
    new = read(build_cell(turned, [0.5, 0.4, 0.3, 0.2, 0.1]))
    found = align(new, old, keys=["exact"]).pairs("exact")
    assert found.own.tolist() == found.other.tolist()


def test_unknown_ids_are_refused(read):
    """The first of them are listed."""
    old = read(build_cell(captions_of(5), scores_of(5)))
    new = read(build_cell({"x": "a", "y": "b"}, [0.1, 0.2]))
    with pytest.raises(IncomparableError, match="x, y") as caught:
        align(new, old, keys=["exact"])
    assert caught.value.field == "ids"


def test_other_references_are_refused_by_name(read):
    """A signature names its fields."""
    old = read(build_cell(captions_of(5), scores_of(5)))
    new = read(build_cell(captions_of(5), scores_of(5), references="bb"))
    with pytest.raises(IncomparableError) as caught:
        align(new, old, keys=["exact"])
    assert caught.value.field == "refs"


@pytest.mark.parametrize(
    ("change", "field", "allow"),
    [
        ({"config": {"inference": {"candidates": 2}}}, "config.inference.candidates", "config"),
        ({"encoder": "another"}, "encoder", "encoder"),
        ({"language_model": "another"}, "language_model", "language_model"),
        ({"data_used": ["images"]}, "data_used", "data_used"),
    ],
)
def test_other_settings_are_refused_unless_allowed(read, change, field, allow):
    """A captioner is compared with itself; the setting is named to its last dot."""
    old, new = read(build_cell(captions_of(5), scores_of(5))), read(build_cell(captions_of(5), scores_of(5), **change))
    with pytest.raises(IncomparableError) as caught:
        align(new, old, keys=["exact"])
    assert caught.value.field == field
    assert align(new, old, keys=["exact"], allow=[allow]).changed == ()


def test_a_newer_zsbench_may_be_compared(read):
    """The version is told in a signature and decides nothing."""
    result, samples, statistics = build_cell(captions_of(5), scores_of(5))
    newer = [
        {**row.model_dump(), "signature": row.signature.replace("zsbench:0.1", "zsbench:9.9")} for row in result.metrics
    ]
    result = CellResult.model_validate({**result.model_dump(), "metrics": newer})
    assert align(read((result, samples, statistics)), read(build_cell(captions_of(5), scores_of(5))), keys=["exact"])
