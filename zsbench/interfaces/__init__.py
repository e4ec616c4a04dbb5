"""The contracts: what a captioner, a gap model, a task, an encoder, a language model and a metric are."""

from __future__ import annotations

from zsbench.interfaces.captioner import (
    Candidate,
    Caption,
    Captioner,
    CaptionerNeeds,
    CaptionerResources,
    ImageBatch,
    Progress,
    Regions,
    TrainingReport,
)
from zsbench.interfaces.encoder import Encoder, ImageFeatures, ImageFit
from zsbench.interfaces.gap import GapModel, GapRequirement, GapSetting
from zsbench.interfaces.language import GenerationSettings, LanguageModel, TokenBatch
from zsbench.interfaces.metric import CaptionFeatures, Metric, NDArrayFloat, PreparedReferences, SimilarityMetric
from zsbench.interfaces.records import Frozen
from zsbench.interfaces.specs import (
    API_VERSION,
    CaptionerSpec,
    CorpusSpec,
    DataRootSpec,
    EncoderSpec,
    EngineSpec,
    GapModelSpec,
    MatrixSpec,
    MetricSpec,
    Spec,
    TaskSpec,
)
from zsbench.interfaces.task import (
    CorpusCard,
    CorpusFeatures,
    Example,
    GroupIdf,
    RequiredFile,
    Task,
    TaskCard,
    TaskKind,
    TextCorpus,
)
from zsbench.interfaces.training import TrainingJournal, TrainingState

__all__ = [
    "API_VERSION",
    "Candidate",
    "Caption",
    "CaptionFeatures",
    "Captioner",
    "CaptionerNeeds",
    "CaptionerResources",
    "CaptionerSpec",
    "CorpusCard",
    "CorpusFeatures",
    "CorpusSpec",
    "DataRootSpec",
    "Encoder",
    "EncoderSpec",
    "EngineSpec",
    "Example",
    "Frozen",
    "GapModel",
    "GapModelSpec",
    "GapRequirement",
    "GapSetting",
    "GenerationSettings",
    "GroupIdf",
    "ImageBatch",
    "ImageFeatures",
    "ImageFit",
    "LanguageModel",
    "MatrixSpec",
    "Metric",
    "MetricSpec",
    "NDArrayFloat",
    "PreparedReferences",
    "Progress",
    "Regions",
    "RequiredFile",
    "SimilarityMetric",
    "Spec",
    "Task",
    "TaskCard",
    "TaskKind",
    "TaskSpec",
    "TextCorpus",
    "TokenBatch",
    "TrainingJournal",
    "TrainingReport",
    "TrainingState",
]
