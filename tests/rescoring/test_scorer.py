"""A prediction file to scores: what fits, what is refused, what is labelled."""

from __future__ import annotations

import pytest

import zsbench_fakes
from zsbench.errors import ConfigError, ScoringError, UnknownIdError
from zsbench.metrics import PreparedSplit, Signature
from zsbench.rescoring import FileScorer, ScoreRequest


def scores(scored):
    return {result.metric: result.score for result in scored.results if result.grouping is None}


def test_file_is_scored_against_references(score):
    """Two of three are a reference; nothing needs a label."""
    scored = score()
    assert scores(scored) == {"exact": pytest.approx(2 / 3), "words": 2.0}
    assert (scored.labels, scored.matching.rule, scored.expected) == ((), "as they are", 3)
    assert dict(Signature.parse(scored.results[0].signature).fields)["n"] == "3"


def test_file_is_scored_against_a_task(score, write):
    """Ids may be names of image files; references and metrics are the task's."""
    said = write("said.json", {f"{colour}.png": [f"a {colour} picture"] for colour in zsbench_fakes.COLOURS})
    scored = score(said, None, task="fake-task", data_root="fake-world", metrics=())
    assert scores(scored) == {"words": 3.0, "exact": 1.0}
    assert scored.matching.rule == "by the image's name"
    assert scored.target.form == "task"


def test_file_is_scored_against_the_references_inside(score, write):
    """No other file is needed."""
    entries = [
        {"image_name": id_, "captions": ["x", "y"], "prediction": text} for id_, text in (("1", "x"), ("2", "z"))
    ]
    assert scores(score(write("magic.json", entries), None))["exact"] == 0.5


def test_order_of_the_file_does_not_matter(score):
    """Examples are scored in the order of the references."""
    said = {"c": "the cow", "a": "a dog", "b": "two cats"}
    assert list(score(said).predictions) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"a": "x", "b": "y"}, r"1 ids have no prediction \(c\), 0 predictions"),
        (
            {"a": "x", "b": "y", "c": "z", "d": "w"},
            r"0 ids have no prediction \(none\), 1 predictions have no example \(d\)",
        ),
        ({"q": "x", "r": "y"}, r"3 ids have no prediction \(a, b, c\), 2 predictions have no example \(q, r\)"),
    ],
)
def test_file_that_does_not_fit_is_refused_with_its_ids(score, said, message):
    """Missing and extra ids are counted and listed."""
    with pytest.raises(ScoringError, match=message) as caught:
        score(said)
    assert set(caught.value.ids) == set("abc").symmetric_difference(said)


def test_partial_and_forced_scores_are_labelled(score):
    """Both flags together score what fits, and the signature tells how many."""
    scored = score({"a": "a dog", "d": "x"}, allow_partial=True, force=True)
    assert scored.labels == (
        "partial: 1 of 3 examples are predicted",
        "forced: 1 predictions without an example are left out",
    )
    assert scores(scored)["exact"] == 1.0
    assert "|n:1|" in scored.results[0].signature


def test_no_flag_scores_a_file_of_another_task(score):
    """Where no id fits at all there is nothing to label."""
    with pytest.raises(ScoringError, match="Look at both files"):
        score({"q": "x"}, allow_partial=True, force=True)


def test_limit_keeps_the_references_of_the_whole(score):
    """The first two examples, with the reference hash of all three."""
    whole, part = score(), score(limit=2)
    assert part.labels == ("limit: the first 2 of 3 examples",)
    fields = [dict(Signature.parse(scored.results[0].signature).fields) for scored in (whole, part)]
    assert fields[0]["refs"] == fields[1]["refs"]
    assert fields[1]["n"] == "2"


def test_answers_for_a_captioning_task_are_refused(score, write):
    """A file for another kind of task is named as such."""
    said = write("vqa.json", [{"question_id": 1, "answer": "yes"}])
    with pytest.raises(ScoringError, match=r"vqa.json \(vqa-results\) holds answers"):
        score(said)


