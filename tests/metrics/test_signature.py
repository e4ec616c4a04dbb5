import pytest

from zsbench.errors import ConfigError
from zsbench.metrics.signature import Signature, short_hash

TEXT = "CIDEr-D|tok:ptb-3.4.1|idf:coco-karpathy-test:5000:ab12cd|refs:all|n:5000|ids:98fe76|zsbench:0.1.0"


def test_signature_reads_what_it_prints():
    """Parsing a printed signature gives the same signature, colons in values included."""
    signature = Signature.parse(TEXT)
    assert str(signature) == TEXT
    assert dict(signature.fields)["idf"] == "coco-karpathy-test:5000:ab12cd"
    assert Signature.of(signature.metric, dict(signature.fields)) == signature


def test_equal_signatures_differ_in_nothing():
    """Scores with equal signatures may be compared, also if fields stand in another order."""
    one = Signature.parse(TEXT)
    other = Signature(one.metric, one.fields[::-1])
    assert one.differences(other) == []


def test_differences_name_field_and_values():
    """Each difference says which field and what stands on either side; ignored fields do not count."""
    other = Signature.parse(
        TEXT.replace("5000:ab12cd", "1000:ffffff").replace("|refs:all", "").replace("0.1.0", "0.2.0")
    )
    assert Signature.parse(TEXT).differences(other, ignore=["zsbench"]) == [
        "idf: coco-karpathy-test:5000:ab12cd against coco-karpathy-test:1000:ffffff",
        "refs: all against none",
    ]
    assert Signature.parse(TEXT).differences(Signature("METEOR", Signature.parse(TEXT).fields)) == [
        "metric: CIDEr-D against METEOR"
    ]


@pytest.mark.parametrize("text", ["", "|tok:x", "CIDEr-D|5000", "CIDEr-D||n:1"])
def test_other_text_is_refused(text):
    """What is no signature is not read as one."""
    with pytest.raises(ConfigError, match="signature"):
        Signature.parse(text)


@pytest.mark.parametrize("pair", [("a|b", "c"), ("a", "b|c"), ("a:b", "c")])
def test_field_that_cannot_be_read_back_is_refused(pair):
    """Separators in names and values would change the meaning of the line."""
    with pytest.raises(ConfigError, match="signature"):
        Signature("X", (pair,))


def test_short_hash_depends_on_lines():
    """The hash is stable and tells lines apart from their concatenation."""
    assert short_hash(["a", "b"]) == short_hash(iter(["a", "b"]))
    assert len(short_hash(["a"])) == 8
    assert short_hash(["ab"]) != short_hash(["a", "b"])
