"""Small parts that keep every contract: for tests of the core without a plugin, a model or the network.

It is a hook module itself: ``load_plugins([FAKES])`` fills a registry with it.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

from PIL import Image
from pydantic import Field

from zsbench.hookspecs import hookimpl
from zsbench.interfaces import (
    Candidate,
    Caption,
    Captioner,
    CaptionerNeeds,
    CaptionerSpec,
    CorpusSpec,
    DataRootSpec,
    Encoder,
    EncoderSpec,
    EngineSpec,
    Example,
    Frozen,
    GapModel,
    GapModelSpec,
    GapSetting,
    ImageFeatures,
    MatrixSpec,
    Metric,
    MetricSpec,
    Task,
    TaskCard,
    TaskSpec,
    TextCorpus,
    TrainingReport,
)

FAKES = EntryPoint("fakes", "zsbench_fakes", "zsbench")
COLOURS = ("red", "green", "blue", "black", "white", "gray", "navy", "teal", "lime", "aqua")
DIM = 8


class NoSettings(Frozen):
    """Nothing to set."""


class EncoderSettings(Frozen):
    model: str = "fake"
    patches: bool = True


class FakeEncoder(Encoder):
    """Features are hashes: equal content, equal feature."""

    loads: ClassVar[int] = 0

    def __init__(self, config, *, online=False):
        self.config = config

    @property
    def fingerprint(self):
        return f"fake-{self.config.model}-{self.config.patches}"

    @property
    def dim(self):
        return DIM

    @property
    def has_patches(self):
        return self.config.patches

    def load(self, device="cpu"):
        type(self).loads += 1

    def encode_texts(self, texts):
        return _vectors([text.encode() for text in texts])

    def encode_images(self, images):
        import torch

        pooled = _vectors([image.tobytes() for image in images])
        if not self.config.patches:
            return ImageFeatures(pooled)
        patches = torch.stack([pooled] * 4, dim=1)
        attention = torch.full((len(images), 5, 5), 0.2)
        return ImageFeatures(pooled, patches, pooled.clone(), attention)


def _vectors(contents):
    """Unit vectors from hashes."""
    import torch

    rows = [list(hashlib.sha256(content).digest()[:DIM]) for content in contents]
    return torch.nn.functional.normalize(torch.tensor(rows, dtype=torch.float32) - 127.5, dim=-1)


class FakeTask(Task):
    """Ten plain pictures, each with its colour as a reference."""

    def __init__(self, data_root):
        self.root = data_root

    @property
    def card(self):
        return TaskCard(
            id="fake-task",
            title="Fake",
            kind="captioning",
            split="test",
            source="drawn here",
            licence="none",
            revision="1",
            files=("images/",),
            metrics=("words", "exact"),
            main_metric="exact",
        )

    @property
    def content_hash(self):
        return hashlib.sha256(json.dumps(self.references()).encode()).hexdigest()

    def examples(self):
        return [Example(colour, self.root / "images" / f"{colour}.png") for colour in COLOURS]

    def references(self):
        return {colour: [f"a {colour} picture", f"{colour} all over"] for colour in COLOURS}


class GroupedTask(FakeTask):
    """The same pictures in two groups."""

    @property
    def card(self):
        changes = {"id": "fake-grouped", "title": "Grouped", "groupings": ("shade",), "headline_grouping": "shade"}
        return super().card.model_copy(update=changes)

    def groups(self):
        dark = [colour for colour in COLOURS if colour in {"black", "navy", "teal"}]
        return {"shade": {"dark": dark, "light": [colour for colour in COLOURS if colour not in dark]}}


class FakeQuestions(FakeTask):
    """Two questions about each picture."""

    @property
    def card(self):
        changes = {"id": "fake-questions", "title": "Questions", "kind": "question-answering", "metrics": ("exact",)}
        return super().card.model_copy(update=changes)

    def examples(self):
        return [
            Example(f"{colour}-{number}", self.root / "images" / f"{colour}.png", f"Is it {other}?")
            for colour in COLOURS
            for number, other in enumerate((colour, "pink"))
        ]

    def references(self):
        return {example.id: ["yes" if example.id.endswith("0") else "no"] * 10 for example in self.examples()}


class SettableTask(FakeTask):
    """The first pictures, as many as its settings say."""

    def __init__(self, data_root, config):
        super().__init__(data_root)
        self.config = config

    def examples(self):
        return super().examples()[: self.config.pictures]

    def references(self):
        return {example.id: [f"a {example.id} picture"] for example in self.examples()}


class TaskSettings(Frozen):
    pictures: int = 2


class FakeCorpus(TextCorpus):
    def __init__(self, data_root):
        self.root = data_root

    def texts(self):
        return (self.root / "corpus.txt").read_text(encoding="utf-8").splitlines()


class FakeTraining(Frozen):
    words: int = Field(default=3, ge=1)
    gap: GapSetting = GapSetting(id="fake-none")


class FakeInference(Frozen):
    candidates: int = Field(default=2, ge=1)
    gap: GapSetting = GapSetting(id="fake-none")


class FakeConfig(Frozen):
    training: FakeTraining = FakeTraining()
    inference: FakeInference = FakeInference()


class FakeCaptioner(Captioner[FakeConfig]):
    """Learns the first words of its corpus and says them with a number drawn from the image's generator."""

    needs: ClassVar[CaptionerNeeds] = CaptionerNeeds(training=True, encoder=True, patches=True, gap_model=True)
    trainings: ClassVar[int] = 0

    def load(self, resources):
        self.words = []

    def train(self, corpus, generator, *, progress):
        type(self).trainings += 1
        self.words = " ".join(corpus.texts).split()[: self.config.training.words]
        progress(1, 1)
        return TrainingReport(1, len(corpus), (1.0,))

    def save(self, folder):
        (folder / "words.json").write_text(json.dumps(self.words), encoding="utf-8")

    def restore(self, folder):
        self.words = json.loads((folder / "words.json").read_text(encoding="utf-8"))

    def caption(self, batch):
        return [self._one(generator) for generator in batch.generators]

    def _one(self, generator):
        import torch

        numbers = torch.randint(100, (self.config.inference.candidates,), generator=generator).tolist()
        return Caption(tuple(Candidate(f"{' '.join(self.words)} {number}", float(number)) for number in numbers))


