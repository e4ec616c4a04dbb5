import pytest

from zsbench.errors import MetricNotRunError
from zsbench.metrics import ptb
from zsbench.metrics.ptb import tokenize_blocks, tokenize_captions


def test_tokens_equal_pycocoevalcap(awkward):
    """Every caption of an awkward split has the tokens that pycocoevalcap gives it."""
    assert awkward.references == awkward.their_references
    assert {id_: [text] for id_, text in awkward.predictions.items()} == awkward.their_predictions


def test_line_breaks_inside_captions_shift_nothing():
    """Each caption keeps its own tokens, whatever kind of line break stands in another."""
    captions = ["a\u2028b", "", "c\x85d\re\vf", "g\n", "Two dogs."]
    assert tokenize_captions(captions) == ["a b", "", "c d e f", "g", "two dogs"]


def test_blocks_do_not_influence_each_other():
    """A period before a line break depends on the next line of its own block only."""
    assert tokenize_blocks([["no.", "1 dog"], [], ["no."], ["1 dog"]]) == [["no.", "1 dog"], [], ["no"], ["1 dog"]]


def test_nothing_to_tokenise_starts_no_java(monkeypatch):
    """No captions, no process."""
    monkeypatch.setattr(ptb, "run_java", None)
    assert tokenize_captions([]) == []
    assert tokenize_blocks([[], []]) == [[], []]


def test_wrong_number_of_lines_is_refused(fake_java):
    """A tokeniser that loses a line is an error, never a shift."""
    fake_java("open('0.out', 'w').write('a\\nb')")
    with pytest.raises(MetricNotRunError, match=r"gave 2 lines.*each of 3 captions"):
        tokenize_captions(["a", "b", "c"])
