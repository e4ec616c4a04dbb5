import pytest

from zsbench.errors import UnknownIdError
from zsbench.rescoring.target import ANSWER_METRICS, CAPTION_METRICS


def test_card_of_a_file_says_what_is_known(score):
    """Its title is the file's name, its metrics those that were asked for, its main metric the first of them."""
    card = score().card
    assert (card.id, card.title, card.kind, card.main_metric) == ("refs", "refs.json", "captioning", "exact")


def test_default_metrics_have_a_main_one():
    """Captions are decided by CIDEr-D, answers by VQA accuracy."""
    assert "cider-d" in CAPTION_METRICS
    assert ANSWER_METRICS == ("vqa-accuracy",)


def test_unknown_task_suggests_the_closest(score):
    """A mistyped id is a usage error."""
    with pytest.raises(UnknownIdError, match="Did you mean 'fake-task'"):
        score(references=None, task="fake-tusk", data_root="fake-world")
