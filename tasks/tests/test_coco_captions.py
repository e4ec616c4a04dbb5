"""The parser of caption files in COCO's form: what it reads, and what it refuses."""

import json

import pytest

from zsbench.errors import CorruptDataError
from zsbench_tasks.coco_captions import CocoImage, read_coco_captions


@pytest.fixture
def document():
    """Two images in the schema of ``captions_val2017.json``."""
    return {
        "info": {"year": 2017},
        "licenses": [],
        "images": [
            {
                "license": 4,
                "file_name": "000000397133.jpg",
                "coco_url": "http://x",
                "height": 427,
                "width": 640,
                "id": 397133,
            },
            {
                "license": 1,
                "file_name": "000000037777.jpg",
                "coco_url": "http://x",
                "height": 230,
                "width": 352,
                "id": 37777,
            },
        ],
        "annotations": [
            {"image_id": 37777, "id": 1, "caption": "The dining table. "},
            {"image_id": 397133, "id": 2, "caption": "A man in a kitchen.\n"},
            {"image_id": 37777, "id": 3, "caption": "Ein Tisch mit Äpfeln."},
        ],
    }


@pytest.fixture
def write(tmp_path):
    """Writes a document, or bytes."""

    def _write(content):
        path = tmp_path / "captions_val2017.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode())
        return path

    return _write


def refusal(path):
    """The message about a bad file."""
    with pytest.raises(CorruptDataError) as caught:
        read_coco_captions(path)
    assert caught.value.path == str(path)
    return caught.value.found


def test_images_come_in_file_order_with_their_captions(document, write):
    """Captions keep the order of the annotations."""
    assert read_coco_captions(write(document)) == [
        CocoImage("397133", "000000397133.jpg", ("A man in a kitchen.",)),
        CocoImage("37777", "000000037777.jpg", ("The dining table.", "Ein Tisch mit Äpfeln.")),
    ]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda d: d.pop("images"), "missing required field `images`"),
        (lambda d: d.pop("annotations"), "missing required field `annotations`"),
        (lambda d: d.update(images={}), "images: Expected `array`, got `object`"),
        (lambda d: d.update(images=[], annotations=[]), "it has no images at all"),
        (lambda d: d["images"][1].pop("file_name"), "images[1] (id 37777): Object missing required field `file_name`"),
        (lambda d: d["images"][1].update(id=1.5), "images[1].id (id 1.5): Expected `int | str`, got `float`"),
        (lambda d: d["images"][1].update(id=397133), "images[1] (id 397133) has the id of an image before it"),
        (lambda d: d["images"][1].update(file_name="../up.jpg"), "images[1] (id 37777) has no path inside"),
        (lambda d: d["annotations"][1].update(image_id=5), "annotations[1] (image_id 5) is of an image that is not in"),
        (lambda d: d["annotations"][1].update(caption=" "), "annotations[1] (image_id 397133) has an empty caption"),
        (
            lambda d: d["annotations"][1].update(caption=None),
            "annotations[1].caption (image_id 397133): Expected `str`",
        ),
        (lambda d: d["annotations"].pop(1), "the image with id 397133 has no caption"),
        (lambda d: d["annotations"].append("x"), "annotations[3]: Expected `object`, got `str`"),
    ],
)
def test_a_bad_entry_is_named_with_its_key(document, write, damage, words):
    """The message says which entry and which key."""
    damage(document)
    assert words in refusal(write(document))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_told_as_such(document, write, share):
    """Wherever the download stopped."""
    content = json.dumps(document).encode()
    assert "it ends in the middle of its JSON" in refusal(write(content[: int(len(content) * share)]))


def test_bytes_that_are_not_utf_8_are_named_with_their_entry(document, write):
    """A caption in Latin-1, and not one before it that holds the sign for a lost letter."""
    document["annotations"][0]["caption"] = "A caf\\ufffd."
    content = json.dumps(document, ensure_ascii=False).replace("\\\\ufffd", "\\ufffd").encode("latin-1")
    assert "is not UTF-8, in annotations[2] (image_id 37777)" in refusal(write(content))


@pytest.mark.parametrize(
    "content", [b"<html>404</html>", b"[1, 2]", b"null", b"[" * 200_000, b'{"images": ' + b"[" * 200_000]
)
def test_another_kind_of_file_is_refused(write, content):
    """An error page, another JSON or a nest of brackets."""
    assert "is not a sound caption file in COCO's form" in refusal(write(content))


def test_ids_may_be_texts(document, write):
    """Files of one's own have them."""
    for image in document["images"]:
        image["id"] = str(image["id"])
    for annotation in document["annotations"]:
        annotation["image_id"] = str(annotation["image_id"])
    assert [image.id for image in read_coco_captions(write(document))] == ["397133", "37777"]
