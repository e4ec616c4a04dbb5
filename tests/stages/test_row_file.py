"""Text features are written as they are made: duplicates once, resumed at a block, the same bytes."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from zsbench.errors import FeatureError, OutOfMemoryError
from zsbench.oom import listen_to_halvings
from zsbench.stages import row_file
from zsbench.stages.row_file import RowFile, check_unit_features, write_text_features

WIDTH = 4


class CountingEncoder:
    """Features are hashes; it counts what it is given, and runs out of memory above a number of texts."""

    dim = WIDTH

    def __init__(self, room: int = 1000) -> None:
        self.seen: list[str] = []
        self.room = room

    def encode_texts(self, texts):
        if len(texts) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.seen += texts
        rows = [list(hashlib.sha256(text.encode()).digest()[:WIDTH]) for text in texts]
        values = torch.tensor(rows, dtype=torch.float32).reshape(len(texts), WIDTH) - 127.5
        return torch.nn.functional.normalize(values, dim=-1)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(row_file, "TEXTS_PER_BLOCK", 10)


@pytest.fixture
def texts() -> list[str]:
    """Forty-five texts, twenty of them different."""
    return [f"text {number}" for number in np.random.default_rng(1).integers(0, 20, 45)]


def write(path, texts, encoder=None, progress=lambda *_: None):
    write_text_features(path, texts, encoder or CountingEncoder(), progress)
    return path.read_bytes()


def test_the_file_is_npy_of_one_row_a_text(tmp_path, texts):
    """Rows are the encoder's, in the order of the texts, and can be memory-mapped."""
    write(tmp_path / "features.npy", texts)
    found = np.load(tmp_path / "features.npy", mmap_mode="r")
    assert found.dtype == np.float32
    assert np.array_equal(found, CountingEncoder().encode_texts(texts).numpy())
    assert [path.name for path in tmp_path.iterdir()] == ["features.npy"]


def test_a_text_is_encoded_once_however_often_it_occurs(tmp_path, texts):
    """Within a block and across blocks."""
    encoder = CountingEncoder()
    write(tmp_path / "features.npy", texts, encoder)
    assert encoder.seen == list(dict.fromkeys(texts))


def test_an_interrupted_write_goes_on_at_its_last_block(tmp_path, texts):
    """What is finished is not made again, half-written rows are, and the bytes are the same."""
    whole = write(tmp_path / "whole.npy", texts)

    def stop(done, total):
        if done == 30:
            raise KeyboardInterrupt

    path = tmp_path / "features.npy"
    with pytest.raises(KeyboardInterrupt):
        write(path, texts, progress=stop)
    with path.open("ab") as file:
        file.write(b"torn")
    encoder = CountingEncoder()
    assert write(path, texts, encoder)[: len(whole)] == whole
    assert set(encoder.seen) == set(texts[30:]) - set(texts[:30])


@pytest.mark.parametrize("damage", ["no json", '{"shape": [9, 4], "finished": 3}', "[]", "{}"])
def test_a_marker_that_fits_nothing_starts_anew(tmp_path, texts, damage):
    """Nothing is taken over from another shape or a damaged marker."""
    path = tmp_path / "features.npy"
    path.write_bytes(b"something else")
    (tmp_path / "features.npy.finished.json").write_text(damage, encoding="utf-8")
    assert write(path, texts) == write(tmp_path / "whole.npy", texts)


def test_out_of_memory_changes_no_byte(tmp_path, texts):
    """The batch is halved, it is heard, and no text is lost or encoded twice."""
    encoder = CountingEncoder(room=4)
    with listen_to_halvings() as heard:
        found = write(tmp_path / "features.npy", [f"text {number}" for number in range(45)], encoder)
    assert found == write(tmp_path / "whole.npy", [f"text {number}" for number in range(45)])
    assert [halving.after for halving in heard] == [5, 2]
    assert len(encoder.seen) == 45


def test_a_text_that_does_not_fit_alone_is_an_error(tmp_path):
    """Nothing is left to halve."""
    with pytest.raises(OutOfMemoryError, match="1 texts at once"):
        write(tmp_path / "features.npy", ["a", "b"], CountingEncoder(room=0))


def test_no_texts_give_no_rows(tmp_path):
    """An empty corpus is a file of no rows."""
    write(tmp_path / "features.npy", [])
    assert np.load(tmp_path / "features.npy").shape == (0, WIDTH)


def test_rows_are_read_back_while_the_file_grows(tmp_path):
    """Finished rows, in any order; the file knows how many."""
    file = RowFile(tmp_path / "rows.npy", 4, 2)
    file.append(np.arange(6, dtype=np.float32).reshape(3, 2))
    assert file.read(np.array([2, 0])).tolist() == [[4, 5], [0, 1]]
    assert file.finished == RowFile(tmp_path / "rows.npy", 4, 2).finished == 3


@pytest.mark.parametrize("bad", [[[3.0, 4.0]], [[float("nan"), 1.0]]])
def test_features_that_are_no_unit_vectors_are_refused(bad):
    """The message names what they are of."""
    with pytest.raises(FeatureError, match="text features that are not finite unit vectors"):
        check_unit_features(torch.tensor(bad), "text")
