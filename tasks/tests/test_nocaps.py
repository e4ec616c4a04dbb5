"""NoCaps validation: domains, mirrors, image names, and bad files in the official schema."""

import json

import pytest

from zsbench.data import OfficialSplits
from zsbench.errors import CorruptDataError, MissingDataError
from zsbench.plugins import load_plugins
from zsbench_tasks.nocaps import IMAGE_FOLDERS, nocaps_val

DOMAINS = ["near-domain", "in-domain", "out-domain", "near-domain"]


def make_nocaps():
    """Four images in the official schema."""
    images = [
        {
            "license": 0,
            "open_images_id": f"00{number}ea2087020901",
            "height": 732,
            "width": 1024,
            "id": number,
            "coco_url": f"https://s3.amazonaws.com/nocaps/val/00{number}ea2087020901.jpg",
            "date_captured": "2018-11-06 11:04:33",
            "file_name": f"00{number}ea2087020901.jpg",
            "domain": domain,
        }
        for number, domain in enumerate(DOMAINS)
    ]
    annotations = [
        {"image_id": number, "id": 10 * number + text, "caption": f"A baby stands {text}."}
        for number in (3, 0, 1, 2)
        for text in range(2)
    ]
    return {"licenses": [], "info": {"version": "1.0"}, "images": images, "annotations": annotations}


@pytest.fixture
def nocaps():
    """The document."""
    return make_nocaps()


@pytest.fixture
def write_nocaps(tmp_path):
    """Writes the document under the data root's folder of NoCaps."""

    def write(document):
        (tmp_path / "nocaps").mkdir(exist_ok=True)
        path = tmp_path / "nocaps" / "nocaps_val_4500_captions.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return write


def test_images_come_in_file_order_with_their_captions(nocaps, write_nocaps, tmp_path):
    """Whatever the order of the annotations."""
    write_nocaps(nocaps)
    task = nocaps_val(tmp_path)
    assert [example.id for example in task.examples()] == ["0", "1", "2", "3"]
    assert task.references()["3"] == ("A baby stands 0.", "A baby stands 1.")


def test_domains_are_groups_in_the_order_of_the_literature(nocaps, write_nocaps, tmp_path):
    """In, near, out; ids in the order of the examples."""
    write_nocaps(nocaps)
    groups = nocaps_val(tmp_path).groups()
    assert [(name, ids) for name, ids in groups["domain"].items()] == [
        ("in-domain", ["1"]),
        ("near-domain", ["0", "3"]),
        ("out-domain", ["2"]),
    ]


def test_a_domain_without_images_is_no_group(nocaps, write_nocaps, tmp_path):
    """There is nothing to score."""
    nocaps["images"][2]["domain"] = "near-domain"
    write_nocaps(nocaps)
    assert list(nocaps_val(tmp_path).groups()["domain"]) == ["in-domain", "near-domain"]


def test_a_mirror_without_domains_is_recognised(nocaps, write_nocaps, tmp_path):
    """The message says which file is needed and where it is."""
    for image in nocaps["images"]:
        del image["domain"]
    write_nocaps(nocaps)
    with pytest.raises(CorruptDataError, match=r"mirror of NoCaps that dropped the key 'domain'.*nocaps\.s3"):
        nocaps_val(tmp_path).examples()


@pytest.mark.parametrize("domain", [None, "somewhere"])
def test_one_image_without_a_known_domain_is_named(nocaps, write_nocaps, tmp_path, domain):
    """The others have theirs."""
    nocaps["images"][1]["domain"] = domain
    write_nocaps(nocaps)
    with pytest.raises(CorruptDataError, match=f"the image with id 1 has the domain {domain!r}"):
        nocaps_val(tmp_path).groups()


@pytest.mark.parametrize("folder", IMAGE_FOLDERS)
def test_images_are_found_by_file_name(nocaps, write_nocaps, tmp_path, folder):
    """In a folder of any usual name."""
    images = write_nocaps(nocaps).parent / folder
    images.mkdir()
    (images / "000ea2087020901.jpg").touch()
    assert nocaps_val(tmp_path).examples()[0].image == images / "000ea2087020901.jpg"


def test_images_are_found_by_their_open_images_id(nocaps, write_nocaps, tmp_path):
    """Where the file's own names are others, and the suffix is another."""
    for image in nocaps["images"]:
        image["file_name"] = f"nocaps_val_{image['id']}.jpg"
    images = write_nocaps(nocaps).parent / "val"
    images.mkdir()
    (images / "001ea2087020901.png").touch()
    examples = nocaps_val(tmp_path).examples()
    assert examples[1].image == images / "001ea2087020901.png"
    assert examples[0].image == images / "nocaps_val_0.jpg"


def test_a_small_file_is_told_by_its_size_alone(nocaps, write_nocaps, tmp_path):
    """One remark, not one for each domain."""
    write_nocaps(nocaps)
    remark = OfficialSplits(load_plugins().registry).check(nocaps_val(tmp_path))
    assert remark == "nocaps-val has 4 examples here; the official split has 4,500."


def test_a_missing_file_says_where_it_is_from(tmp_path):
    """With the layout."""
    with pytest.raises(MissingDataError, match=r"image folder val.*nocaps\.s3\.amazonaws\.com"):
        nocaps_val(tmp_path).examples()
