"""The parser of Karpathy split files: what it reads, and what it refuses."""

import json

import pytest

from zsbench.errors import CorruptDataError
from zsbench_tasks.karpathy import KarpathyImage, read_karpathy, read_karpathy_splits

ALL = ("train", "restval", "val", "test")


def refusal(path, splits=ALL):
    """The message about a bad file."""
    with pytest.raises(CorruptDataError) as caught:
        read_karpathy(path, splits=splits)
    assert caught.value.path == str(path)
    return caught.value.found


def test_a_split_is_read_in_file_order(entries, write_split):
    """Images keep the order of the file, and captions lose surrounding white space alone."""
    images = read_karpathy(write_split(entries), splits=("test",))

    assert images == [
        KarpathyImage("140", "test", "val2014", "COCO_val2014_000000000140.jpg", ("A dog runs.", "Two dogs")),
        KarpathyImage("105", "test", "val2014", "COCO_val2014_000000000105.jpg", ("Ein Käfer.", "A bug.", "A beetle.")),
    ]


def test_several_splits_are_read_together(entries, write_split):
    """Splits interleave as they do in the file."""
    assert [image.id for image in read_karpathy(write_split(entries), splits=("train", "restval"))] == [
        "110",
        "120",
        "150",
    ]


def test_an_image_without_cocoid_goes_by_its_imgid(entries, write_split):
    """Flickr files have no cocoid."""
    del entries[0]["cocoid"]

    assert read_karpathy(write_split(entries), splits=("test",))[0].id == "40"


def test_an_image_may_name_no_folder(entries, write_split):
    """Flickr files have no filepath."""
    del entries[0]["filepath"]

    assert read_karpathy(write_split(entries), splits=("test",))[0].folder == ""


def test_a_byte_order_mark_is_read_over(entries, write_split):
    """Editors of some systems put one."""
    path = write_split(entries)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert len(read_karpathy(path, splits=ALL)) == 6


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda e: e[2].pop("filename"), "images[2] (cocoid 130): Object missing required field `filename`"),
        (lambda e: e[2].update(filename=7), "images[2].filename (cocoid 130): Expected `str`, got `int`"),
        (lambda e: e[2].pop("split"), "Object missing required field `split`"),
        (lambda e: e[2].pop("sentences"), "Object missing required field `sentences`"),
        (lambda e: e[2].update(sentences=[]), "has no captions under key 'sentences'"),
        (lambda e: e[2].update(sentences={"raw": "A cat."}), "Expected `array`, got `object`"),
        (lambda e: e[2]["sentences"][0].pop("raw"), "missing required field `raw` - at `sentences[0]`"),
        (lambda e: e[2]["sentences"].append("A cat."), "Expected `object`, got `str` - at `sentences[1]`"),
        (lambda e: e[2]["sentences"][0].update(raw=" \n\t"), "an empty caption under key 'sentences[0].raw'"),
        (lambda e: e[2].update(cocoid="130"), "images[2].cocoid (cocoid 130): Expected `int | null`, got `str`"),
        (lambda e: e[2].update(cocoid=True), "Expected `int | null`, got `bool`"),
        (lambda e: e[2].update(filepath=["val2014"]), "images[2].filepath (cocoid 130): Expected `str | null`"),
        (lambda e: e[2].update(cocoid=140), "has the id of images[0]"),
    ],
)
def test_a_bad_entry_is_named_with_its_key(entries, write_split, damage, words):
    """The message says which image and which key."""
    damage(entries)

    found = refusal(write_split(entries))

    assert "images[2]" in found
    assert words in found


def test_half_a_character_is_refused(entries, write_split):
    """A lone surrogate cannot be written as UTF-8."""
    entries[2]["sentences"][0]["raw"] = "A \ud83d cat"

    assert "it is not readable JSON" in refusal(write_split(entries))


@pytest.mark.parametrize("key", ["filepath", "filename"])
@pytest.mark.parametrize("path", ["../up", "/etc", "a/../../up", "..", "C:\\x", "C:x", "..\\up", "a//b", "a\0b", "./a"])
def test_a_path_that_leaves_the_folder_is_refused(entries, write_split, key, path):
    """No image is looked for outside the data's folder."""
    entries[4][key] = path

    found = refusal(write_split(entries))

    assert "images[4] (cocoid 105)" in found
    assert f"under key {key!r}" in found