def test_captions_for_questions_are_refused(score, write):
    """The other way round too."""
    said = write("captions.json", [{"image_id": 1, "caption": "a dog"}])
    with pytest.raises(ScoringError, match="holds captions"):
        score(said, None, task="fake-questions", data_root="fake-world")


def test_subset_field_scores_groups(score, write):
    """Each domain on its own, beside the whole."""
    content = {
        "images": [{"id": n, "domain": domain} for n, domain in ((1, "in"), (2, "out"), (3, "in"))],
        "annotations": [{"image_id": n, "caption": f"a {n}"} for n in (1, 2, 3)],
    }
    said = write("said.json", [{"image_id": n, "caption": "a 1"} for n in (1, 2, 3)])
    references = write("coco.json", content)
    scored = score(said, references, subset_field="domain", metrics=("exact",))
    found = {(result.group, len(result.ids)): result.score for result in scored.results}
    assert found == {(None, 3): pytest.approx(1 / 3), ("in", 2): 0.5, ("out", 1): 0.0}


def test_subset_field_that_is_not_there_is_refused(score):
    """A mistyped field is no silent single group."""
    with pytest.raises(ConfigError, match="3 of 3 examples have no field 'domian'"):
        score(subset_field="domian")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"task": "fake-task"}, "Both --task and --references"),
        ({"references": None}, "knight, which holds no references"),
    ],
)
def test_unclear_target_is_refused(score, settings, message):
    """One of task, references, and references inside."""
    with pytest.raises(ConfigError, match=message):
        score(**settings)


def test_unknown_metric_suggests_the_closest(score):
    """A mistyped id is a usage error."""
    with pytest.raises(UnknownIdError, match="Did you mean 'exact'"):
        score(metrics=("exakt",))


def test_references_are_prepared_once_and_kept(plugins, tmp_path, write, monkeypatch):
    """A second file, and a second process, find the tokenised references in the store."""
    prepared = []
    plain = PreparedSplit.save
    monkeypatch.setattr(PreparedSplit, "save", lambda self, folder: prepared.append(folder) or plain(self, folder))
    references = write("refs.json", {"a": ["x"]})
    request = ScoreRequest(file=write("one.json", {"a": "x"}), references=references, metrics=("exact",))
    for _ in range(2):
        with FileScorer(plugins.registry, tmp_path / "cache") as scorer:
            scorer.score(request)
            scorer.score(request)
    assert len(prepared) == 1


def test_damaged_entry_of_the_store_is_made_again(score, remarks, tmp_path):
    """A changed byte is told and costs a moment, not a wrong score."""
    score()
    (path,) = (tmp_path / "cache" / "store" / "references").glob("*/references.json")
    path.write_text(path.read_text(encoding="utf-8").replace("a dog", "a dig"), encoding="utf-8")
    assert scores(score())["exact"] == pytest.approx(2 / 3)
    assert "Corrupt store entry, rebuilt" in remarks[0]


def test_store_that_takes_nothing_costs_no_score(score, remarks, monkeypatch):
    """A full or read-only cache is worked around, and told."""

    def fail(self, folder):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PreparedSplit, "save", fail)
    assert scores(score())["exact"] == pytest.approx(2 / 3)
    assert "No space left" in remarks[0]


def test_questions_about_one_image_are_resampled_together(score, write):
    """The standard error of ten equal answers about each of few images is that of few examples, not of many."""
    annotations = [{"question_id": n, "image_id": n // 10, "answers": [{"answer": "yes"}] * 10} for n in range(100)]
    said = [{"question_id": n, "answer": "yes" if n // 10 % 2 else "no"} for n in range(100)]
    apart = [{key: value for key, value in entry.items() if key != "image_id"} for entry in annotations]
    errors = [
        score(write("said.json", said), write("a.json", {"annotations": found}), metrics=("exact",))
        .results[0]
        .standard_error
        for found in (annotations, apart)
    ]
    assert errors[0] == pytest.approx(0.5 / 10**0.5, rel=0.05)
    assert errors[1] == pytest.approx(0.5 / 100**0.5, rel=0.05)
