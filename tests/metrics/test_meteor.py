import numpy as np
import pytest

from zsbench.errors import MetricNotRunError
from zsbench.metrics.meteor import COLUMNS, Meteor

ODD_REFERENCES = {
    "bars": ["a dog ||| runs", "||| a dog"],
    "empty": ["a dog", ""],
    "nothing": [""],
    "same": ["a dog runs"],
}
ODD_PREDICTIONS = {"bars": "a ||| dog runs |||", "empty": "", "nothing": "", "same": "a dog runs"}


def without_bars(texts):
    return [text.replace("|||", "").replace("  ", " ") for text in texts]


@pytest.mark.slow
def test_meteor_equals_pycocoevalcap(awkward, our_meteor, their_meteor):
    """The score from summed statistics is the jar's own EVAL, and so is each image's, bars and empty texts included."""
    references = {**awkward.references, **ODD_REFERENCES}
    predictions = {**awkward.predictions, **ODD_PREDICTIONS}
    score, values = their_meteor.compute_score(
        {id_: without_bars(texts) for id_, texts in references.items()},
        {id_: [text] for id_, text in predictions.items()},
    )
    metric = our_meteor
    rows = metric.statistics(predictions, metric.prepare(references))
    assert rows.shape == (len(predictions), COLUMNS)
    assert metric.aggregate(rows) == pytest.approx(score, abs=1e-9)
    np.testing.assert_allclose(metric.values(rows), values, atol=1e-9)
    assert metric.values(rows)[-3:].tolist() == [0.0, 0.0, 1.0]


def test_bars_never_reach_the_jar(fake_java):
    """One line a caption with one field a reference, whatever the texts hold."""
    fake_java("import sys\nfor line in sys.stdin:\n    print(' '.join([str(line.count('|||'))] * 23), flush=True)")
    metric = Meteor()
    references = {"a": ["x ||| y", "|||", "z\nz"], "b": ["q"]}
    rows = metric.statistics({"a": "||| ||| w", "b": "\u2028"}, metric.prepare(references))
    assert rows[:, 0].tolist() == [4, 2]


@pytest.mark.parametrize("answer", ["Error: specify hypothesis", "1 2 3", ""])
def test_answer_that_is_no_statistics_is_refused(fake_java, answer):
    """Anything else than 23 numbers a caption is an error that quotes it."""
    fake_java(f"import sys\nfor line in sys.stdin:\n    print({answer!r}, flush=True)")
    with pytest.raises(MetricNotRunError, match="23 numbers") as caught:
        Meteor().statistics({"a": "x", "b": "y"}, Meteor().prepare({"a": ["x"], "b": ["y"]}))
    assert caught.value.metric == "meteor"
    assert answer in str(caught.value)


def test_paraphrases_are_named_to_the_jar(fake_java):
    """The jar does not find its table under a path with spaces, so it is told where the table is."""
    fake_java(
        "import os, sys\nsys.stdin.readline()\nassert os.path.isfile(sys.argv[sys.argv.index('-a') + 1])\n"
        "print(' '.join(['0'] * 23), flush=True)"
    )
    assert Meteor().statistics({"a": "x"}, {"a": "x"}).shape == (1, 23)


def test_missing_jar_is_a_metric_not_run(monkeypatch):
    """``check_available`` names the metric."""
    monkeypatch.setattr("zsbench.metrics.meteor._JAR", "meteor/none.jar")
    with pytest.raises(MetricNotRunError, match="pycocoevalcap") as caught:
        Meteor().check_available()
    assert caught.value.metric == "meteor"
