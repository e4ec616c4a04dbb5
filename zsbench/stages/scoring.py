"""The stage score: scores of one cell with the statistics behind them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zsbench.files import write_text
from zsbench.fingerprints import hash_json
from zsbench.interfaces.metric import CaptionFeatures, Metric, SimilarityMetric
from zsbench.metrics.descriptive import describe_captions, measure_overlap, plain_texts
from zsbench.metrics.rows import metric_row, select_statistics, select_values, write_statistics
from zsbench.metrics.scoring import ScoringContext, score_predictions
from zsbench.stages.chunks import read_predictions
from zsbench.stages.image_features import ImageFeatureReader
from zsbench.stages.references import METRIC_LIBRARIES, MetricSet
from zsbench.stages.score_files import STATISTICS, VALUES, find_images
from zsbench.stages.stage import GIGABYTE, Stage

if TYPE_CHECKING:
    from zsbench.components import CorpusChoice, EncoderChoice, ReferenceTexts, TaskChoice
    from zsbench.interfaces.specs import Factory
    from zsbench.interfaces.task import GroupIdf
    from zsbench.stages.context import StageContext
    from zsbench.stages.image_features import ImageEncoding
    from zsbench.stages.prediction import Prediction
    from zsbench.stages.reading import Reading
    from zsbench.stages.references import References
    from zsbench.stages.text_features import TextEncoding

__all__ = ["Scoring", "Similarity"]


@dataclass(frozen=True)
class Similarity:
    """A scoring encoder with what it says of a task.

    Attributes:
        encoder: The scoring encoder.
        images: Its features of the task's images.
        references: By prompt, the references and their features.
        same_encoder: Whether the captioners use the same one.
    """

    encoder: EncoderChoice
    images: ImageEncoding
    references: Mapping[str, tuple[ReferenceTexts, TextEncoding]]
    same_encoder: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class Scoring(Stage):
    """Writes ``scores.json``, and the per-example statistics and values as safetensors.

    Examples whose image could not be read are left out. Statistics of a group are kept only where they are not rows
    of the whole's.

    Attributes:
        name: The cell's captioner, and how it answered where it did.
        task: Whose examples.
        metrics: What scores.
        unavailable: The metrics that this machine cannot run.
        references: Tokenised.
        prediction: What is scored.
        group_idf: Whose document frequencies the scores of groups use.
        corpus: What the captioner was trained on or reads, to find repeated captions.
        similarity: What CLIPScore needs, if the matrix names a scoring encoder.
    """

    kind: ClassVar[str] = "score"
    turn: ClassVar[int] = 5
    memory: ClassVar[int] = 3 * GIGABYTE
    libraries: ClassVar[tuple[str, ...]] = (*METRIC_LIBRARIES, "zsbench")
    computes: ClassVar[bool] = False
    alone: ClassVar[bool] = True

    name: str
    task: TaskChoice
    metrics: MetricSet
    unavailable: tuple[str, ...]
    references: References
    prediction: Prediction | Reading
    group_idf: GroupIdf
    corpus: CorpusChoice | None
    similarity: Similarity | None

    @property
    def label(self) -> str:
        """Captioner and task."""
        return f"{self.name} on {self.task.id}"

    @property
    def inputs(self) -> tuple[Stage, ...]:
        """Predictions and references, and the features of a scoring encoder."""
        return self._inputs(pooled=False)

    @property
    def seen(self) -> tuple[Stage, ...]:
        """Of images, global features alone."""
        return self._inputs(pooled=True)

    @property
    def on_device(self) -> bool:
        """Where a scoring encoder encodes captions."""
        return self.similarity is not None

    @property
    def weights(self) -> Iterable[int]:
        """The scoring encoder's."""
        return () if self.similarity is None else (self.similarity.encoder.encoder.weights_bytes,)

    def material(self) -> Mapping[str, Any]:
        """What is scored by which metrics, in which groups, against which training text."""
        groups = {name: {group: list(ids) for group, ids in found.items()} for name, found in self._groups.items()}
        similarity = self.similarity
        return {
            **self.metrics.describe(),
            "task": self.task.id,
            "ids": hash_json(self.task.ids),
            "images": hash_json([item.row for item in self.task.items]),
            "groups": hash_json(groups),
            "group_idf": self.group_idf,
            "unavailable": list(self.unavailable),
            "corpus": self.corpus and self.corpus.content,
            "scoring_encoder": similarity and [similarity.encoder.content, similarity.same_encoder],
            "counts": similarity and hash_json([source.counts for source, _ in similarity.references.values()]),
        }

    def components(self) -> Iterable[Factory]:
        """The metrics, and the scoring encoder."""
        encoder = () if self.similarity is None else self.similarity.encoder.factories
        return (*self.metrics.factories, *encoder)

    def run(self, folder: Path, context: StageContext) -> bool:
        """Score; final if every metric ran that this machine can run."""
        rows = list(read_predictions(context.output(self.prediction)))
        predictions = {row["id"]: row["prediction"] for row in rows if "error" not in row}
        lost = {row["id"] for row in rows if "error" in row}
        self.task.task.check_predictions(predictions, [id_ for id_ in self.task.ids if id_ not in lost])
        scoring = ScoringContext(
            split=self.task.id, groups=self._groups, group_idf=self.group_idf, clusters=find_images(self.task)
        )
        metrics = context.metrics(self.metrics)
        features = self._features(self.similarity, predictions, metrics, context) if self.similarity else None
        split = self.references.read(context)
        results = score_predictions(predictions, split, metrics, context=scoring, features=features)
        own_groups = {m.id for m in metrics if m.depends_on_split and self.group_idf == "per-group"}
        write_statistics(folder / STATISTICS, select_statistics(results, own_groups))
        write_statistics(folder / VALUES, select_values(results))
        table = [metric_row(result) for result in results]
        document = {"ids": list(predictions), "metrics": table, **self._describe(list(predictions.values()), context)}
        write_text(folder / "scores.json", json.dumps(document, ensure_ascii=False))
        return all(not row["not_run"] or row["id"] in self.unavailable for row in table)

    @property
    def _groups(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """The task's groups."""
        return self.task.task.groups()

    def _inputs(self, *, pooled: bool) -> tuple[Stage, ...]:
        """The stages whose outputs are read."""
        if self.similarity is None:
            return (self.prediction, self.references)
        images = self.similarity.images.pooled if pooled else self.similarity.images
        return (self.prediction, self.references, images, *(stage for _, stage in self.similarity.references.values()))

    def _describe(self, captions: Sequence[str], context: StageContext) -> dict[str, Any]:
        """Descriptive figures of captions, and how much of the references stands in the training text."""
        if self.task.answers:
            return {"descriptives": None, "training_overlap": None}
        corpus = self.corpus
        known = None if corpus is None else context.once(f"plain {corpus.content}", lambda: plain_texts(corpus.texts))
        references = self.task.task.references()
        overlap = None if known is None else dataclasses.asdict(measure_overlap(references, known))
        return {"descriptives": dataclasses.asdict(describe_captions(captions, known)), "training_overlap": overlap}

    def _features(
        self,
        similarity: Similarity,
        predictions: Mapping[str, str],
        metrics: Sequence[Metric],
        context: StageContext,
    ) -> dict[str, CaptionFeatures]:
        """By prompt, what the scoring encoder says of the images, captions and references that are scored."""
        prompts = {metric.prompt for metric in metrics if isinstance(metric, SimilarityMetric)}
        return {prompt: self._by_prompt(similarity, predictions, prompt, context) for prompt in sorted(prompts)}

    def _by_prompt(
        self, similarity: Similarity, predictions: Mapping[str, str], prompt: str, context: StageContext
    ) -> CaptionFeatures:
        """What the scoring encoder says under one prompt; equal captions are encoded once."""
        items = [item for item in self.task.items if item.id in predictions]
        places = {id_: place for place, id_ in enumerate(self.task.ids)}
        encoder = context.encoder(similarity.encoder)
        texts = [prompt + predictions[item.id] for item in items]
        distinct = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        encoded = encoder.encode_texts(list(distinct))
        references = context.references(*similarity.references[prompt])
        images = ImageFeatureReader(context.output(similarity.images)).pooled([item.row for item in items])
        return CaptionFeatures(
            images=images.double().numpy(),
            captions=encoded[[distinct[text] for text in texts]].double().numpy(),
            references=[references[places[item.id]].double().numpy() for item in items],
            encoder=similarity.encoder.label,
            same_encoder=similarity.same_encoder,
        )
