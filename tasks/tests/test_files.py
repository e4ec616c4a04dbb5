"""Which images are not there."""

from zsbench_tasks.coco import coco_karpathy_test
from zsbench_tasks.files import missing_images


def test_missing_images_are_listed_by_id(entries, write_split, tmp_path):
    """Only the example whose file is absent is listed; contents do not matter."""
    write_split(entries)
    (tmp_path / "val2014").mkdir()
    (tmp_path / "val2014" / "COCO_val2014_000000000105.jpg").write_bytes(b"not an image")

    assert missing_images(coco_karpathy_test(tmp_path)) == ["140"]


def test_without_the_folder_every_image_is_missing(entries, write_split, tmp_path):
    """Ids come in the task's order."""
    write_split(entries)

    assert missing_images(coco_karpathy_test(tmp_path)) == ["140", "105"]


def test_a_folder_in_place_of_an_image_counts_as_missing(entries, write_split, tmp_path):
    """Only files are images."""
    write_split(entries)
    for id_ in (105, 140):
        (tmp_path / "val2014" / f"COCO_val2014_{id_:012d}.jpg").mkdir(parents=True)

    assert missing_images(coco_karpathy_test(tmp_path)) == ["140", "105"]
