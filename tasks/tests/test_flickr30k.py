"""The Flickr30k tasks, and the published trap: the ids of val under the name of test."""

import json

import pytest

from zsbench.data import OfficialSplits, hash_ids
from zsbench.plugins import load_plugins
from zsbench_tasks import cards
from zsbench_tasks.flickr30k import IMAGE_FOLDERS, flickr30k_karpathy_test, flickr30k_karpathy_val


@pytest.fixture
def write_flickr(tmp_path):
    """Writes ``dataset_flickr30k.json`` of some names and splits, as it is published: without folder and cocoid."""

    def write(splits):
        images = [
            {
                "sentids": [number],
                "imgid": number,
                "sentences": [{"tokens": ["a", "man"], "raw": "A man.", "imgid": number, "sentid": number}],
                "split": split,
                "filename": f"{name}.jpg",
            }
            for number, (name, split) in enumerate(splits.items())
        ]
        (tmp_path / "flickr30k").mkdir(exist_ok=True)
        path = tmp_path / "flickr30k" / "dataset_flickr30k.json"
        path.write_text(json.dumps({"images": images, "dataset": "flickr30k"}), encoding="utf-8")
        return path

    return write


def test_ids_are_the_stems_of_the_files(write_flickr, tmp_path):
    """As in the literature."""
    write_flickr({"1000092795": "train", "1007129816": "test", "1018148011": "val"})
    assert [example.id for example in flickr30k_karpathy_test(tmp_path).examples()] == ["1007129816"]
    assert [example.id for example in flickr30k_karpathy_val(tmp_path).examples()] == ["1018148011"]


@pytest.mark.parametrize("folder", IMAGE_FOLDERS)
def test_the_image_folder_has_any_of_its_usual_names(write_flickr, tmp_path, folder):
    """Archives unpack to different ones."""
    path = write_flickr({"1007129816": "test"})
    (path.parent / folder).mkdir()
    (example,) = flickr30k_karpathy_test(tmp_path).examples()
    assert example.image == path.parent / folder / "1007129816.jpg"
    assert flickr30k_karpathy_test(tmp_path).required_files()[1].found == path.parent / folder


def test_the_ids_of_val_under_the_name_of_test_are_caught_by_name(write_flickr, tmp_path, monkeypatch):
    """A published artefact carries exactly that."""
    names = [str(number) for number in range(1014)]
    write_flickr(dict.fromkeys(names, "test"))
    load_card = cards.load_card
    changed = {"flickr30k-karpathy-val": {"ids_sha256": hash_ids(names)}}
    monkeypatch.setattr(
        "zsbench_tasks.captioning.load_card", lambda id_: load_card(id_).model_copy(update=changed.get(id_, {}))
    )
    remark = OfficialSplits(load_plugins().registry).check(flickr30k_karpathy_test(tmp_path))
    assert (
        remark
        == "flickr30k-karpathy-test has the 1,014 ids of flickr30k-karpathy-val here, not those of its own split."
    )


def test_a_small_split_is_told_by_its_size_alone(write_flickr, tmp_path):
    """Which is fine, and not comparable."""
    write_flickr({"1007129816": "test"})
    remark = OfficialSplits(load_plugins().registry).check(flickr30k_karpathy_test(tmp_path))
    assert remark == "flickr30k-karpathy-test has 1 examples here; the official split has 1,000."


def test_an_image_in_two_splits_is_refused(write_flickr, tmp_path):
    """Names are ids here, so that reading sees it."""
    path = write_flickr({"1": "train", "2": "test"})
    path.write_text(path.read_text(encoding="utf-8").replace("1.jpg", "2.jpg"), encoding="utf-8")
    with pytest.raises(Exception, match="has the id of images"):
        flickr30k_karpathy_test(tmp_path).examples()
