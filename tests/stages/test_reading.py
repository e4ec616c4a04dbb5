"""Answers read out of captions, and both routes side by side in one matrix."""

from __future__ import annotations

import pytest

import zsbench_fakes
from zsbench.config import Answering
from zsbench.plan import planner
from zsbench.records import read_results, read_samples
from zsbench.stages.reading import clean_answer


class FakeReader:
    """A language model that answers with the last word before the question."""

    fingerprint = "fake-reader"
    width = 4
    weights_bytes = 0
    prompts: list

    def __init__(self):
        self.prompts = []

    def load(self, device):
        pass

    def generate(self, prefix, decoding, *, prompts):
        assert prefix.shape == (len(prompts), 0, self.width)
        assert decoding == Answering().decoding
        self.prompts += prompts
        return [f" {prompt.partition('?')[0].split()[-1]}.\nmore" for prompt in prompts]


@pytest.fixture
def reader(monkeypatch):
    """Stands in for whatever language model a matrix names."""
    model = FakeReader()

    class Choice:
        content, label = "fake-reader", "fake"
        factories = ("zsbench.language.causal:CausalLanguageModel",)

        def __init__(self, setting, *, online, hashes):
            self.settings, self.model = setting, model

    monkeypatch.setattr(planner, "LanguageModelChoice", Choice)
    return model


@pytest.fixture
def both_routes(session, reader):
    """A finished run of a captioner that answers and one that is read, by both routes."""
    return session(
        captioners=["answering", "nearest"],
        tasks=["fake-questions"],
        baseline="answering",
        language_model={"model": "nobody/opt"},
        answering={"routes": ["features", "caption"]},
    ).run()


def test_one_matrix_compares_the_routes(both_routes):
    """The record tells each cell's route, and which answers it was compared with."""
    own, read, nearest = read_results(both_routes.folder)
    assert [result.cell.route for result in (own, read, nearest)] == ["features", "caption", "caption"]
    assert own.differences == ()
    assert {(row.baseline, row.baseline_route) for row in read.differences} == {("answering", "features")}
    assert {(row.baseline, row.baseline_route) for row in nearest.differences} == {("answering", "caption")}


def test_the_caption_that_was_read_stands_beside_its_answer(both_routes):
    """Answers from features have none."""
    own, read, _ = (read_samples(both_routes.folder, cell.name) for cell in both_routes.plan.cells)
    assert {sample.prediction for sample in own} == {"yes"}
    assert own[0].caption is None
    assert (read[0].prediction, read[0].caption) == ("red", "a red picture")
    assert [sample.prediction for sample in read[1:4]] == ["pink", "green", "pink"]


def test_the_prompt_is_the_default_of_the_paper_unless_it_is_set(session, reader, both_routes):
    """Caption and question stand where the setting says, whatever signs they hold."""
    assert reader.prompts[0] == "a red picture Question: Is it red? Short answer:"
    reader.prompts.clear()
    session(
        captioners=["nearest"],
        tasks=["fake-questions"],
        baseline="nearest",
        language_model={"model": "nobody/opt"},
        answering={"prompt": "{caption}|{question}|{caption} {other}"},
    ).run()
    assert reader.prompts[0] == "a red picture|Is it red?|a red picture {other}"


def test_a_question_whose_image_cannot_be_read_has_an_error(session, reader, tmp_path):
    """The others are answered, and the reader is not asked about it."""
    world = zsbench_fakes.write_world(tmp_path)
    (world / "images" / "green.png").write_bytes(b"no image")
    result = session(
        captioners=["nearest"],
        tasks=["fake-questions"],
        baseline="nearest",
        language_model={"model": "nobody/opt"},
        data_root=str(world),
    ).run()
    samples = {sample.id: sample for sample in read_samples(result.folder, result.plan.cells[0].name)}
    assert {id_ for id_, sample in samples.items() if sample.error} == {"green-0", "green-1"}
    assert len(reader.prompts) == 18


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (" two\nQuestion: what?", "two"),
        ("\n\n a  red\tdog .", "a red dog"),
        ("no..", "no"),
        ("", ""),
        (" \n ", ""),
        ("3.5", "3.5"),
    ],
)
def test_an_answer_is_the_first_line_without_its_full_stop(text, answer):
    """White space collapses, and nothing may be left."""
    assert clean_answer(text) == answer
