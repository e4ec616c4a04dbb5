"""The built-in metrics, one function each; an import string to one of them is a metric's factory."""

from __future__ import annotations

from zsbench.metrics.answers import ExactMatch, VqaAccuracy
from zsbench.metrics.bleu import Bleu
from zsbench.metrics.cider import CiderD
from zsbench.metrics.clip_score import ClipScore, RefClipScore
from zsbench.metrics.meteor import Meteor
from zsbench.metrics.rouge import RougeL
from zsbench.metrics.spice import Spice

__all__ = [
    "bleu_1",
    "bleu_2",
    "bleu_3",
    "bleu_4",
    "cider_d",
    "clip_score",
    "exact_match",
    "meteor",
    "ref_clip_score",
    "rouge_l",
    "spice",
    "vqa_accuracy",
]


def bleu_1() -> Bleu:
    """BLEU with unigrams."""
    return Bleu(1)


def bleu_2() -> Bleu:
    """BLEU up to bigrams."""
    return Bleu(2)


def bleu_3() -> Bleu:
    """BLEU up to trigrams."""
    return Bleu(3)


def bleu_4() -> Bleu:
    """BLEU up to 4-grams."""
    return Bleu(4)


def cider_d() -> CiderD:
    """CIDEr-D."""
    return CiderD()


def clip_score() -> ClipScore:
    """CLIPScore."""
    return ClipScore()


def exact_match() -> ExactMatch:
    """Exact match of answers."""
    return ExactMatch()


def meteor() -> Meteor:
    """METEOR 1.5."""
    return Meteor()


def ref_clip_score() -> RefClipScore:
    """RefCLIPScore."""
    return RefClipScore()


def rouge_l() -> RougeL:
    """ROUGE-L."""
    return RougeL()


def spice() -> Spice:
    """SPICE."""
    return Spice()


def vqa_accuracy() -> VqaAccuracy:
    """The official VQA accuracy."""
    return VqaAccuracy()
