"""What this distribution registers."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import GapModelSpec

__all__: list[str] = []

MODELS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("none", "none:NoGap", "features as they are, at unit norm", ("needs-nothing",)),
    (
        "gaussian",
        "gaussian:GaussianNoise",
        "isotropic Gaussian noise of a stated variance, renormalised (CapDec, MacCap)",
        ("needs-nothing", "stochastic"),
    ),
    (
        "uniform-ball",
        "uniform_ball:UniformBall",
        "uniform noise within a ball of a stated radius, renormalised (CapDec's option)",
        ("needs-nothing", "stochastic"),
    ),
    (
        "von-mises-fisher",
        "von_mises_fisher:VonMisesFisher",
        "noise on the sphere around each feature (MacCap's option)",
        ("needs-nothing", "stochastic"),
    ),
    (
        "subregion-noise",
        "subregion_noise:SubregionNoise",
        "noisy copies of a text in training, sub-regions with noise of their own amount at inference (MacCap)",
        ("needs-nothing", "stochastic"),
    ),
    (
        "text-memory",
        "text_memory:TextMemory",
        "images as softmax mixtures of the corpus's text features (DeCap)",
        ("needs-text",),
    ),
    (
        "knn-memory",
        "knn_memory:KnnMemory",
        "the mean of the nearest text features, on both sides (Knight, IFCap)",
        ("needs-text", "stochastic"),
    ),
    (
        "mean-shift",
        "mean_shift:MeanShift",
        "along the difference of the two modalities' means (Liang et al. 2022)",
        ("needs-unpaired",),
    ),
    ("c3", "c3:C3", "both modalities lose their mean, texts get noise (C3)", ("needs-unpaired", "stochastic")),
    (
        "moment-match",
        "moment_match:MomentMatch",
        "mean and standard deviation of each dimension matched, then noise (TOMCap)",
        ("needs-unpaired", "stochastic"),
    ),
    ("realign", "realign:ReAlign", "anchor, trace scale and centroid (ReAlign)", ("needs-unpaired",)),
    (
        "close-linear",
        "close_linear:CloseLinear",
        "a linear map fitted on PAIRS, then noise (CLOSE)",
        ("needs-paired", "stochastic"),
    ),
    (
        "close-covariance",
        "close_covariance:CloseCovariance",
        "noise with the covariance of the differences within PAIRS (CLOSE)",
        ("needs-paired", "stochastic"),
    ),
)
"""Id, place, summary and tags of each gap model."""


@hookimpl
def zsbench_gap_models() -> list[GapModelSpec]:
    """One spec a gap model, one file each."""
    return [
        GapModelSpec(
            id=id_,
            factory=f"zsbench_gaps.{place}",
            config=f"zsbench_gaps.{place}Config",
            summary=summary,
            tags=tags,
        )
        for id_, place, summary, tags in MODELS
    ]
