"""The COCO tasks over tiny files in the official layout."""

import hashlib

import pytest

from zsbench.errors import CorruptDataError, MissingDataError, ScoringError
from zsbench_tasks.coco import coco_karpathy_test, coco_karpathy_val


def test_examples_and_references_are_those_of_the_split(entries, write_split, tmp_path):
    """Ids, image paths, order and references are the file's; images need not be there."""
    write_split(entries)
    task = coco_karpathy_test(tmp_path)

    assert [(e.id, e.image, e.question) for e in task.examples()] == [
        ("140", tmp_path / "val2014" / "COCO_val2014_000000000140.jpg", None),
        ("105", tmp_path / "val2014" / "COCO_val2014_000000000105.jpg", None),
    ]
    assert task.references() == {"140": ("A dog runs.", "Two dogs"), "105": ("Ein Käfer.", "A bug.", "A beetle.")}


def test_test_and_validation_share_no_image(entries, write_split, tmp_path):
    """Each task reads its own split."""
    write_split(entries)

    assert [e.id for e in coco_karpathy_val(tmp_path).examples()] == ["130"]


def test_an_entry_without_folder_is_looked_for_among_the_val_images(entries, write_split, tmp_path):
    """Both splits live in val2014."""
    del entries[0]["filepath"]
    write_split(entries)

    assert coco_karpathy_test(tmp_path).examples()[0].image.parent == tmp_path / "val2014"


def test_data_are_found_in_a_folder_named_coco(entries, write_split, tmp_path):
    """A data root may hold several data sets; images stand beside the split file."""
    write_split(entries, folder="coco")

    assert coco_karpathy_val(tmp_path).examples()[0].image.parent == tmp_path / "coco" / "val2014"


def test_the_data_root_itself_wins_over_the_folder(entries, write_split, tmp_path):
    """The first match is used where both are there."""
    write_split(entries[:1], folder="coco")
    write_split(entries)

    assert len(coco_karpathy_test(tmp_path).examples()) == 2


@pytest.mark.parametrize("root", [".", "no/such/folder"])
def test_missing_data_say_what_belongs_where(tmp_path, root):
    """The message names the file, the layout and the origin, and comes at first use."""
    task = coco_karpathy_test(tmp_path / root)

    with pytest.raises(MissingDataError) as caught:
        task.examples()

    assert str(tmp_path / root / "dataset_coco.json") in caught.value.found
    assert "val2014" in caught.value.expected
    assert "Karpathy splits" in caught.value.remedy


def test_the_constructor_reads_nothing(tmp_path):
    """Broken data are no obstacle until they are used."""
    (tmp_path / "dataset_coco.json").write_text("{", encoding="utf-8")
    task = coco_karpathy_test(tmp_path)

    with pytest.raises(CorruptDataError):
        task.references()


def test_the_content_hash_follows_ids_and_references(entries, write_split, tmp_path):
    """The hash is that of one JSON line an image, and changes with any caption, id or order."""
    write_split(entries)
    lines = '["140", "A dog runs.", "Two dogs"]\n["105", "Ein Käfer.", "A bug.", "A beetle."]\n'
    before = coco_karpathy_test(tmp_path).content_hash
    assert before == hashlib.sha256(lines.encode()).hexdigest()

    entries[0], entries[4] = entries[4], entries[0]
    write_split(entries)
    assert coco_karpathy_test(tmp_path).content_hash != before


def test_the_content_hash_ignores_other_splits_and_places(entries, write_split, tmp_path):
    """What is not asked does not change what is asked."""
    write_split(entries)
    write_split([entry for entry in entries if entry["split"] == "test"], folder="elsewhere/coco")

    assert coco_karpathy_test(tmp_path).content_hash == coco_karpathy_test(tmp_path / "elsewhere").content_hash


def test_predictions_must_cover_the_split(entries, write_split, tmp_path):
    """The contract's check works on the task's ids."""
    write_split(entries)
    task = coco_karpathy_test(tmp_path)
    expected = [e.id for e in task.examples()]

    task.check_predictions({"140": "a", "105": "b"}, expected)
    with pytest.raises(ScoringError) as caught:
        task.check_predictions({"140": "a", "7": "b"}, expected)

    assert caught.value.ids == ("105", "7")


def test_an_image_of_this_split_in_another_one_is_a_problem(entries, write_split, tmp_path):
    """Under an id of its own, reading does not see it; a leak in other splits is not this task's."""
    entries[5].update(filename=entries[0]["filename"], filepath="val2014")
    write_split(entries)

    assert list(coco_karpathy_test(tmp_path).iter_problems()) == [
        "The image val2014/COCO_val2014_000000000140.jpg stands in several splits: test, train."
    ]
    assert list(coco_karpathy_val(tmp_path).iter_problems()) == []
