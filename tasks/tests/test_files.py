"""Finding files under the data root."""

import pytest

from zsbench.errors import MissingDataError
from zsbench_tasks.coco import COCO
from zsbench_tasks.files import find_folder, locate_file


def test_the_data_root_itself_comes_before_the_folder_in_it(tmp_path):
    """A data root may be the data set's own folder."""
    (tmp_path / "coco").mkdir()
    (tmp_path / "coco" / "dataset_coco.json").touch()
    assert locate_file(tmp_path, COCO) == tmp_path / "coco" / "dataset_coco.json"

    (tmp_path / "dataset_coco.json").touch()
    assert locate_file(tmp_path, COCO) == tmp_path / "dataset_coco.json"


def test_a_missing_file_is_told_with_its_layout_and_origin(tmp_path):
    """The user learns where it belongs and where it comes from."""
    with pytest.raises(MissingDataError, match=r"image folder val2014.*karpathy-splits"):
        locate_file(tmp_path, COCO)


def test_a_data_root_that_is_no_folder_is_named(tmp_path):
    """The mistake is the root, not the file."""
    with pytest.raises(MissingDataError, match="is not a folder"):
        locate_file(tmp_path / "nowhere", COCO)


def test_the_first_folder_that_is_there_wins(tmp_path):
    """Without any, the usual name is what messages show."""
    assert find_folder(tmp_path, ("a", "b")) == tmp_path / "a"
    (tmp_path / "b").mkdir()
    assert find_folder(tmp_path, ("a", "b")) == tmp_path / "b"
