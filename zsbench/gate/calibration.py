"""How often the gate is wrong: simulated changes on the statistics of a real run, judged by the gate itself.

``python -m zsbench.gate.calibration RUN --output results/gate-calibration.json`` takes the captions of a run and the
same captions swapped between images. Examples are drawn with replacement from the run; in a share of them

- nothing got worse on average: a fair coin says which of the two captions is the old one (false alarms), or
- the new caption is a swapped one (power).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zsbench.files import write_text
from zsbench.gate.decision import judge_run
from zsbench.gate.rules import GateRules
from zsbench.gate.verdicts import Verdict
from zsbench.interfaces import Metric
from zsbench.records import CellRecord, Sample, read_cells
from zsbench.seeds import derive_seed
from zsbench.statistics.power import POWER

if TYPE_CHECKING:
    from zsbench.interfaces import NDArrayFloat

__all__ = ["Population", "Setting", "calibration_table", "find_share", "load_population", "measure", "simulate"]

TRIALS = 200
_SIZES = (200, 500)
_NULL_SHARES = (0.02, 0.1, 0.5)


@dataclass(frozen=True, eq=False)
class Population:
    """What examples are drawn from.

    Attributes:
        cell: The cell's record, for its fields.
        good: ``(N, k)`` statistics of the run's captions, by metric.
        bad: ``(N, k)`` statistics of captions of other images, by metric.
        make_metric: Makes a metric from its id.
    """

    cell: CellRecord
    good: Mapping[str, NDArrayFloat]
    bad: Mapping[str, NDArrayFloat]
    make_metric: Callable[[str], Metric]

    @property
    def main(self) -> str:
        """The id of the task's main metric."""
        return self.cell.result.main_metric


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One row of the calibration.

    Attributes:
        kind: ``equal`` or ``worse``.
        n: Examples.
        share: Share of examples whose caption changed.
        tolerance: Of the gate, in printed points.
        drop: True drop of the main metric in printed points.
    """

    kind: str
    n: int
    share: float
    tolerance: float
    drop: float = 0.0


def load_population(run: Path, cell: str = "") -> Population:
    """The captions of a run, of the cell that is named or the first, and the same swapped between images."""
    from zsbench.gate.perturb import swap_captions
    from zsbench.plugins import load_plugins
    from zsbench.registry import make_metric

    registry = load_plugins().registry
    with tempfile.TemporaryDirectory(prefix="zsbench-calibration-") as folder:
        swapped = {one.name: one for one in read_cells(swap_captions(run, Path(folder), 1.0, registry))}
    own = next(one for one in read_cells(run) if cell in {"", one.name})
    keys = [key for key in own.statistics if "@" not in key and key in swapped[own.name].statistics]

    good, bad = ({key: one.statistics[key] for key in keys} for one in (own, swapped[own.name]))
    return Population(own, good, bad, partial(make_metric, registry))


def find_share(population: Population, n: int, tolerance: float, *, level: float = 0.05) -> Setting:
    """The share of swapped captions whose drop the gate is said to fail in 80 % of samples.

    The drop is ``max(z(level / tests) * SE, tolerance) + z(power) * SE``: significant and beyond the tolerance.
    """
    metric = population.make_metric(population.main)
    values = metric.values(population.bad[population.main]) - metric.values(population.good[population.main])
    factor = metric.factor
    normal = NormalDist()
    critical, power = normal.inv_cdf(1 - level / len(population.good)), normal.inv_cdf(POWER)
    low, high = 0.0, 1.0
    for _ in range(50):
        share = (low + high) / 2
        drop = -share * float(values.mean())
        error = math.sqrt(max(share * float((values**2).mean()) - drop**2, 0.0) / n)
        wanted = max(critical * error, tolerance / factor) + power * error
        low, high = (low, share) if drop >= wanted else (share, high)
    return Setting(kind="worse", n=n, share=high, tolerance=tolerance, drop=-high * float(values.mean()) * factor)


def simulate(population: Population, setting: Setting, seed: int) -> tuple[CellRecord, CellRecord]:
    """A new and an old record of one draw."""
    generator = np.random.default_rng(seed)
    rows = generator.integers(0, len(next(iter(population.good.values()))), size=setting.n)
    changed = generator.random(setting.n) < setting.share
    new_is_bad = changed & ((generator.random(setting.n) < 0.5) if setting.kind == "equal" else True)  # noqa: PLR2004  a fair coin
    old_is_bad = changed & ~new_is_bad
    return _draw(population, rows, new_is_bad), _draw(population, rows, old_is_bad)


def measure(population: Population, setting: Setting, *, trials: int = TRIALS) -> dict[str, Any]:
    """How often the gate fails, warns and is inconclusive under one setting."""
    rules = GateRules(tolerance=setting.tolerance)
    verdicts: list[Verdict] = []
    main: list[Verdict] = []
    for trial in range(trials):
        new, old = simulate(population, setting, derive_seed("calibration", *map(str, asdict(setting).values()), trial))
        report = judge_run([new], [old], population.make_metric, rules)
        verdicts.append(report.verdict)
        main += [j.verdict for cell in report.cells for j in cell.judgements if j.metric == population.main]
    shares = {verdict.value.lower(): verdicts.count(verdict) / trials for verdict in Verdict}
    return {**asdict(setting), "trials": trials, **shares, "main_fail": main.count(Verdict.FAIL) / trials}


def _draw(population: Population, rows: NDArray[np.int64], bad: NDArray[np.bool_]) -> CellRecord:
    """A record of drawn examples, some with the bad caption."""
    mask = bad[:, None]
    statistics = {key: np.where(mask, population.bad[key][rows], good[rows]) for key, good in population.good.items()}
    samples = [Sample(id=str(place), prediction="bad" if one else "good") for place, one in enumerate(bad)]
    kept = tuple(row for row in population.cell.result.metrics if row.id in statistics and row.grouping is None)
    result = population.cell.result.model_copy(update={"metrics": kept, "n": len(samples)})
    return CellRecord(result=result, samples=samples, statistics=statistics, place=population.cell.place)


def calibrate(population: Population, *, trials: int = TRIALS) -> dict[str, Any]:
    """Every setting: false alarms where nothing got worse, power at the smallest drop that is promised."""
    settings = [Setting(kind="equal", n=n, share=share, tolerance=0.0) for n in _SIZES for share in _NULL_SHARES]
    settings += [find_share(population, n, tolerance) for n in _SIZES for tolerance in (0.0, 1.0)]
    return {
        "run": population.cell.place.parent.parent.name,
        "cell": population.cell.name,
        "metrics": list(population.good),
        "main_metric": population.main,
        "settings": [measure(population, setting, trials=trials) for setting in settings],
    }


def calibration_table(document: Mapping[str, Any]) -> str:
    """A calibration as a Markdown table."""
    lines = [
        "| captions | n | changed | true drop | tolerance | FAIL | FAIL of the main metric |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row['kind']} | {row['n']} | {100 * row['share']:.1f} % | {row['drop']:.2f} | {row['tolerance']:g} "
        f"| {100 * row['fail']:.1f} % | {100 * row['main_fail']:.1f} % |"
        for row in document["settings"]
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="False alarms and power of the gate on the statistics of a run.")
    parser.add_argument("run", type=Path)
    parser.add_argument("--cell", default="", help="default: the first")
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--output", type=Path, default=Path("results/gate-calibration.json"))
    given = parser.parse_args()
    document = calibrate(load_population(given.run, given.cell), trials=given.trials)
    write_text(given.output, json.dumps(document, indent=1) + "\n")
    sys.stdout.write(calibration_table(document))


if __name__ == "__main__":
    main()
