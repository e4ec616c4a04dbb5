"""The speed gate: two sides measured by turns in one job, judged by the ratio of neighbours.

Machines that differ, and hours that differ, move times by tens of per cent; within one job, side by side, a ratio is
good to about one. So both sides are measured in the order A B B A A B ..., the first round of each is dropped, and
what decides is the median of the log-ratios of neighbours with its bootstrap interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zsbench.errors import ScoringError
from zsbench.gate.verdicts import Verdict, worst

__all__ = ["SpeedFinding", "SpeedReport", "SpeedRules", "judge_times", "measure_sides"]

RESAMPLES = 10_000

Times = Mapping[str, float]
"""Seconds by what was timed."""


@dataclass(frozen=True, kw_only=True)
class SpeedRules:
    """What a speed gate tolerates.

    Attributes:
        slowdown: Tolerated share, 0.1 for ten per cent.
        floor: Seconds that do not matter, whatever their share.
        rounds: Pairs of measurements, after a warm-up of each side.
        level: One-sided level of the whole gate.
    """

    slowdown: float = 0.1
    floor: float = 0.05
    rounds: int = 10
    level: float = 0.05


@dataclass(frozen=True, kw_only=True)
class SpeedFinding:
    """What one thing takes on both sides.

    Attributes:
        name: What was timed.
        base: Median seconds.
        head: Median seconds.
        ratio: Median of head / base over pairs.
        low: One-sided lower bound of the ratio.
        high: One-sided upper bound of the ratio.
        verdict: FAIL if the lower bound exceeds the tolerance and the floor is passed.
    """

    name: str
    base: float
    head: float
    ratio: float
    low: float
    high: float
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class SpeedReport:
    """The whole speed gate."""

    findings: tuple[SpeedFinding, ...]
    rules: SpeedRules

    @property
    def verdict(self) -> Verdict:
        """The worst finding's."""
        return worst([finding.verdict for finding in self.findings])

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 3 inconclusive."""
        return {Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 3}.get(self.verdict, 0)


Advance = Callable[[int, Times, Times], None]
"""Called with the number of pairs that are done and what base and head took in the last one."""


def measure_sides(
    base: Callable[[], Times], head: Callable[[], Times], rounds: int, advance: Advance | None = None
) -> list[tuple[Times, Times]]:
    """Pairs of measurements, (base, head) each; the first of the two changes from pair to pair.

    Args:
        base: Measures the base once.
        head: Measures the head once.
        rounds: Pairs that are kept; one more is measured before them and dropped.
        advance: Told of every pair; 0 is the one that is dropped.
    """
    pairs: list[tuple[Times, Times]] = []
    for round_ in range(rounds + 1):
        if round_ % 2:
            second = head()
            first = base()
        else:
            first = base()
            second = head()
        pairs.append((first, second))
        if advance:
            advance(round_, first, second)
    return pairs[1:]


def judge_times(pairs: Sequence[tuple[Times, Times]], rules: SpeedRules, *, seed: int = 0) -> SpeedReport:
    """Judge everything that both sides timed in every pair.

    Raises:
        ScoringError: The sides have nothing in common.
    """
    names = [name for name in pairs[0][0] if all(name in side for pair in pairs for side in pair)] if pairs else []
    if not names:
        raise ScoringError(
            "Base and head have timed nothing in common.",
            "A speed gate compares the same captioners and tasks, or one command, on both sides.",
            "Name captioners that both sides have: `--captioners ID`.",
        )
    level = rules.level / len(names)
    findings = (_judge_one(name, [(b[name], h[name]) for b, h in pairs], rules, level, seed) for name in names)
    return SpeedReport(findings=tuple(findings), rules=rules)


def _judge_one(
    name: str, pairs: Sequence[tuple[float, float]], rules: SpeedRules, level: float, seed: int
) -> SpeedFinding:
    """One thing: the median of paired log-ratios, and its bootstrap bounds."""
    seconds = np.array(pairs)
    ratios = np.log(seconds[:, 1] / seconds[:, 0])
    extra = seconds[:, 1] - seconds[:, 0]
    draws = np.random.default_rng(seed).integers(0, len(ratios), size=(RESAMPLES, len(ratios)))
    low, high = np.quantile(np.median(ratios[draws], axis=1), [level, 1 - level])
    most = np.quantile(np.median(extra[draws], axis=1), 1 - level)
    base, head = (float(value) for value in np.median(seconds, axis=0))
    return SpeedFinding(
        name=name,
        base=base,
        head=head,
        ratio=math.exp(float(np.median(ratios))),
        low=math.exp(float(low)),
        high=math.exp(float(high)),
        verdict=_decide((float(low), float(high)), (float(np.median(extra)), float(most)), rules),
    )


def _decide(ratio: tuple[float, float], extra: tuple[float, float], rules: SpeedRules) -> Verdict:
    """Certainly too slow, certainly not or by too little to matter, or uncertain.

    Args:
        ratio: Lower and upper bound of the log-ratio.
        extra: Median and upper bound of the extra seconds.
        rules: What is tolerated.
    """
    tolerated = math.log1p(rules.slowdown)
    if ratio[1] <= tolerated or extra[1] <= rules.floor:
        return Verdict.PASS
    return Verdict.FAIL if ratio[0] > tolerated and extra[0] > rules.floor else Verdict.INCONCLUSIVE
