"""The gate without new inference, and the site of many runs: 4 x 4 cells and 50 runs of 1,000 samples."""

from __future__ import annotations

from zsbench.gate import GateRules, judge_run
from zsbench.gate.outputs import gate_document
from zsbench.records import read_baselines, read_cells, write_baselines
from zsbench.report import SiteOptions, build_leaderboard
from zsbench.report.pages import PAGE_LIMIT
from zsbench_cells import REGISTRY, build_cell, captions_of, make_metric, scores_of, write_run

SAMPLES = 1000
CANDIDATES = {"candidates": (("a caption", 0.5),) * 4, "chosen": 0, "metrics": {"exact": 1 / 3, "words": 3.0}}


def sixteen_cells(worse):
    """Four captioners on four tasks, some captions worse."""
    return [
        build_cell(
            captions_of(SAMPLES, worse=worse),
            scores_of(SAMPLES, worse=worse),
            captioner=f"captioner-{captioner}",
            task=f"task-{task}",
        )
        for captioner in range(4)
        for task in range(4)
    ]


def test_gate_of_four_captioners_and_four_tasks(benchmark, tmp_path):
    """Records are read, compared with checksums, and judged."""
    old = write_run(tmp_path / "old", sixteen_cells([]))
    write_baselines(read_cells(old), tmp_path / "results")
    new = write_run(tmp_path / "new", sixteen_cells(range(30)))

    def gate():
        return judge_run(
            read_cells(new, make_metric), read_baselines(tmp_path / "results", make_metric), make_metric, GateRules()
        )

    report = benchmark.pedantic(gate, rounds=3)
    assert (report.exit_code, len(report.cells), report.tests) == (1, 16, 32)
    assert gate_document(report)["verdict"] == "FAIL"


def test_reading_a_run_of_twenty_cells(benchmark, tmp_path):
    """Every file against its checksum, every score against its statistics."""
    cells = [build_cell(captions_of(SAMPLES), scores_of(SAMPLES), captioner=f"c-{number}") for number in range(20)]
    for _, samples, _ in cells:
        samples[:] = [one.model_copy(update=CANDIDATES) for one in samples]
    run = write_run(tmp_path, cells)
    assert len(benchmark.pedantic(lambda: read_cells(run, make_metric), rounds=3)) == 20
    assert benchmark.stats is None or benchmark.stats.stats.mean < 1


def test_site_of_fifty_runs(benchmark, tmp_path):
    """No page is large; what each system said is a file of its own."""
    for number in range(50):
        cell = build_cell(captions_of(SAMPLES), scores_of(SAMPLES, seed=number), captioner=f"captioner-{number}")
        write_run(tmp_path / "results", [cell], started=f"2026-01-01T00:00:{number:02d}Z")
    options = SiteOptions(tmp_path / "site", REGISTRY, tmp_path / "cache")
    summary = benchmark.pedantic(lambda: build_leaderboard(tmp_path / "results", options), rounds=1)
    assert (summary.systems, summary.runs) == (50, 50)
    sizes = [path.stat().st_size for path in (tmp_path / "site").rglob("*") if path.suffix in {".html", ".js"}]
    assert max(sizes) < PAGE_LIMIT
    assert len(sizes) > 150
