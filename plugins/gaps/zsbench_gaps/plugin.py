"""What this distribution registers."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import GapModelSpec

__all__: list[str] = []


@hookimpl
def zsbench_gap_models() -> list[GapModelSpec]:
    """One spec a gap model, one file each."""
    return [
        GapModelSpec(
            id="none",
            factory="zsbench_gaps.none:NoGap",
            config="zsbench_gaps.none:NoGapConfig",
            summary="features as they are, at unit norm",
            tags=("needs-nothing",),
        ),
        GapModelSpec(
            id="gaussian",
            factory="zsbench_gaps.gaussian:GaussianNoise",
            config="zsbench_gaps.gaussian:GaussianNoiseConfig",
            summary="isotropic Gaussian noise of a stated variance, renormalised (CapDec, MacCap)",
            tags=("needs-nothing", "stochastic"),
        ),
        GapModelSpec(
            id="mean-shift",
            factory="zsbench_gaps.mean_shift:MeanShift",
            config="zsbench_gaps.mean_shift:MeanShiftConfig",
            summary="along the difference of the two modalities' means (Liang et al. 2022)",
            tags=("needs-unpaired",),
        ),
    ]
