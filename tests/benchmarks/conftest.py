"""How a benchmark reports a ratio; ``docs/benchmarks.md`` says how to write one."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from zsbench_ratios import (
    FILE,
    PAGE,
    Declaration,
    Ratio,
    Ratios,
    compare_ratios,
    describe_revision,
    fill_page,
    read_ratios,
    time_sides,
    write_ratios,
)


@dataclass
class Session:
    """What one run of the benchmarks knows.

    Attributes:
        declared: What every collected benchmark says of itself, whether it runs or not.
        files: The files that were collected, by name.
        committed: Ratios before this run.
        fresh: What this run found.
        remarks: What is out of date, said at the end.
        told: What benchmarks without a ratio say at the end.
        start: When it began, by the monotonic clock.
    """

    declared: dict[str, Declaration] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    committed: Ratios = field(default_factory=read_ratios)
    fresh: Ratios = field(default_factory=lambda: Ratios({}, {}))
    remarks: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    start: float = field(default_factory=time.monotonic)


SESSION = pytest.StashKey[Session]()


def pytest_addoption(parser):
    """Two flags: a plain run only looks."""
    group = parser.getgroup("ratios")
    where = "results/benchmarks.json and docs/benchmarks.md"
    group.addoption("--ratios-write", action="store_true", help=f"Write ratios into {where}.")
    group.addoption("--ratios-check", action="store_true", help=f"Fail if {where} lack a benchmark or its words.")


def pytest_configure(config):
    """The mark, and a place for what is found."""
    config.addinivalue_line("markers", "ratio(what, against, size, of, aim, note): a benchmark against the naive way")
    config.stash[SESSION] = Session()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Learn what there is before ``-k`` takes some away."""
    session = config.stash[SESSION]
    for item in items:
        session.files.add(item.path.name)
        if mark := item.get_closest_marker("ratio"):
            session.declared[name_benchmark(item)] = Declaration(**mark.kwargs)


def pytest_sessionfinish(session):
    """Where only the list was wanted (``--collect-only``), the file learns of new benchmarks and better words."""
    config = session.config
    if config.getoption("ratios_write", default=False):
        write_ratios(merge_found(config))
    if config.getoption("ratios_check", default=False) and (stale := find_stale(config)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        config.stash[SESSION].remarks += [f"{place} is not up to date" for place in stale]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A benchmark without a ratio says why; what is found is written at once, so that a killed run loses nothing."""
    report = yield
    session, name = item.config.stash[SESSION], name_benchmark(item)
    if name in session.declared and not report.passed:
        session.fresh.measured.pop(name, None)
        session.fresh.missing[name] = describe_failure(report)
    if report.when == "teardown" and item.config.getoption("ratios_write", default=False):
        write_ratios(merge_found(item.config))
    return report


def pytest_terminal_summary(terminalreporter, config):
    """The ratios of this run beside the committed ones."""
    session = config.stash[SESSION]
    for remark in session.remarks:
        terminalreporter.write_line(f"{remark}: add --ratios-write to this command")
    if not config.getoption("benchmark_only", default=False):
        return
    terminalreporter.section("ratios, naive / ours: more is better")
    for line in (*compare_ratios(session.fresh, session.committed), *session.told):
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"all of it took {(time.monotonic() - session.start) / 60:.1f} minutes")


def merge_found(config):
    """The committed ratios with what is found so far put over them."""
    describe_revision()  # before a file changes
    session = config.stash[SESSION]

    def gone(name):
        """Its file is no more, or was collected whole without it."""
        file = name.split("::")[0]
        whole = file in session.files and not any("::" in argument for argument in config.args)
        return whole or not (Path(__file__).parent / file).exists()

    return session.committed.merge(session.fresh, session.declared, gone)


def find_stale(config):
    """Which of file and page do not say what the collected benchmarks say of themselves."""
    merged, page = merge_found(config), PAGE.read_text(encoding="utf-8")
    stale = {FILE.name: merged != config.stash[SESSION].committed, PAGE.name: fill_page(page, merged) != page}
    return [name for name, is_stale in stale.items() if is_stale]


def name_benchmark(item):
    """File, test and case."""
    return f"{item.path.name}::{item.name}"


def describe_failure(report):
    """Why a benchmark has no ratio, in one line."""
    if report.skipped:
        return f"skipped: {report.longrepr[2].removeprefix('Skipped: ')}"
    crash = getattr(report.longrepr, "reprcrash", None)
    return f"failed: {(crash.message if crash else str(report.longrepr)).splitlines()[0][:200]}"


@pytest.fixture
def tell(request):
    """Have a line printed at the end of the run."""
    return request.config.stash[SESSION].told.append


@pytest.fixture
def side_by_side(benchmark, request):
    """Time ours and the naive way by turns in one process, and record the ratio of the mark ``ratio``."""
    mark = request.node.get_closest_marker("ratio")
    assert mark, "a benchmark that compares says what: @pytest.mark.ratio(what=..., against=..., size=...)"

    def _side_by_side(ours, naive, *, rounds=3, warmup=0, measure=None):
        """What ours and the naive way returned last; ``measure`` takes bytes or inner seconds out of a result."""
        pairs, mine, theirs = time_sides(benchmark, ours, naive, rounds=rounds, warmup=warmup, measure=measure)
        if not benchmark.disabled:
            ratio = Ratio.of_pairs(pairs, Declaration(**mark.kwargs))
            request.config.stash[SESSION].fresh.measured[name_benchmark(request.node)] = ratio
            benchmark.extra_info["ratio"] = ratio.ratio
        return mine, theirs

    return _side_by_side
