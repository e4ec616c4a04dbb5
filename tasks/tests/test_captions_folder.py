"""Any folder of images with a file of captions: every form, through settings alone."""

import json

import pytest

from zsbench.data import make_task
from zsbench.errors import ConfigError, CorruptDataError, MissingDataError
from zsbench.plugins import load_plugins

COCO = {
    "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 3, "file_name": "sub/b.jpg"}],
    "annotations": [{"image_id": 3, "id": 1, "caption": "B."}, {"image_id": 7, "id": 2, "caption": "A."}],
}
KARPATHY = {
    "images": [
        {"filename": "a.jpg", "imgid": 7, "split": "test", "sentences": [{"raw": "A."}]},
        {"filename": "b.jpg", "filepath": "sub", "imgid": 3, "split": "val", "sentences": [{"raw": "B."}]},
    ],
    "dataset": "mine",
}
FILES = {
    "coco.json": json.dumps(COCO),
    "karpathy.json": json.dumps(KARPATHY),
    "rows.csv": "image,caption\na.jpg,A.\nsub/b.jpg,B.\n",
    "rows.tsv": "file_name\tcaption\na.jpg\tA.\nsub/b.jpg\tB.\n",
    "rows.jsonl": '{"image": "a.jpg", "captions": ["A."]}\n\n{"image": "sub/b.jpg", "caption": "B."}\n',
}


@pytest.fixture
def task(tmp_path):
    """A task of some settings, with the files written to the data root's folder ``mine``."""
    (tmp_path / "mine").mkdir()
    registry = load_plugins().registry

    def _task(name="", content="", id_="captions-folder", **settings):
        if name:
            (tmp_path / "mine" / name).write_bytes(content if isinstance(content, bytes) else content.encode())
            settings = {"captions": f"mine/{name}", **settings}
        return make_task(id_, registry, tmp_path, settings)

    return _task


@pytest.mark.parametrize(("name", "content"), FILES.items())
def test_every_form_gives_the_same_images(task, tmp_path, name, content):
    """The form is seen; images lie beside the file unless a folder is named."""
    made = task(name, content)
    assert [example.image for example in made.examples()] == [
        tmp_path / "mine" / "a.jpg",
        tmp_path / "mine" / "sub" / "b.jpg",
    ]
    assert list(made.references().values()) == [("A.",), ("B.",)]


@pytest.mark.parametrize(
    ("name", "ids"), [("coco.json", ["7", "3"]), ("karpathy.json", ["7", "3"]), ("rows.csv", ["a.jpg", "sub/b.jpg"])]
)
def test_ids_are_those_of_the_file_or_the_names_of_images(task, name, ids):
    """Rows have no ids of their own."""
    assert [example.id for example in task(name, FILES[name]).examples()] == ids


def test_rows_of_one_image_are_its_references(task):
    """Also where they do not follow each other."""
    made = task("rows.csv", 'image,caption\na.jpg,"A, one."\nb.jpg,B.\na.jpg,"A ""two""\nlines."\n')
    assert made.references() == {"a.jpg": ("A, one.", 'A "two"\nlines.'), "b.jpg": ("B.",)}


def test_columns_may_have_any_name(task):
    """The settings name them."""
    made = task("rows.csv", "pic;x,said\na.jpg,A.\n", image_key="pic;x", caption_key="said")
    assert made.references() == {"a.jpg": ("A.",)}


def test_one_split_of_a_karpathy_file_may_be_chosen(task):
    """The others are left."""
    assert [example.id for example in task("k.json", FILES["karpathy.json"], split="val").examples()] == ["3"]


def test_images_may_lie_elsewhere(task, tmp_path):
    """Below the data root, or anywhere by an absolute path."""
    below = task("rows.csv", FILES["rows.csv"], images="pictures").examples()[0].image
    anywhere = task("rows.csv", FILES["rows.csv"], images="/srv/pictures").examples()[0].image
    assert (str(below), str(anywhere)) == (str(tmp_path / "pictures" / "a.jpg"), "/srv/pictures/a.jpg")


def test_the_form_may_be_set_against_the_suffix(task):
    """A file may be called anything."""
    assert len(task("captions.txt", FILES["rows.jsonl"], format="jsonl").examples()) == 2


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rows.csv", "", "line 1 names no columns"),
        ("rows.csv", "image,caption\n", "it has no rows"),
        ("rows.csv", "image,text_of_it\na.jpg,A.\n", "line 2 has none of the keys captions, caption"),
        ("rows.csv", "image,caption\na.jpg\n", "line 2 has none of the keys captions"),
        ("rows.csv", "image,caption\na.jpg, \n", "line 2 has an empty caption under key 'caption'"),
        ("rows.csv", "image,caption\na.jpg,A.,more\n", "line 2 has 3 values for 2 columns"),
        ("rows.csv", 'image,caption\na.jpg,"A\n', "line 2: unexpected end of data"),
        ("rows.csv", "image,caption\n../a.jpg,A.\n", "line 2 has no path inside"),
        ("rows.csv", b"image,caption\na.jpg,A.\nb.jpg,\xe4.\n", "line 3 has no caption in UTF-8"),
        ("rows.jsonl", '{"image": "a.jpg", "caption": "A."}\n{"image": "b', "line 2 is not JSON"),
        ("rows.jsonl", b'{"image": "a.jpg", "caption": "\xe4"}\n', "line 1, byte 31, is not UTF-8"),
        ("rows.jsonl", '"A."\n', "line 1 has no keys"),
        ("rows.jsonl", "[1]\n", "line 1 is neither an object nor a string"),
        ("rows.jsonl", '{"image": 7, "caption": "A."}\n', "line 1 has no text under key 'image'"),
        ("rows.jsonl", '{"image": "a.jpg", "captions": []}\n', "line 1 has no caption in UTF-8 under key 'captions'"),
        ("rows.jsonl", '{"image": "a.jpg", "captions": ["A.", 7]}\n', "line 1 has no caption in UTF-8"),
        ("rows.xlsx", "x", "its suffix '.xlsx' is none of"),
        ("coco.json", "{", "it ends in the middle of its JSON"),
    ],
)
def test_a_bad_file_is_told_with_its_line(task, name, content, words):
    """And with its key, where there is one."""
    with pytest.raises(CorruptDataError) as caught:
        task(name, content).examples()
    assert words in caught.value.found


def test_a_missing_file_is_named(task):
    """With what the setting means."""
    with pytest.raises(MissingDataError, match=r"nowhere\.csv.*from the data root"):
        task(captions="nowhere.csv").examples()


def test_the_file_must_be_set(task):
    """There is no default for one's own data."""
    with pytest.raises(ConfigError, match="There is no 'captions' in settings of task captions-folder"):
        task()


@pytest.mark.parametrize("folder", [".", "annotations", "coco", "coco/annotations"])
def test_coco_captions_are_found_where_archives_unpack_them(task, tmp_path, folder):
    """Images lie in the folder that the file's name says, under the data root or its folder of COCO."""
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / folder / "captions_val2017.json").write_text(json.dumps(COCO), encoding="utf-8")
    (tmp_path / "coco" / "val2017").mkdir(parents=True)
    examples = task(id_="coco-captions", captions="captions_val2017.json").examples()
    assert [example.id for example in examples] == ["7", "3"]
    assert examples[0].image == tmp_path / "coco" / "val2017" / "a.jpg"


def test_the_content_hash_follows_captions(task):
    """One other caption is another content."""
    first = task("rows.csv", FILES["rows.csv"]).content_hash
    assert task("rows.csv", FILES["rows.csv"].replace("B.", "C.")).content_hash != first
