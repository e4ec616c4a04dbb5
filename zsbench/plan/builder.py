"""The stages of a matrix's cells: each method gives a stage with all that it waits for, the same one each time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from zsbench.components import CorpusChoice, EncoderChoice, GapChoice, LanguageModelChoice, ReferenceTexts, TaskChoice
from zsbench.components.data import TextSource
from zsbench.config import Matrix
from zsbench.interfaces import GapRequirement, GapSetting, SimilarityMetric, Supervision
from zsbench.plan.axes import Axis, find_gap_setting
from zsbench.plan.cells import Cell
from zsbench.plan.checks import answers_not_captions, no_fit_images, no_reader
from zsbench.registry import Registry, make_metric
from zsbench.stages import (
    Comparison,
    FittedGap,
    GapFit,
    ImageEncoding,
    MetricSet,
    Prediction,
    Reading,
    References,
    Scoring,
    Setup,
    Similarity,
    TextEncoding,
    Training,
)

__all__ = ["Models", "StageBuilder"]

MadeT = TypeVar("MadeT")
SUPERVISIONS: tuple[Supervision, ...] = get_args(Supervision)
FIT_SUPERVISION: Mapping[GapRequirement, Supervision] = {
    "none": "none",
    "text": "text",
    "image": "unpaired",
    "unpaired": "unpaired",
    "paired": "paired",
}
"""What the fit of a gap model makes of a captioner's supervision; images alone meet the captioner's texts unpaired."""


@dataclass(frozen=True)
class Models:
    """The models and data of a matrix beside its corpora and tasks.

    Attributes:
        encoder: The captioners' encoder.
        language_model: The captioners' and the reader's language model.
        scoring_encoder: The encoder of CLIPScore.
        fit: The task whose images gap models may be fitted on.
        patches: Whether any captioner needs patch tokens.
    """

    encoder: EncoderChoice
    language_model: LanguageModelChoice | None = None
    scoring_encoder: EncoderChoice | None = None
    fit: TaskChoice | None = None
    patches: bool = False


class StageBuilder:
    """Makes stages of a matrix.

    Args:
        matrix: What is run.
        registry: What there is.
        models: Of the matrix.
        setup: What all stages have in common.
        unavailable: Ids of metrics that this machine cannot run.
    """

    def __init__(
        self, matrix: Matrix, registry: Registry, models: Models, setup: Setup, unavailable: Sequence[str] = ()
    ) -> None:
        self.matrix = matrix
        self.registry = registry
        self.models = models
        self.setup = setup
        self.unavailable = unavailable
        self._made: dict[Hashable, Any] = {}

    def texts(self, source: TextSource, encoder: EncoderChoice | None = None) -> TextEncoding:
        """Features of texts, by the captioners' encoder unless another is given."""
        encoder = encoder or self.models.encoder

        def make() -> TextEncoding:
            return TextEncoding(setup=self.setup, encoder=encoder, source=source)

        return self._once(("texts", encoder.content, source.content), make)

    def images(self, task: TaskChoice, encoder: EncoderChoice | None = None, *, patches: bool = False) -> ImageEncoding:
        """Features of a task's images, each once; with patch tokens where asked for."""
        encoder, strict = encoder or self.models.encoder, self.matrix.fail_on_error

        def make() -> ImageEncoding:
            return ImageEncoding(setup=self.setup, encoder=encoder, task=task, patches=patches, strict=strict)

        return self._once(("images", encoder.content, task.id, task.limit, patches), make)

    def gap(self, axis: Axis, part: str) -> FittedGap | None:
        """The gap model of a captioner's training or inference, with the stage that fits it.

        Raises:
            ConfigError: Its fit requires images, and the matrix names none.
        """
        setting = find_gap_setting(axis.captioner.config, part)
        if setting is None or not axis.needs.gap_model:
            return None
        return self._once(("gap", repr(setting), axis.corpus.id), lambda: self._fitted(setting, axis.corpus))

    def data_used(self, axis: Axis) -> tuple[str, ...]:
        """What a captioner uses beyond text: images for its gap models, or the very references."""
        marks = []
        for gap in filter(None, (self.gap(axis, "training"), self.gap(axis, "inference"))):
            if self.models.fit is not None and gap.gap.requires in {"image", "unpaired", "paired"}:
                kind = "paired images and captions" if gap.gap.requires == "paired" else "unpaired images"
                marks.append(f"gap model {gap.gap.id} fitted on {kind} of {self.models.fit.id}")
        if axis.needs.references:
            marks.append("reference captions of the very image: an upper bound")
        return tuple(dict.fromkeys(marks))

    def supervision(self, axis: Axis) -> Supervision:
        """What a captioner was trained or fitted on: what it says, or what its gap models are fitted on if more."""
        gaps = filter(None, (self.gap(axis, "training"), self.gap(axis, "inference")))
        found = [axis.captioner.supervision, *(FIT_SUPERVISION[gap.gap.requires] for gap in gaps)]
        return max(found, key=SUPERVISIONS.index)

    def prediction(self, axis: Axis, task: TaskChoice, *, route: str) -> Prediction | Reading:
        """What a cell's captioner says: captions, its own answers, or answers read out of its captions."""
        if route == "caption":
            return self._reading(task, self._prediction(axis, task, captions=True))
        return self._prediction(axis, task, captions=not route)

    def references(self, task: TaskChoice) -> References:
        """The references of the whole split, tokenised."""
        return self._once(
            ("references", task.id),
            lambda: References(
                setup=self.setup,
                split=task.id,
                content=task.task.content_hash,
                load=task.task.references,
                metrics=self.metrics(task),
            ),
        )

    def metrics(self, task: TaskChoice) -> MetricSet:
        """The metrics of a task: its card's, and those that the matrix adds to captioning tasks."""
        added = () if task.answers else self.matrix.metrics
        ids = tuple(dict.fromkeys((*task.task.card.metrics, *added)))
        return self._once(("metrics", ids), lambda: MetricSet.find(ids, self.registry))

    def scoring(self, axis: Axis, task: TaskChoice, prediction: Prediction | Reading, *, route: str) -> Scoring:
        """The scores of a cell."""
        metrics = self.metrics(task)
        return Scoring(
            setup=self.setup,
            name=f"{axis.captioner.id} ({route})" if route else axis.captioner.id,
            task=task,
            metrics=metrics,
            unavailable=tuple(id_ for id_ in metrics.ids if id_ in self.unavailable),
            references=self.references(task),
            prediction=prediction,
            group_idf=self.matrix.group_idf or task.task.card.group_idf,
            corpus=axis.corpus if axis.corpus_id and not task.answers else None,
            similarity=self._similarity(task, metrics.ids),
        )

    def comparison(self, cell: Cell, base: Cell) -> Comparison:
        """The paired differences of a cell to the baseline's."""
        metrics = self.metrics(cell.task)
        return Comparison(
            setup=self.setup, task=cell.task, metrics=metrics, scoring=cell.scoring, baseline=base.scoring
        )

    def _fitted(self, setting: GapSetting, corpus: CorpusChoice) -> FittedGap:
        """A gap model and its fit, if it requires one."""
        gap, fit = GapChoice.resolve(setting, self.registry), self.models.fit
        if gap.requires == "none":
            return FittedGap(gap)
        if gap.requires != "text" and fit is None:
            raise no_fit_images(gap)
        images, pairs = None, None
        texts = self.texts(corpus) if gap.requires in {"text", "unpaired"} else None
        if fit is not None and gap.requires != "text":
            images = self.images(fit)
        if fit is not None and gap.requires == "paired":
            source = ReferenceTexts(fit)
            texts, pairs = self.texts(source), tuple(source.counts)
        return FittedGap(
            gap, GapFit(setup=self.setup, gap=gap, texts=texts, images=images, pairs=pairs, data=corpus.id)
        )

    def _training(self, axis: Axis) -> Training:
        """The training of a captioner."""
        return Training(
            setup=self.setup,
            captioner=axis.captioner,
            encoder=self.models.encoder,
            corpus=axis.corpus,
            language_model=self.models.language_model if axis.needs.language_model else None,
            gap=self.gap(axis, "training"),
            texts=self.texts(axis.corpus),
            seed=axis.seed,
            checkpoint_seconds=self.matrix.checkpoint_seconds,
        )

    def _prediction(self, axis: Axis, task: TaskChoice, *, captions: bool) -> Prediction:
        """Captions of a task's images or answers to its questions; independent of what else the matrix holds."""
        needs = axis.needs
        return Prediction(
            setup=self.setup,
            captioner=axis.captioner,
            task=task.id,
            items=task.image_items if captions else task.items,
            encoder=self.models.encoder,
            language_model=self.models.language_model if needs.language_model else None,
            corpus=axis.corpus,
            training=self._training(axis) if needs.training else None,
            gap=self.gap(axis, "inference"),
            texts=self.texts(axis.corpus) if needs.memory else None,
            images=self.images(task, patches=self.models.patches),
            references=self._reference_features(task) if needs.references else None,
            questions="" if captions else str(task.questions),
            seed=axis.seed,
            batch_size=self.matrix.batch_size,
        )

    def _reading(self, task: TaskChoice, captions: Prediction) -> Reading:
        """Answers that the language model reads out of captions."""
        if self.models.language_model is None:
            raise no_reader(task.id)
        return Reading(
            setup=self.setup,
            task=task,
            language_model=self.models.language_model,
            captions=captions,
            answering=self.matrix.answering,
            batch_size=self.matrix.batch_size,
        )

    def _reference_features(self, task: TaskChoice) -> tuple[ReferenceTexts, TextEncoding]:
        """The features of a task's reference captions, for a captioner that looks at them."""
        if task.answers:
            raise answers_not_captions(task.id)
        source = ReferenceTexts(task)
        return source, self.texts(source)

    def _similarity(self, task: TaskChoice, metrics: Sequence[str]) -> Similarity | None:
        """The scoring encoder's view of a task, if any of its metrics wants one."""
        encoder = self.models.scoring_encoder
        if encoder is None:
            return None
        made = [make_metric(self.registry, id_) for id_ in metrics]
        prompts = sorted({metric.prompt for metric in made if isinstance(metric, SimilarityMetric)})
        if not prompts:
            return None
        sources = {prompt: ReferenceTexts(task, prompt) for prompt in prompts}
        references = {prompt: (source, self.texts(source, encoder)) for prompt, source in sources.items()}
        same = encoder.content == self.models.encoder.content
        images = self.images(task, encoder, patches=same and self.models.patches)
        return Similarity(encoder, images, references, same)

    def _once(self, name: Hashable, make: Callable[[], MadeT]) -> MadeT:
        """What was made under a name; made on first use."""
        if name not in self._made:
            self._made[name] = make()
        made: MadeT = self._made[name]
        return made
