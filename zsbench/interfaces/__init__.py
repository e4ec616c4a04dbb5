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
from zsbench.interfaces.engine import Engine, MachineNeeds, Resources, RunRequest, StageRecord, StageView, Work
from zsbench.interfaces.gap import GapModel, GapRequirement, GapSetting
from zsbench.interfaces.language import GenerationSettings, LanguageModel, TokenBatch
from zsbench.interfaces.metric import CaptionFeatures, Metric, NDArrayFloat, PreparedReferences, SimilarityMetric
from zsbench.interfaces.paths import InputPath
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
    Supervision,
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
from zsbench.interfaces.training import Trainer, TrainingJournal, TrainingState

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
    "Engine",
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
    "InputPath",
    "LanguageModel",
    "MachineNeeds",
    "MatrixSpec",
    "Metric",
    "MetricSpec",
    "NDArrayFloat",
    "PreparedReferences",
    "Progress",
    "Regions",
    "RequiredFile",
    "Resources",
    "RunRequest",
    "SimilarityMetric",
    "Spec",
    "StageRecord",
    "StageView",
    "Supervision",
    "Task",
    "TaskCard",
    "TaskKind",
    "TaskSpec",
    "TextCorpus",
    "TokenBatch",
    "Trainer",
    "TrainingJournal",
    "TrainingReport",
    "TrainingState",
    "Work",
]
