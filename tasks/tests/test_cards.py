"""Cards: the shipped ones, and bad ones."""

import pytest
import yaml

from zsbench.builtins import METRICS
from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.interfaces import CorpusCard, TaskCard
from zsbench_tasks.cards import CARDS, CORPUS_CARDS, MAX_BYTES, load_card, load_corpus_card, read_card
from zsbench_tasks.plugin import zsbench_corpora, zsbench_tasks

TASKS = [spec.id for spec in zsbench_tasks()]
CORPORA = [spec.id for spec in zsbench_corpora()]
COUNTS = {
    "coco-karpathy-test": 5000,
    "coco-karpathy-val": 5000,
    "flickr30k-karpathy-test": 1000,
    "flickr30k-karpathy-val": 1014,
    "gqa-testdev-balanced": 12_578,
    "nocaps-val": 4500,
    "okvqa-val": 5046,
    "vqav2-val": 214_354,
}


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


@pytest.mark.parametrize("id_", TASKS)
def test_the_card_of_every_task_is_filled(id_):
    """It loads, names its source, licence and revision, and decides by a metric the core has."""
    card = load_card(id_)

    assert card.id == id_
    assert card.source
    assert card.licence
    assert card.revision
    assert set(card.metrics) <= set(METRICS)


@pytest.mark.parametrize("id_", CORPORA)
def test_the_card_of_every_corpus_is_filled(id_):
    """It loads and names its source, licence and revision."""
    card = load_corpus_card(id_)

    assert (card.id, bool(card.source), bool(card.licence), bool(card.revision)) == (id_, True, True, True)


def test_there_is_no_card_of_nothing():
    """Every card belongs to a task or a corpus."""
    assert {path.stem for path in CARDS.glob("*.yaml")} == set(TASKS)
    assert {path.stem for path in CORPUS_CARDS.glob("*.yaml")} == set(CORPORA)


@pytest.mark.parametrize(("id_", "count"), COUNTS.items())
def test_counts_are_those_of_the_literature(id_, count):
    """Karpathy and Fei-Fei's splits, and NoCaps by domain."""
    card = load_card(id_)

    assert card.examples == count
    assert all(sum(groups.values()) == count for groups in card.group_examples.values())


def test_nocaps_is_scored_by_domain_with_document_frequencies_of_their_own():
    """In the order in which the literature prints the domains."""
    card = load_card("nocaps-val")

    assert list(card.group_examples["domain"].items()) == [
        ("in-domain", 648),
        ("near-domain", 2938),
        ("out-domain", 914),
    ]
    assert (card.groupings, card.headline_grouping, card.group_idf) == (("domain",), "domain", "per-group")


@pytest.mark.parametrize("id_", ["coco-karpathy-tset", "../plugin", "/etc/passwd", ""])
def test_an_unknown_card_lists_the_shipped_ones(id_):
    """A card is looked up by id and never by path."""
    with pytest.raises(MissingDataError, match="coco-karpathy-test, coco-karpathy-train, coco-karpathy-val"):
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
        ({"groupings": ["domain"], "group_examples": {"size": {"large": 1}}}, "no examples of the grouping 'domain'"),
    ],
)
def test_a_wrong_field_is_named(card_fields, write_card, change, words):
    """The message holds the field."""
    path = write_card({**card_fields, **change})

    with pytest.raises(CorruptDataError, match=words):
        read_card(path, TaskCard)


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
        read_card(path, TaskCard)

    assert caught.value.path == str(path)


def test_a_card_that_is_too_large_is_not_parsed(card_fields, write_card):
    """A sound card behind a long comment is refused for its size alone."""
    path = write_card(f"# {'x' * MAX_BYTES}\n{yaml.safe_dump(card_fields)}")

    with pytest.raises(CorruptDataError, match=f"at most {MAX_BYTES} are read"):
        read_card(path, TaskCard)


def test_a_task_card_is_no_corpus_card(card_fields, write_card):
    """The fields of the wanted kind are told."""
    with pytest.raises(CorruptDataError, match="texts"):
        read_card(write_card(card_fields), CorpusCard)
