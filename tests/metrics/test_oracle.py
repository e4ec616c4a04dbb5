"""`zsbench score` on raw files against pycocoevalcap on the same captions, to 1e-6 on every metric."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from zsbench.cli.app import app
from zsbench.metrics.bleu import Bleu
from zsbench.metrics.cider import CiderD
from zsbench.metrics.meteor import Meteor
from zsbench.metrics.rouge import RougeL


@pytest.fixture
def files(awkward, tmp_path):
    """The awkward split as a COCO pair of files."""
    numbers = {id_: int(id_) for id_ in awkward.raw_references}
    annotations = [
        {"image_id": numbers[id_], "id": 5 * numbers[id_] + place, "caption": text}
        for id_, texts in awkward.raw_references.items()
        for place, text in enumerate(texts)
    ]
    references = {"images": [{"id": number} for number in numbers.values()], "annotations": annotations}
    said = [{"image_id": numbers[id_], "caption": text} for id_, text in awkward.raw_predictions.items()]
    for name, content in (("refs", references), ("preds", said)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_scored_files_equal_pycocoevalcap(files, their_scores, our_meteor, monkeypatch):
    """The command's JSON holds every score, with interval and signature, equal to 1e-6."""
    monkeypatch.setattr("zsbench.metrics.meteor.Meteor", lambda: our_meteor)
    monkeypatch.setattr(Meteor, "close", lambda self: None)
    monkeypatch.setenv("ZSBENCH_CACHE", str(files / "cache"))
    monkeypatch.chdir(files)
    command = ["score", "preds.json", "--references", "refs.json", "--json", "-m", ",".join(their_scores)]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    found = {row["id"]: row for row in json.loads(result.stdout)["metrics"]}
    assert set(found) == set(their_scores) >= {"bleu-1", "bleu-4", "meteor", "rouge-l", "cider-d"}
    for metric, score in their_scores.items():
        assert found[metric]["score"] == pytest.approx(score, abs=1e-6)
        assert found[metric]["low"] < score < found[metric]["high"]
        assert "|n:1000|" in found[metric]["signature"]


@pytest.mark.slow
def test_shards_of_meteor_add_up_to_the_whole(awkward, our_meteor):
    """Statistics of ten shards, summed, are those of the split: a bootstrap of them is exact."""
    prepared = our_meteor.prepare(awkward.references)
    whole = our_meteor.statistics(awkward.predictions, prepared)
    ids = list(awkward.predictions)
    shards = [{id_: awkward.predictions[id_] for id_ in ids[start::10]} for start in range(10)]
    parts = [our_meteor.statistics(shard, prepared) for shard in shards]
    np.testing.assert_array_equal(sum(part.sum(axis=0) for part in parts), whole.sum(axis=0))


@pytest.mark.parametrize("metric", [RougeL(), CiderD()], ids=lambda metric: metric.id)
def test_mean_over_shards_is_the_score_of_the_whole(awkward, metric):
    """Disjoint shards of equal size, with the document frequencies of the whole split."""
    prepared = metric.prepare(awkward.references)
    ids = list(awkward.predictions)
    shards = [{id_: awkward.predictions[id_] for id_ in ids[start::10]} for start in range(10)]
    scores = [metric.aggregate(metric.statistics(shard, prepared)) for shard in shards]
    assert np.mean(scores) == pytest.approx(
        metric.aggregate(metric.statistics(awkward.predictions, prepared)), abs=1e-12
    )


@pytest.mark.parametrize("count", [1, 10, 100])
@pytest.mark.parametrize("metric", [Bleu(4), RougeL(), CiderD()], ids=lambda metric: metric.id)
def test_first_images_score_as_within_the_whole(awkward, metric, count):
    """1, 10 or 100 images of a split have the rows that they have among all, idf included."""
    prepared = metric.prepare(awkward.references)
    first = dict(list(awkward.predictions.items())[:count])
    whole = metric.statistics(awkward.predictions, prepared)
    np.testing.assert_allclose(metric.statistics(first, prepared), whole[:count], atol=1e-12)