class NearestCaptioner(Captioner[NoSettings]):
    """Says the first text of the corpus."""

    needs: ClassVar[CaptionerNeeds] = CaptionerNeeds(memory=True)

    def load(self, resources):
        self.memory = resources.memory

    def caption(self, batch):
        return [Caption((Candidate(self.memory.texts[0]),)) for _ in batch.ids]


class AnsweringCaptioner(NearestCaptioner):
    """Says yes to everything."""

    needs: ClassVar[CaptionerNeeds] = CaptionerNeeds(memory=True, answers=True)

    def answer(self, batch, questions):
        return ["yes" for _ in questions]


class OracleCaptioner(FakeCaptioner):
    """Counts the references it was shown."""

    needs: ClassVar[CaptionerNeeds] = CaptionerNeeds(
        training=True, encoder=True, patches=True, gap_model=True, references=True
    )

    def caption(self, batch):
        return [Caption((Candidate(f"{len(shown)} shown"),)) for shown in batch.references]


class BrokenCaptioner(NearestCaptioner):
    """Raises on the third image."""

    def caption(self, batch):
        raise RuntimeError("broken on purpose")


class SilentCaptioner(NearestCaptioner):
    """Returns one caption too few."""

    def caption(self, batch):
        return super().caption(batch)[1:]


class NoneGap(GapModel):
    def __init__(self, config):
        self.config = config

    def text_to_image(self, features, generator):
        return features

    def image_to_text(self, features, generator):
        return features


class MeanGap(NoneGap):
    """Remembers the mean text feature."""

    requires = "text"
    fits: ClassVar[int] = 0

    def fit(self, *, texts=None, images=None):
        type(self).fits += 1
        self.mean = texts.mean(0)

    def state(self):
        return {"mean": self.mean}

    def load_state(self, state):
        self.mean = state["mean"]


