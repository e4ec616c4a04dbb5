"""Task cards: the shipped ones, bad ones, and data that differ from them."""

import hashlib

import pytest
import yaml

from zsbench.builtins import METRICS
from zsbench.errors import CorruptDataError, MissingDataError
from zsbench_tasks import plugin
from zsbench_tasks.cards import CARDS, MAX_BYTES, check_card, load_card, read_card
from zsbench_tasks.coco import coco_karpathy_test

SHIPPED = sorted(path.stem for path in CARDS.glob("*.yaml"))
COUNTS = {
    "coco-karpathy-test": 5000,
    "coco-karpathy-val": 5000,
    "gqa-testdev-balanced": 12_578,
    "okvqa-val": 5046,
    "vqav2-val": 214_354,
}
"""Examples of the official splits."""


@pytest.fixture
def card_fields():
    """The fields of a shipped card."""
    return yaml.safe_load((CARDS / "coco-karpathy-test.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def write_card(tmp_path):
    """Writes a card file for an id."""

    def write(content, stem="coco-karpathy-test"):
        path = tmp_path / f"{stem}.yaml"
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("id_", SHIPPED)
def test_a_shipped_card_is_filled(id_):
    """Every card loads, names its source, licence and revision, and decides by a metric the core has."""
    card = load_card(id_)

    assert card.id == id_
    assert card.source
    assert card.licence
    assert card.revision
    assert card.examples == COUNTS[id_]
    assert set(card.metrics) <= set(METRICS)


def test_every_task_has_a_card():
    """And every card a task."""
    assert sorted(spec.id for spec in plugin.zsbench_tasks()) == SHIPPED == sorted(COUNTS)


@pytest.mark.parametrize("id_", ["coco-karpathy-tset", "../plugin", "/etc/passwd", ""])
def test_an_unknown_card_lists_the_shipped_ones(id_):
    """A card is looked up by id and never by path."""
    with pytest.raises(MissingDataError, match="coco-karpathy-test, coco-karpathy-val, "):
        load_card(id_)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"licence": None}, "licence"),
        ({"kind": "poetry"}, "kind"),
        ({"exampels": 3}, "exampels"),
        ({"main_metric": "cider"}, "main_metric 'cider' is none of its metrics"),
        ({"id": "another"}, "its id is 'another'"),
        ({"ids_sha256": "abc"}, "ids_sha256"),
    ],
)
def test_a_wrong_field_is_named(card_fields, write_card, change, words):
    """The message holds the field."""
    path = write_card({**card_fields, **change})

    with pytest.raises(CorruptDataError, match=words):
        read_card(path)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[1, 2]",
        "id: [",
        "!!python/object/apply:os.getcwd []",
        "when: 2020-13-45",
        "[" * 60_000,
        "a: \0",
    ],
)
def test_what_is_no_card_is_refused(write_card, content):
    """Empty, mis-shaped, unsafe, nested or large files are errors that name the file."""
    path = write_card(content)

    with pytest.raises(CorruptDataError, match="is not valid") as caught:
        read_card(path)

    assert caught.value.path == str(path)


def test_a_card_that_is_too_large_is_not_parsed(card_fields, write_card):
    """A sound card behind a long comment is refused for its size alone."""
    path = write_card(f"# {'x' * MAX_BYTES}\n{yaml.safe_dump(card_fields)}")

    with pytest.raises(CorruptDataError, match=f"at most {MAX_BYTES} are read"):
        read_card(path)


def test_a_small_data_set_is_remarked_on(entries, write_split, tmp_path):
    """A count that differs from the official one can be reported."""
    write_split(entries)

    assert check_card(coco_karpathy_test(tmp_path)) == ["2 examples where the official split has 5000"]


@pytest.mark.parametrize(("ids", "remarks"), [("105\n140", 0), ("105\n141", 1)])
def test_other_ids_are_remarked_on(entries, write_split, tmp_path, ids, remarks):
    """Where a card knows the official ids, others are reported."""
    write_split(entries)
    task = coco_karpathy_test(tmp_path)
    update = {"examples": 2, "ids_sha256": hashlib.sha256(ids.encode()).hexdigest()}
    task.__dict__["_card"] = task.card.model_copy(update=update)

    assert len(check_card(task)) == remarks