def test_a_repeated_id_is_refused_though_it_is_in_another_split(entries, write_split):
    """An image of the test split that is also trained on is a leak, not a detail."""
    entries[5]["cocoid"] = 140

    assert "images[5] (cocoid 140) has the id of images[0]" in refusal(write_split(entries), splits=("test",))


def test_an_entry_that_is_no_object_is_named_by_its_place(entries, write_split):
    """There is no id to name it by."""
    entries[3] = "COCO_val2014_000000000120.jpg"

    assert "images[3]: Expected `object`, got `str`" in refusal(write_split(entries))


def test_an_entry_without_any_id_is_named_by_its_place(entries, write_split):
    """There is no id to name it by."""
    del entries[3]["cocoid"], entries[3]["imgid"]

    assert "images[3] has neither 'cocoid' nor 'imgid'" in refusal(write_split(entries))


def test_ids_may_be_the_stems_of_the_files(entries, write_split):
    """Flickr30k is known by them."""
    images = read_karpathy(write_split(entries), splits=("test",), id_kind="stem")

    assert [image.id for image in images] == ["COCO_val2014_000000000140", "COCO_val2014_000000000105"]


def test_without_a_split_every_image_is_read(entries, write_split):
    """A file of one's own need not be a split of anything."""
    assert len(read_karpathy(write_split(entries), splits=())) == 6


def test_the_splits_of_every_image_file_are_told(entries, write_split):
    """A file that stands in two splits is seen, whatever its ids."""
    entries[5].update(filename=entries[0]["filename"], filepath="val2014")

    splits = read_karpathy_splits(write_split(entries))

    assert splits["val2014/COCO_val2014_000000000140.jpg"] == ["test", "train"]
    assert len(splits) == 5


def test_a_split_without_images_is_refused(entries, write_split):
    """The splits that are there are listed."""
    found = refusal(write_split(entries), splits=("testing",))

    assert found.endswith("it has no image of split testing, only restval, test, train, val.")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_told_as_such(entries, write_split, share):
    """A download that stopped is recognised wherever it stopped."""
    path = write_split(entries)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])

    assert "it ends in the middle of its JSON" in refusal(path)


@pytest.mark.parametrize(
    "content", ["<html>404</html>", "[1, 2]", '{"images": {}}', '{"annotations": []}', "null", "[" * 200_000]
)
def test_another_kind_of_file_is_refused(tmp_path, content):
    """An error page, another JSON or a nest of brackets is no split file."""
    path = tmp_path / "dataset_coco.json"
    path.write_text(content, encoding="utf-8")

    assert "is not a sound Karpathy split file" in refusal(path)


def test_bytes_that_are_not_utf_8_are_named_with_their_image(entries, write_split):
    """A caption in Latin-1 is found, and its image's id is told."""
    path = write_split(entries)
    path.write_bytes(json.dumps({"images": entries}, ensure_ascii=False).encode("latin-1", "ignore"))

    found = refusal(path, splits=("train",))

    assert "is not UTF-8, in images[4] (cocoid 105)" in found


def test_bytes_that_are_not_utf_8_outside_any_image_are_named_by_place(tmp_path):
    """There may be no image to name."""
    path = tmp_path / "dataset_coco.json"
    path.write_bytes(b'{"images": [], "dataset": "\xff"}')

    assert "line 1, byte 27, is not UTF-8." in refusal(path)


def test_a_large_file_is_read_whole(write_split, entries):
    """Five thousand images with five captions each come back complete and in order."""
    pattern = entries[0]
    sentence = pattern["sentences"][0]
    many = [{**pattern, "cocoid": n, "sentences": [sentence] * 5} for n in range(5000, 0, -1)]

    images = read_karpathy(write_split(many), splits=("test",))

    assert [int(image.id) for image in images] == list(range(5000, 0, -1))
    assert sum(len(image.captions) for image in images) == 25_000
