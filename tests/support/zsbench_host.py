"""The fakes as a plugin beside the built-in one: everything but the engine, which is the core's."""

from __future__ import annotations

from typing import ClassVar

import zsbench_fakes
from zsbench.hookspecs import hookimpl
from zsbench.interfaces import CaptionerNeeds, CaptionerSpec, MatrixSpec
from zsbench_fakes import (  # noqa: F401  the hooks of this module are those
    FakeConfig,
    NearestCaptioner,
    matrix_file,
    zsbench_corpora,
    zsbench_data_roots,
    zsbench_encoders,
    zsbench_gap_models,
    zsbench_metrics,
    zsbench_tasks,
)


class CarriedCaptioner(NearestCaptioner):
    """Carries image features to the text side before it says anything."""

    needs: ClassVar[CaptionerNeeds] = CaptionerNeeds(memory=True, gap_model=True)

    def load(self, resources):
        super().load(resources)
        self.gap = resources.inference_gap

    def caption(self, batch):
        self.gap.image_to_text(batch.features.pooled, batch.generators[0])
        return super().caption(batch)


@hookimpl
def zsbench_captioners():
    return [
        *zsbench_fakes.zsbench_captioners(),
        CaptionerSpec(id="fake-carried", factory=CarriedCaptioner, config=FakeConfig),
    ]


@hookimpl
def zsbench_matrices():
    return [MatrixSpec(id="fake-matrix", factory=matrix_file)]
