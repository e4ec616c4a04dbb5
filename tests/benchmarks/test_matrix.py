"""A matrix of four cells against four runs of one cell, and a finished matrix again."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

CELLS = ("maccap", "maccap-global-only", "maccap-no-noise", "maccap-no-rerank")
SHORT = ("--tasks", "coco-karpathy-test", "--limit", "100", "--set", "maccap.training.steps=600")


def run(cache: Path, captioners: str) -> set[str]:
    """The whole command; the predictions of its cells."""
    with tempfile.TemporaryDirectory() as output:
        command = [sys.executable, "-m", "zsbench", "run", "--captioners", captioners, *SHORT, "--output", output]
        environment = {**os.environ, "ZSBENCH_CACHE": str(cache)}
        subprocess.run(command, env=environment, capture_output=True, check=True)
        return {path.read_text(encoding="utf-8") for path in Path(output).glob("[0-9]*/cells/*/samples.jsonl")}


def run_from_nothing(captioners: str) -> set[str]:
    with tempfile.TemporaryDirectory() as cache:
        return run(Path(cache), captioners)


@pytest.mark.ratio(
    what="an ablation matrix of four cells",
    against="four runs of one cell, each from an empty store",
    size="COCO, 100 images, trainings of 600 steps, embedded models",
    aim=2,
)
def test_cells_share_their_work(side_by_side):
    """Encoder, corpus, training and predictions once."""
    together, apart = side_by_side(
        lambda: run_from_nothing(",".join(CELLS)),
        lambda: set().union(*(run_from_nothing(captioner) for captioner in CELLS)),
        rounds=1,
    )
    assert together == apart
    assert len(together) == len(CELLS)


@pytest.mark.ratio(
    what="a finished matrix again",
    against="from an empty store",
    size="four cells, COCO, 100 images, trainings of 600 steps, embedded models",
)
def test_a_finished_matrix_is_only_looked_up(side_by_side, tmp_path):
    """Records are written again from what the store holds."""
    first = run(tmp_path, ",".join(CELLS))
    again, anew = side_by_side(
        lambda: run(tmp_path, ",".join(CELLS)), lambda: run_from_nothing(",".join(CELLS)), rounds=1
    )
    assert again == anew == first
