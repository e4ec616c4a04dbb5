"""The training captions."""

import pytest

from zsbench.errors import MissingDataError
from zsbench_tasks.corpora import coco_karpathy_train, flickr30k_karpathy_train


def test_the_corpus_is_every_training_caption_in_file_order(entries, write_split, tmp_path):
    """Splits train and restval, repeats kept, each caption on one line."""
    write_split(entries)

    assert list(coco_karpathy_train(tmp_path)) == ["A red car.", "A car.", "A boat at sea.", "A car."]


def test_every_text_is_one_line_that_is_not_empty(entries, write_split, tmp_path):
    """Line separators of every kind are gone."""
    entries[1]["sentences"][0]["raw"] = "A\r\nred\x85 car\x0b on\x0c the\u2029 road"
    write_split(entries)

    assert coco_karpathy_train(tmp_path).texts()[0] == "A red car on the road"
    assert all(len(text.splitlines()) == 1 for text in coco_karpathy_train(tmp_path))


def test_the_corpus_lies_in_a_folder_named_coco_as_well(entries, write_split, tmp_path):
    """The corpus is looked for where the tasks are."""
    write_split(entries, folder="coco")

    assert len(coco_karpathy_train(tmp_path).texts()) == 4


def test_missing_data_are_told_at_first_use(tmp_path):
    """The message names the file."""
    corpus = coco_karpathy_train(tmp_path)

    with pytest.raises(MissingDataError, match=r"dataset_coco\.json"):
        corpus.texts()


def test_flickr30k_gives_the_captions_of_its_training_split(entries, write_split, tmp_path):
    """It has no restval."""
    for entry in entries:
        del entry["cocoid"]
    write_split(entries, folder="flickr30k").rename(tmp_path / "flickr30k" / "dataset_flickr30k.json")

    assert list(flickr30k_karpathy_train(tmp_path)) == ["A red car.", "A car.", "A car."]
