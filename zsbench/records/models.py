"""The models of records: run, cell, sample, baseline. The schemas in ``docs/schema`` are generated from them.

Numbers keep every digit. Scores, differences and their errors are on the metric's own scale; ``factor`` is what tables
multiply them by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from zsbench.errors import CaptionerError
from zsbench.interfaces import ImageFit, Regions, Supervision
from zsbench.records.origin import MatrixRecord, Origin, Provenance
from zsbench.records.record import Record, Sealed

__all__ = [
    "BaselineRecord",
    "CellIdentity",
    "CellName",
    "CellResult",
    "Descriptives",
    "DifferenceRow",
    "HistoryRow",
    "MetricRow",
    "RunRecord",
    "Sample",
    "SampleRegions",
    "ScoredFileRecord",
    "StageRow",
    "Timing",
    "TrainingOverlap",
    "Unreadable",
]

CellName = Annotated[
    str,
    Field(
        pattern=r'^[^./\\:*?"<>|\x00-\x1f][^/\\:*?"<>|\x00-\x1f]*$',
        max_length=250,
        description="folder of the cell: one part of a path",
    ),
]
Route = Literal["", "features", "caption"]
Count = Annotated[int, Field(ge=0)]


class CellIdentity(Record):
    """The coordinates of a cell."""

    captioner: str
    gap_model: str | None = Field(default=None, description="null: the captioner's own")
    corpus: str | None = Field(default=None, description="null: the captioner uses none")
    task: str
    seed: int = 0
    route: Route = Field(default="", description="how questions were answered; empty for captions")
    variant: str = Field(default="", description="swept settings, such as inference.candidates=2; empty without")


class Timing(Record):
    """How fast predictions were when they were made, loading and encoding aside."""

    batch_size: int = Field(ge=1)
    examples: int = Field(ge=1)
    seconds: float = Field(gt=0)
    median_batch_seconds: float = Field(gt=0)


class MetricRow(Record):
    """One metric of the whole split or of a group."""

    id: str
    title: str
    factor: float = Field(description="what tables multiply the score by")
    grouping: str | None = Field(default=None, description="null: the whole split")
    group: str | None = None
    n: int = Field(ge=0, description="examples scored")
    score: float | None = Field(default=None, description="null: not run")
    standard_error: float | None = Field(default=None, description="bootstrap over examples, 10,000 resamples")
    low: float | None = Field(default=None, description="lower end of the 95 % percentile interval")
    high: float | None = Field(default=None, description="upper end")
    signature: str = Field(default="", description="scores with different signatures cannot be compared")
    seconds: float = Field(default=0.0, ge=0)
    not_run: str = Field(default="", description="why the metric was not run; empty if it was")

    @property
    def key(self) -> str:
        """The name of its statistics."""
        from zsbench.metrics.rows import row_key  # its package imports numpy

        return row_key(self.id, self.grouping, self.group)


class DifferenceRow(Record):
    """A paired difference: this cell minus the baseline's cell."""

    metric: str
    grouping: str | None = None
    group: str | None = None
    baseline: str
    baseline_route: Route = Field(default="", description="how the baseline's cell answered questions")
    difference: float
    standard_error: float
    low: float = Field(description="95 % interval, paired bootstrap")
    high: float
    p_value: float = Field(ge=0, le=1, description="two-sided, not corrected")


class Descriptives(Record):
    """What captions are like."""

    mean_length: float = Field(description="words a caption")
    vocabulary: int = Field(description="distinct words")
    distinct_1: float = Field(description="distinct words a word")
    distinct_2: float = Field(description="distinct word pairs a word pair")
    repeated_share: float | None = Field(
        default=None, description="share of captions that are a training text verbatim; null without training text"
    )


class TrainingOverlap(Record):
    """Reference captions that are also training texts."""

    references: Count = Field(description="reference captions of the whole split")
    shared: Count = Field(description="those that are a training text")
    images: Count
    images_touched: Count = Field(description="images with at least one such reference")


class Unreadable(Record):
    """An example whose image could not be read; it is not scored."""

    id: str
    reason: str


