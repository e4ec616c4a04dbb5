import json

import numpy as np
import pytest

from zsbench.errors import CorruptDataError, MetricNotRunError, MissingDataError, ScoringError
from zsbench.interfaces.metric import Metric
from zsbench.metrics import ngrams
from zsbench.metrics import split as split_module
from zsbench.metrics.bleu import bleu_1, bleu_2, bleu_3, bleu_4
from zsbench.metrics.cider import cider_d
from zsbench.metrics.rouge import rouge_l
from zsbench.metrics.scoring import ScoringContext, prepare_references, score_predictions, tokenize_many
from zsbench.metrics.signature import Signature
from zsbench.metrics.split import PreparedSplit

REFERENCES = {"a": ["A dog runs.", "The dog is running"], "b": ["a cat", "One cat\nsits"], "c": ["Two men eat ||| x"]}
PREDICTIONS = {"a": "A dog runs!", "b": "a dog\rruns", "c": ""}
CONTEXT = ScoringContext(split="tiny", resamples=200)


class Exact(Metric):
    """1 for a prediction that is one of the references, as the texts are."""

    id = "exact"
    title = "Exact"
    tokenizer = "none"
    prepares = 0

    def prepare(self, references):
        type(self).prepares += 1
        return references

    def statistics(self, predictions, prepared):
        return np.array([[float(text in prepared[id_])] for id_, text in predictions.items()])

    def aggregate_sums(self, sums, count):
        return sums[:, 0] / count


class Broken(Exact):
    """Cannot run, found out at one of three moments."""

    id = "broken"

    def __init__(self, moment):
        self.moment = moment

    def _fail(self, moment):
        if moment == self.moment:
            raise MetricNotRunError("It is broken.", "It should not.", "Mend it.", metric="broken")

    def check_available(self):
        self._fail("check")

    def prepare(self, references):
        self._fail("prepare")
        return references

    def statistics(self, predictions, prepared):
        self._fail("statistics")
        return super().statistics(predictions, prepared)


class Short(Exact):
    """Loses a row."""

    def statistics(self, predictions, prepared):
        return super().statistics(predictions, prepared)[1:]


def test_raw_texts_become_scores_with_errors_and_signatures():
    """Every metric has score, standard error, rows, values and a signature that can be read."""
    metrics = [bleu_4(), cider_d(), Exact()]
    results = score_predictions(PREDICTIONS, prepare_references(REFERENCES, metrics), metrics, context=CONTEXT)
    assert [result.metric for result in results] == ["bleu-4", "cider-d", "exact"]
    for result in results:
        assert result.ids == ("a", "b", "c")
        assert result.statistics.shape[0] == result.values.shape[0] == 3
        assert result.standard_error >= 0
        assert not result.not_run
    fields = dict(Signature.parse(results[1].signature).fields)
    assert fields["idf"].startswith("tiny:3:")
    assert (fields["tok"], fields["n"]) == ("ptb-3.4.1", "3")
    assert results[2].score == 0.0
    assert results[1].values[0] > results[1].values[1] > results[1].values[2] == 0.0


@pytest.mark.parametrize("moment", ["check", "prepare", "statistics"])
def test_metric_that_cannot_run_leaves_the_others(moment):
    """One reason, no lost score, whenever the metric gives up."""
    metrics = [Broken(moment), Exact()]
    results = score_predictions({"b": "a cat"}, prepare_references(REFERENCES, metrics), metrics, context=CONTEXT)
    assert results[0].not_run == "It is broken. It should not. Mend it."
    assert results[0].score is None
    assert results[1].score == 1.0


def test_tokeniser_that_fails_stops_only_its_own_metrics(monkeypatch):
    """Without Java, metrics over raw texts are still computed and the split knows it is incomplete."""

    def fail(blocks):
        raise MetricNotRunError("No Java.", "Java.", "Install it.", metric="ptb-3.4.1")

    monkeypatch.setitem(split_module._TOKENIZERS, "ptb-3.4.1", fail)
    metrics = [rouge_l(), Exact()]
    split = prepare_references(REFERENCES, metrics)
    results = score_predictions({"b": "a cat"}, split, metrics, context=CONTEXT)
    assert not split.complete
    assert "No Java." in results[0].not_run
    assert results[1].score == 1.0
    assert tokenize_many({"x": {"b": "a cat"}}, metrics) == {"x": {"none": {"b": "a cat"}}}


