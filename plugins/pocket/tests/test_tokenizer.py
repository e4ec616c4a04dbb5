"""The shared tokenizer."""

from __future__ import annotations

import pytest
from transformers import AutoTokenizer

from zsbench_pocket.tokenizer import END_ID, LAST, PAD_ID, UNKNOWN, build_tokenizer, build_vocabulary, save_tokenizer


@pytest.fixture(scope="module", params=[True, False], ids=["encoder", "language-model"])
def tokenizer(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(folder, for_encoder=request.param)
    return AutoTokenizer.from_pretrained(folder)


def test_captions_come_back_as_they_went_in(tokenizer):
    """Lower-case captions survive encoding and decoding, punctuation included."""
    for text in ("two small red boats, a cat and a key on the sand.", "is the cat big?"):
        assert tokenizer.decode(tokenizer(text).input_ids, skip_special_tokens=True) == text


def test_unknown_words_are_spelled_and_never_lost(tokenizer):
    """Any English text encodes; only signs outside the alphabet become unknown."""
    ids = tokenizer("Photographers juggle zebras!", add_special_tokens=False).input_ids
    assert tokenizer.convert_tokens_to_ids(UNKNOWN) not in ids
    assert tokenizer.decode(ids) == "photographers juggle zebras!"


def test_encoder_text_ends_with_the_highest_id_even_when_cut():
    """open_clip reads the features at the highest id, so it must stand once, at the end."""
    tokenizer = build_tokenizer(for_encoder=True)
    tokenizer.enable_truncation(6)
    ids = tokenizer.encode("a red cat and a blue box and two green stars").ids
    assert len(ids) == 6
    assert max(ids) == ids[-1] == build_vocabulary()[LAST] == len(build_vocabulary()) - 1


def test_language_model_text_opens_as_opt_expects():
    """The leading token is </s> with id 2 and padding has id 1, as in OPT."""
    tokenizer = build_tokenizer(for_encoder=False)
    assert tokenizer.encode("a cat").ids[0] == END_ID == 2
    assert PAD_ID == 1