class PairedGap(NoneGap):
    """Remembers how many pairs it saw."""

    requires = "paired"

    def fit(self, *, texts=None, images=None):
        import torch

        assert texts.shape == images.shape
        self.seen = torch.tensor([len(texts)])

    def state(self):
        return {"seen": self.seen}

    def load_state(self, state):
        self.seen = state["seen"]


class WordCount(Metric):
    """Mean number of words."""

    id = "words"
    title = "Words"
    factor = 1.0
    tokenizer = "none"

    def prepare(self, references):
        return None

    def statistics(self, predictions, prepared):
        import numpy as np

        return np.array([[float(len(text.split()))] for text in predictions.values()])

    def aggregate_sums(self, sums, count):
        return sums[:, 0] / count


class Exact(WordCount):
    """Share of predictions that are a reference."""

    id = "exact"
    title = "Exact"
    factor = 100.0

    def prepare(self, references):
        return references

    def statistics(self, predictions, prepared):
        import numpy as np

        return np.array([[float(text in prepared[id_])] for id_, text in predictions.items()])


def write_world(cache: Path) -> Path:
    """The data root of the fake task."""
    root = Path(cache) / "fake-world"
    (root / "images").mkdir(parents=True, exist_ok=True)
    for colour in COLOURS:
        Image.new("RGB", (8, 8), colour).save(root / "images" / f"{colour}.png")
    (root / "corpus.txt").write_text("a red picture\na green picture\nblue all over\n", encoding="utf-8")
    return root


def matrix_file() -> Path:
    return Path(__file__).parent / "fake_matrix.yaml"


@hookimpl
def zsbench_captioners():
    return [
        CaptionerSpec(id="fake", factory=FakeCaptioner, config=FakeConfig, summary="a fake"),
        CaptionerSpec(id="fake-one", base="fake", changes={"inference.candidates": 1}),
        CaptionerSpec(id="fake-short", base="fake", changes={"training.words": 1}),
        CaptionerSpec(id="nearest", factory=NearestCaptioner, config=NoSettings),
        CaptionerSpec(id="broken", factory=BrokenCaptioner, config=NoSettings),
        CaptionerSpec(id="silent", factory=SilentCaptioner, config=NoSettings),
        CaptionerSpec(id="answering", factory=AnsweringCaptioner, config=NoSettings),
        CaptionerSpec(id="fake-oracle", base="fake", factory=OracleCaptioner, needs=OracleCaptioner.needs),
    ]


@hookimpl
def zsbench_gap_models():
    return [
        GapModelSpec(id="fake-none", factory=NoneGap, config=NoSettings),
        GapModelSpec(id="fake-mean", factory=MeanGap, config=NoSettings),
        GapModelSpec(id="fake-paired", factory=PairedGap, config=NoSettings),
    ]


@hookimpl
def zsbench_tasks():
    return [
        TaskSpec(id="fake-task", factory=FakeTask),
        TaskSpec(id="fake-grouped", factory=GroupedTask),
        TaskSpec(id="fake-questions", factory=FakeQuestions),
        TaskSpec(id="fake-settable", factory=SettableTask, config=TaskSettings),
    ]


@hookimpl
def zsbench_corpora():
    return [CorpusSpec(id="fake-corpus", factory=FakeCorpus)]


@hookimpl
def zsbench_encoders():
    return [EncoderSpec(id="fake-encoder", factory=FakeEncoder, config=EncoderSettings)]


@hookimpl
def zsbench_metrics():
    return [MetricSpec(id="words", factory=WordCount), MetricSpec(id="exact", factory=Exact)]


@hookimpl
def zsbench_engines():
    return [EngineSpec(id="local", factory="zsbench.runner.local:LocalEngine")]


@hookimpl
def zsbench_matrices():
    return [MatrixSpec(id="fake-matrix", factory=matrix_file, tags=("default",))]


@hookimpl
def zsbench_data_roots():
    return [DataRootSpec(id="fake-world", factory=write_world)]