class CellResult(Sealed):
    """``result.json``: the scores of a cell."""

    cell: CellIdentity
    name: CellName
    status: Literal["done", "failed"] = "done"
    reason: str = Field(default="", description="why the cell failed; empty if it did not")
    failed_stage: str = Field(default="", description="which stage failed")
    source: str = Field(default="measured", description="measured by a run, or the form of the file that was scored")
    labels: tuple[str, ...] = Field(
        default=(), description="what a reader must know of the scores, such as that they are partial"
    )
    task_title: str
    task_kind: Literal["captioning", "question-answering"]
    main_metric: str
    groupings: tuple[str, ...] = Field(default=(), description="groupings with columns in the task's table")
    headline_grouping: str | None = Field(default=None, description="grouping with columns in the overview")
    n: Count = Field(description="examples to be scored, unreadable ones included")
    encoder: str = Field(default="", description="what people call the encoder; empty if the captioner uses none")
    language_model: str = Field(default="", description="what people call the language model; empty without")
    supervision: Supervision = Field(default="none", description="what the captioner was trained or fitted on")
    data_used: tuple[str, ...] = Field(
        default=(), description="what beyond text was used; zero-shot claims depend on it"
    )
    split_remark: str = Field(
        default="", description="how the task's data differ from its official split; empty if they do not"
    )
    config: Mapping[str, Any] = Field(default_factory=dict, description="every setting of the captioner")
    keys: Mapping[str, Annotated[str, Field(pattern="^[0-9a-f]{32}$")]] = Field(
        default_factory=dict, description="store keys by stage: prediction and scoring"
    )
    seconds: Mapping[str, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict, description="time each stage took when it was made"
    )
    timing: Timing | None = Field(default=None, description="null where nothing timed the predictions")
    metrics: tuple[MetricRow, ...] = ()
    differences: tuple[DifferenceRow, ...] = ()
    comparison_failed: str = Field(
        default="", description="why the comparison with the baseline's cell failed; empty if it did not"
    )
    descriptives: Descriptives | None = Field(default=None, description="null for answers and failed cells")
    training_overlap: TrainingOverlap | None = Field(
        default=None, description="null for answers and without training text"
    )
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the cell failed, so that it has no scores."""
        return self.status == "failed"


class SampleRegions(Record):
    """Where in an image the captioner looked."""

    side: int = Field(description="patches form a square grid of side x side cells, in raster order")
    cells: tuple[int, ...]
    weights: tuple[float, ...] = Field(description="one a cell")
    fit: ImageFit | None = Field(
        default=None, description="what of the image the grid lies over; null where the encoder does not say"
    )

    @model_validator(mode="after")
    def _check_drawable(self) -> SampleRegions:
        """Refuse what cannot be drawn."""
        try:
            Regions(self.side, self.cells, self.weights)
        except CaptionerError as error:
            raise ValueError(error.found) from None
        return self


class Sample(Record):
    """One line of ``samples.jsonl``; a field that says nothing is left out."""

    id: str
    prediction: str | None = Field(default=None, description="the caption or the answer; null if there is an error")
    error: str | None = Field(default=None, description="why the image could not be read; the example is not scored")
    caption: str | None = Field(default=None, description="for answers read out of a caption: that caption")
    image: str | None = Field(default=None, description="for answers: the image that the question is about")
    groups: Mapping[str, str] = Field(default_factory=dict, description="the groups it belongs to, by grouping")
    candidates: tuple[tuple[str, float | None], ...] = Field(
        default=(), description="every candidate with its score; null where the captioner does not judge"
    )
    chosen: int | None = Field(default=None, description="index of the candidate that is the caption")
    regions: SampleRegions | None = None
    metrics: Mapping[str, float] = Field(
        default_factory=dict, description="the score of this example alone under each metric that ran"
    )

    @model_validator(mode="after")
    def _check_outcome(self) -> Sample:
        """Refuse a sample with neither or both of prediction and error."""
        if (self.prediction is None) == (self.error is None):
            raise ValueError("A sample has either a prediction or an error")
        return self


class StageRow(Record):
    """One stage of a run's plan."""

    kind: str
    label: str
    key: str
    inputs: tuple[str, ...] = ()
    state: str
    seconds: float = Field(default=0.0, ge=0)
    reason: str = ""
    traceback: str = ""
    remarks: tuple[str, ...] = ()


class ScoredFileRecord(Record):
    """A file of predictions that was scored."""

    file: str
    form: str
    sha256: str
    references: str
    references_form: str
    ids: str
    labels: tuple[str, ...] = ()


class RunRecord(Sealed):
    """``run.json``: plan, matrix, provenance, durations."""

    started: str = Field(description="ISO 8601, UTC")
    seconds: float = Field(default=0.0, ge=0)
    remarks: tuple[str, ...] = Field(default=(), description="what was said before the first stage")
    matrix: MatrixRecord = MatrixRecord()
    scored_file: ScoredFileRecord | None = Field(default=None, description="null for a run of a matrix")
    cells: tuple[CellName, ...] = Field(description="in table order")
    stages: tuple[StageRow, ...] = ()
    shared_stages: Count = 0
    shared_seconds: float = Field(default=0.0, ge=0)
    peak_memory_bytes: int | None = None
    engine: str = "local"
    workers: int = Field(default=1, ge=1)
    provenance: Provenance = Provenance()

    @property
    def origin(self) -> Origin:
        """What a cell's record keeps of this run."""
        return Origin(matrix=self.matrix, provenance=self.provenance)


class BaselineRecord(Sealed):
    """``baseline.json``: the record of one cell that later runs are compared with."""

    revision: str = Field(description="what the state of the code is called")
    started: str = Field(description="when its run began, ISO 8601, UTC")
    run: Origin
    result: CellResult


class HistoryRow(Record):
    """One line of ``history.jsonl``: what a cell scored when its baseline was written."""

    cell: CellName
    revision: str = Field(description="of the baseline")
    started: str = Field(description="when its run began, ISO 8601, UTC")
    signature: str = Field(default="", description="of the main metric")
    scores: Mapping[str, tuple[float, float | None, float | None]] = Field(
        description="score and 95 % interval of the whole split, by metric"
    )