def test_metric_of_an_unknown_tokenisation_is_not_run():
    """A name nobody knows is a reason, not a crash."""
    metric = Exact()
    metric.tokenizer = "klingon"
    (result,) = score_predictions({"b": "a cat"}, prepare_references(REFERENCES, [metric]), [metric], context=CONTEXT)
    assert "klingon" in result.not_run


def test_saved_split_scores_the_same(tmp_path):
    """Loading what was saved gives the same scores and signatures without tokenising references again."""
    metrics = [bleu_1(), cider_d()]
    split = prepare_references(REFERENCES, metrics)
    split.save(tmp_path / "split")
    loaded = PreparedSplit.load(tmp_path / "split")
    before = score_predictions(PREDICTIONS, split, metrics, context=CONTEXT)
    after = score_predictions(PREDICTIONS, loaded, metrics, context=CONTEXT)
    assert loaded.references == split.references
    assert [(r.score, r.standard_error, r.signature) for r in before] == [
        (r.score, r.standard_error, r.signature) for r in after
    ]


def test_missing_split_is_reported(tmp_path):
    """A folder without a split says so."""
    with pytest.raises(MissingDataError, match=r"references\.json"):
        PreparedSplit.load(tmp_path)


@pytest.mark.parametrize(
    "content",
    ["", "[1]", '{"format": 9}', json.dumps({"format": 1, "references": {"none": {"a": "text"}}, "failures": {}})],
)
def test_corrupt_split_is_refused(tmp_path, content):
    """A file of another shape is never scored with."""
    (tmp_path / "references.json").write_text(content, encoding="utf-8")
    with pytest.raises(CorruptDataError, match="tokenised references"):
        PreparedSplit.load(tmp_path)


def test_split_is_prepared_once():
    """What a metric makes of the references is kept for the next system."""
    split = prepare_references(REFERENCES, [Exact()])
    before = Exact.prepares
    for text in ("a cat", "a dog"):
        score_predictions({"b": text}, split, [Exact()], context=CONTEXT)
    assert Exact.prepares == before + 1


def test_many_systems_score_as_each_alone():
    """Tokenising systems together changes no token of any of them."""
    systems = {"one": {"a": "It says no.", "b": "no."}, "two": {"a": "1 dog runs", "b": "1 cat"}}
    metrics = [rouge_l(), Exact()]
    split = prepare_references(REFERENCES, metrics)
    together = tokenize_many(systems, metrics)
    for name, predictions in systems.items():
        joint = score_predictions(predictions, split, metrics, context=CONTEXT, tokenized=together[name])
        alone = score_predictions(predictions, split, metrics, context=CONTEXT)
        assert [result.values.tolist() for result in joint] == [result.values.tolist() for result in alone]


def test_reference_hash_is_in_the_signature():
    """Scores against other references have another signature."""
    changed = {**REFERENCES, "a": ["A dog sleeps."]}
    signatures = [
        score_predictions({"b": "x"}, prepare_references(r, [Exact()]), [Exact()], context=CONTEXT)[0].signature
        for r in (REFERENCES, dict(reversed(REFERENCES.items())), changed)
    ]
    assert signatures[0] == signatures[1] != signatures[2]


@pytest.mark.parametrize("predictions", [{}, {"a": "x", "z": "y"}])
def test_predictions_that_do_not_fit_are_refused(predictions):
    """Nothing at all, or an id without references, is an error of the caller."""
    with pytest.raises(ScoringError, match="predictions"):
        score_predictions(predictions, prepare_references(REFERENCES, [Exact()]), [Exact()], context=CONTEXT)


def test_statistics_of_the_wrong_number_of_rows_are_refused():
    """A metric that loses a row is named."""
    with pytest.raises(ScoringError, match="exact gave statistics of shape"):
        score_predictions({"a": "x", "b": "y"}, prepare_references(REFERENCES, [Short()]), [Short()], context=CONTEXT)


def test_references_and_each_system_are_counted_once(monkeypatch):
    """Five metrics and three systems: four counts of n-grams, one of them of the references."""
    counted = []
    plain = ngrams._collect
    monkeypatch.setattr(ngrams, "_collect", lambda texts, code_of: counted.append(len(texts)) or plain(texts, code_of))
    metrics = [bleu_1(), bleu_2(), bleu_3(), bleu_4(), cider_d()]
    references = {"counted-once": ["a dog", "one dog runs"], "too": ["a cat"]}
    split = prepare_references(references, metrics)
    for text in ("a dog", "a cat", "no animal"):
        score_predictions(dict.fromkeys(references, text), split, metrics, context=CONTEXT)
    assert counted == [3, 2, 2, 2]
