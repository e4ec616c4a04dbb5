"""For every check of the conformance kit a component that it must catch, and for every kind one that passes."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

from PIL import Image

from zsbench.interfaces import CaptionerNeeds, Spec
from zsbench_bad_captioners import (
    AnswersTogether,
    BareStrings,
    ChangesTheEncoder,
    CopiesConfig,
    DrawsAgain,
    GeneratesWhileTraining,
    GoodCaptioner,
    LoneSurrogate,
    MovesGlobalState,
    MultiLine,
    OwnRandomness,
    ReadsInConstructor,
    RemembersItself,
    SavesHalf,
    SavesPickle,
    ScoresNan,
    SeesTheBatch,
    SeesThePlace,
    TooFew,
    TrainsByChance,
    TrainsOnTheSpot,
    WritesToBatch,
    captioner,
)
from zsbench_bad_parts import (
    CAPTIONS,
    AsksInCaptioning,
    BareIsAnother,
    Centres,
    Distance,
    DoubleIds,
    DrawsOnImages,
    DropsOut,
    EmptyReferences,
    EncoderMovesState,
    EncoderWithTensor,
    GapFitsInPlace,
    GapForgets,
    GapInPlace,
    GapMovesState,
    GapOwnRandomness,
    GapWantsMore,
    GapWithTensor,
    GoodEncoder,
    GoodGap,
    GoodMetric,
    GoodTask,
    GuessesAhead,
    HalfWidth,
    HidesPatches,
    ImagesGone,
    InAnyOrder,
    LooksAround,
    LowersInPlace,
    MetricWithTensor,
    NewFingerprint,
    NoReference,
    NotFromSums,
    NotUnit,
    NumberInSignature,
    OneRow,
    OtherCard,
    OtherName,
    PlainError,
    ReadsAtOnce,
    ShuffledTask,
    UnevenAttention,
    UnknownGroup,
    Unnormalised,
    UnstableIds,
    encoder,
    gap,
    metric,
    task,
)


@dataclass(frozen=True)
class Case:
    """A component, the hook module it pretends to come from, and where its data are."""

    spec: Spec
    hooks: str = "zsbench_light_hooks"
    options: dict = field(default_factory=dict)


MAKERS = {
    "captioner": (captioner, GoodCaptioner, ReadsInConstructor),
    "gap-model": (gap, GoodGap, GapWithTensor),
    "task": (task, GoodTask, ReadsAtOnce),
    "encoder": (encoder, GoodEncoder, EncoderWithTensor),
    "metric": (metric, GoodMetric, MetricWithTensor),
}
GOOD = {kind: Case(make(good)) for kind, (make, good, _) in MAKERS.items()}
BY_CHECK = {
    "captioner": {
        "needs-told": captioner(GoodCaptioner, needs=CaptionerNeeds()),
        "one-caption-an-image": captioner(TooFew),
        "captions-clean": captioner(MultiLine),
        "scores-finite": captioner(ScoresNan),
        "batch-invariant": captioner(SeesTheBatch),
        "order-invariant": captioner(SeesThePlace),
        "seed-reproducible": captioner(OwnRandomness),
        "global-randomness-untouched": captioner(MovesGlobalState),
        "inputs-unmodified": captioner(WritesToBatch),
        "shared-models-left-alone": captioner(ChangesTheEncoder),
        "memory-freed": captioner(RemembersItself),
        "record-round-trip": captioner(LoneSurrogate),
        "answers-clean": captioner(AnswersTogether),
        "training-survives-saving": captioner(SavesHalf),
        "checkpoint-safe": captioner(SavesPickle),
        "training-reproducible": captioner(TrainsByChance),
        "training-polite": captioner(TrainsOnTheSpot),
        "training-goes-on": captioner(DrawsAgain),
        "trainer-apart": captioner(GoodCaptioner, trainer=GeneratesWhileTraining),
    },
    "gap-model": {
        "shape-kept": gap(HalfWidth),
        "norm-kept": gap(Unnormalised),
        "seed-reproducible": gap(GapOwnRandomness),
        "global-randomness-untouched": gap(GapMovesState),
        "inputs-unmodified": gap(GapInPlace),
        "requirement-honoured": gap(GapWantsMore),
        "state-round-trip": gap(GapForgets),
    },
    "task": {
        "card-consistent": task(OtherCard),
        "ids-stable": task(UnstableIds),
        "ids-unique": task(DoubleIds),
        "references-complete": task(NoReference),
        "groups-known": task(UnknownGroup),
        "questions-asked": task(AsksInCaptioning),
        "images-there": task(ImagesGone),
        "missing-data-told": task(PlainError),
        "references-score": task(EmptyReferences),
    },
    "encoder": {
        "fingerprint-stable": encoder(NewFingerprint),
        "features-well-formed": encoder(NotUnit),
        "patches-declared": encoder(HidesPatches),
        "batch-invariant": encoder(Centres),
        "prepared-equal": encoder(GuessesAhead),
        "reproducible": encoder(DropsOut),
        "global-randomness-untouched": encoder(EncoderMovesState),
        "inputs-unmodified": encoder(DrawsOnImages),
    },
    "metric": {
        "named": metric(OtherName),
        "statistics-shape": metric(OneRow),
        "permutation-equivariant": metric(InAnyOrder),
        "subset-equal": metric(LooksAround),
        "aggregates-sums": metric(NotFromSums),
        "right-beats-wrong": metric(Distance),
        "inputs-unmodified": metric(LowersInPlace),
        "record-round-trip": metric(NumberInSignature),
    },
}
BROKEN = {(kind, check): Case(spec) for kind, specs in BY_CHECK.items() for check, spec in specs.items()}
for kind, (make, good, stores_more) in MAKERS.items():
    BROKEN[kind, "hook-module-light"] = Case(make(good), hooks="zsbench_heavy_hooks")
    BROKEN[kind, "spec-tidy"] = Case(make(good, tags=("Not Kebab",)))
    BROKEN[kind, "constructor-stores-only"] = Case(make(stores_more))
ALSO_BROKEN = [
    ("captioner", "one-caption-an-image", captioner(BareStrings)),
    ("captioner", "constructor-stores-only", captioner(CopiesConfig)),
    ("gap-model", "inputs-unmodified", gap(GapFitsInPlace)),
    ("task", "ids-stable", task(ShuffledTask)),
    ("task", "spec-tidy", task(GoodTask, id="good", summary="")),
    ("encoder", "patches-declared", encoder(UnevenAttention)),
    ("encoder", "prepared-equal", encoder(BareIsAnother)),
]


@functools.cache
def draw_pictures(folder):
    """The data root of the tasks."""
    for id_ in CAPTIONS:
        Image.new("RGB", (8, 8), id_).save(folder / f"{id_}.png")
    return folder
