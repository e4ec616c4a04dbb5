"""The fakes as a plugin of one file, which workers of a cluster load as the command does, with a captioner that idles.

``ZSBENCH_SLOW_LOG`` names a file that gets one line for every caption; ``ZSBENCH_SLOW_SECONDS`` is how long one takes.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import zsbench_fakes
from zsbench.hookspecs import hookimpl
from zsbench.interfaces import CaptionerSpec


class SlowCaptioner(zsbench_fakes.FakeCaptioner):
    """Takes its time, and keeps a log."""

    def caption(self, batch):
        captions = super().caption(batch)
        for caption in captions:
            time.sleep(float(os.environ.get("ZSBENCH_SLOW_SECONDS", "0")))
            if log := os.environ.get("ZSBENCH_SLOW_LOG"):
                with Path(log).open("a", encoding="utf-8") as file:
                    file.write(f"{os.getpid()} {caption.text}\n")
        return captions


@hookimpl
def zsbench_captioners():
    slow = CaptionerSpec(id="slow", factory=SlowCaptioner, config=zsbench_fakes.FakeConfig, needs=SlowCaptioner.needs)
    return [*zsbench_fakes.zsbench_captioners(), slow]


zsbench_gap_models = zsbench_fakes.zsbench_gap_models
zsbench_tasks = zsbench_fakes.zsbench_tasks
zsbench_corpora = zsbench_fakes.zsbench_corpora
zsbench_encoders = zsbench_fakes.zsbench_encoders
zsbench_metrics = zsbench_fakes.zsbench_metrics
zsbench_data_roots = zsbench_fakes.zsbench_data_roots
