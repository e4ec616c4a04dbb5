import numpy as np
import pytest

from zsbench.errors import MetricNotRunError
from zsbench.metrics import spice
from zsbench.metrics.corenlp import JARS, VARIABLE
from zsbench.metrics.spice import Spice

ANSWER = """
import json, sys
assert any(argument.startswith('--add-opens=java.base/java.lang=') for argument in sys.argv)
classes = sys.argv[sys.argv.index('-cp') + 1]
assert 'stanford-corenlp-3.6.0-models.jar' in classes and 'SceneGraphParser-1.0.jar' in classes
asked = json.load(open(sys.argv[sys.argv.index('edu.anu.spice.SpiceScorer') + 1]))
found = [{'image_id': a['image_id'], 'scores': {'All': {'f': len(a['refs']) / 10 if a['test'] else None}}} for a in asked]
json.dump(found[::-1][: len(found) - LOST], open(sys.argv[sys.argv.index('-out') + 1], 'w'))
"""


@pytest.fixture
def models(tmp_path, monkeypatch):
    for name in JARS:
        (tmp_path / name).touch()
    monkeypatch.setenv(VARIABLE, str(tmp_path))


def test_missing_models_say_where_to_put_them(tmp_path, monkeypatch):
    """Without CoreNLP 3.6.0 SPICE is not run; the reason tells the remedy, and no folder of this machine."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("ZSBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr("zsbench.metrics.corenlp.JARS", ("stanford-corenlp-0.jar", "stanford-corenlp-0-models.jar"))
    with pytest.raises(MetricNotRunError, match=VARIABLE) as caught:
        Spice().check_available()
    assert caught.value.metric == "spice"
    assert "zsbench doctor" in caught.value.remedy
    assert str(tmp_path) not in str(caught.value)


def test_models_in_the_named_folder_are_found(models):
    """With both jars in the folder of the variable SPICE is available."""
    Spice().check_available()
    assert "stanford-corenlp-3.6.0.jar" in spice._class_path()


def test_answers_are_put_beside_their_captions(models, fake_java):
    """F comes back by image whatever the order of the answer; a missing F is NaN."""
    fake_java(ANSWER.replace("LOST", "0"))
    prepared = Spice().prepare({"a": ["x"], "b": ["x", "y"], "c": ["z"]})
    rows = Spice().statistics({"b": "x", "a": "y", "c": ""}, prepared)
    np.testing.assert_array_equal(rows, [[0.2], [0.1], [np.nan]])
    assert np.isnan(Spice().aggregate(rows))


def test_lost_answer_is_refused(models, fake_java):
    """Fewer answers than captions are an error."""
    fake_java(ANSWER.replace("LOST", "1"))
    with pytest.raises(MetricNotRunError, match="answered for 1"):
        Spice().statistics({"a": "x", "b": "y"}, Spice().prepare({"a": ["x"], "b": ["x"]}))
