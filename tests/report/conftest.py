"""A results folder with everything that is awkward to show."""

from __future__ import annotations

from pathlib import Path

import pytest

from zsbench.records import Sample, read_cells, write_baselines
from zsbench.report import SiteOptions
from zsbench_cells import REGISTRY, build_cell, scores_of, write_run
from zsbench_fakes import COLOURS

NASTY = "</script><img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"
ARABIC = "قطة سوداء تجلس على العشب"
SHADES = ["bright", "dark"] * 5
REGIONS = [
    {"side": 4, "cells": [0, 7], "weights": [0.1, 0.3], "fit": "crop"},
    {"side": 4, "cells": [15], "weights": [1.0], "fit": "squash"},
    {"side": 4, "cells": [0], "weights": [0.0], "fit": "pad"},
    {"side": 4, "cells": [1], "weights": [1.0], "fit": None},
]
"""Three that can be drawn, and one of an encoder that does not say what it sees."""

REPORTED = """
source: {title: A paper, kind: paper, where: "doi:1", read: 2026-01-01}
rows:
- {method: PaperCap, task: fake-task, corpus: null, scores: {exact: 99}, table: Table 1, run_by: its authors}
"""


def captions(colours=COLOURS, *, odd=False):
    """Ids of the fake task, with captions; ``odd`` has markup and Arabic in it."""
    texts = {colour: f"a {colour} picture" for colour in colours}
    return {**texts, "red": NASTY, "green": ARABIC} if odd else texts


@pytest.fixture
def results(tmp_path) -> Path:
    """Two revisions as baselines, one run with markup, Arabic, a group, a failed cell and a metric that was not run."""
    folder = tmp_path / "results"
    for day, good in ((1, 0.5), (2, 0.6)):
        cells = [build_cell(captions(), scores_of(10, good=good), captioner="old-faithful", groups=SHADES)]
        run = write_run(tmp_path / "other", cells, commit=str(day) * 40, started=f"2026-01-0{day}T00:00:00Z")
        write_baselines(read_cells(run), folder)
    failed, samples, _ = build_cell({}, [], captioner="failing", status="failed", reason="<b>no</b> memory", metrics=[])
    cells = [
        build_cell(captions(odd=True), scores_of(10, good=0.9), captioner="<script>new</script>", groups=SHADES),
        build_cell(captions(), scores_of(10, good=0.2), captioner="lazy", groups=SHADES, not_run=["words"]),
        build_cell(captions(), scores_of(10, good=0.3), captioner="lazy", groups=SHADES, seed=1),
        (failed, samples, None),
    ]
    for place, regions in enumerate(REGIONS):
        sample = cells[0][1][place].model_dump()
        cells[0][1][place] = Sample.model_validate({**sample, "regions": regions})
    write_run(folder, cells, started="2026-01-03T00:00:00Z")
    (folder / "reported").mkdir()
    (folder / "reported" / "paper.yaml").write_text(REPORTED, encoding="utf-8")
    return folder


@pytest.fixture
def options(tmp_path) -> SiteOptions:
    return SiteOptions(tmp_path / "site", REGISTRY, tmp_path / "cache")
