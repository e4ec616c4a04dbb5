"""Charts as inline SVG that takes its colours from the page, in dark and light.

Matplotlib is imported when the first chart is drawn, and only in this module.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_bars", "draw_histogram", "draw_history", "draw_intervals"]

_INK, _SOFT, _ACCENT, _SECOND, _THIRD, _FOURTH = "#010203", "#040506", "#070809", "#0a0b0c", "#0d0e0f", "#101112"
_COLOURS = {
    _INK: "var(--ink)",
    _SOFT: "var(--line)",
    _ACCENT: "var(--accent)",
    _SECOND: "var(--second)",
    _THIRD: "var(--third)",
    _FOURTH: "var(--fourth)",
}
_SERIES = (_ACCENT, _SECOND, _THIRD, _FOURTH)
"""Colours of systems, in order; from the fifth on they come again, dashed or paler."""

_WIDTH = 6.4
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "zsbench",
    "font.size": 9,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _SOFT,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": _SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,
}

Interval = tuple[float, float, float]
"""Value, lower end, upper end."""


def draw_intervals(rows: Mapping[str, Interval], label: str, *, zero: bool = False) -> str:
    """A row a system: a dot with its interval; with ``zero``, differences to nothing."""
    figure, axes = _start(0.32 * len(rows) + 0.7)
    names = list(rows)
    for place, name in enumerate(names):
        value, low, high = rows[name]
        axes.plot([low, high], [place, place], color=_ACCENT, linewidth=2, solid_capstyle="round")
        axes.plot([value], [place], "o", color=_ACCENT, markersize=6)
    if zero:
        axes.axvline(0, color=_INK, linewidth=0.8)
    axes.set_yticks(range(len(names)), [_short(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(label)
    axes.grid(axis="x", linewidth=0.6)
    return _finish(figure, label)


def draw_history(points: Sequence[Interval], names: Sequence[str], label: str) -> str:
    """Scores over revisions, with intervals; a gap where there is none."""
    figure, axes = _start(2.2)
    places = range(len(points))
    values = [value for value, _, _ in points]
    axes.fill_between(places, [p[1] for p in points], [p[2] for p in points], color=_ACCENT, alpha=0.18, linewidth=0)
    axes.plot(places, values, "-o", color=_ACCENT, markersize=4, linewidth=1.6)
    step = max(1, math.ceil(len(names) / 8))
    axes.set_xticks(list(places)[::step], [_short(name, 14) for name in names[::step]])
    axes.set_ylabel(label)
    axes.margins(x=0.04)
    axes.grid(axis="y", linewidth=0.6)
    return _finish(figure, label)


def draw_bars(series: Mapping[str, Mapping[str, float]], label: str) -> str:
    """Bars side by side: a cluster for each group, a bar for each system."""
    groups = list(dict.fromkeys(group for values in series.values() for group in values))
    figure, axes = _start(0.26 * max(1, len(series)) * max(1, len(groups)) + 0.9)
    height = 0.8 / max(1, len(series))
    for number, (name, values) in enumerate(series.items()):
        places = [place + (number - (len(series) - 1) / 2) * height for place in range(len(groups))]
        widths = [values.get(group, math.nan) for group in groups]
        colour, alpha = _SERIES[number % 4], (1.0, 0.5)[number // 4 % 2]
        axes.barh(places, widths, height=height * 0.9, color=colour, alpha=alpha, label=_short(name))
    axes.set_yticks(range(len(groups)), [_short(group) for group in groups])
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.grid(axis="x", linewidth=0.6)
    if len(series) > 1:
        axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return _finish(figure, label)


def draw_histogram(series: Mapping[str, Sequence[float]], label: str, *, whole: bool = False) -> str:
    """How often each value is there, a line a system; ``whole`` for whole numbers."""
    import numpy as np

    figure, axes = _start(2.2)
    known = np.concatenate([np.asarray(values, float) for values in series.values()] or [np.zeros(1)])
    known = known[np.isfinite(known)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    bins = np.arange(low - 0.5, high + 1.5) if whole else np.linspace(low, max(high, low + 1e-9), 25)
    for number, (name, values) in enumerate(series.items()):
        finite = [value for value in values if math.isfinite(value)]
        counts, edges = np.histogram(finite, bins=bins)
        colour, style = _SERIES[number % 4], ("-", "--")[number // 4 % 2]
        axes.stairs(
            counts / max(1, len(finite)), edges, color=colour, linestyle=style, linewidth=1.6, label=_short(name)
        )
    axes.set_xlabel(label)
    axes.set_ylabel("share of examples")
    axes.grid(axis="y", linewidth=0.6)
    if len(series) > 1:
        axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return _finish(figure, label)


def _start(height: float) -> tuple[Figure, Axes]:
    """A figure without a window, in the page's style."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        axes = figure.add_subplot()
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    return figure, axes


def _finish(figure: Figure, label: str) -> str:
    """The figure as inline SVG with the page's colours."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for colour, variable in _COLOURS.items():
        text = text.replace(colour, variable)
    text = re.sub(
        r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1), count=1
    )
    return text.replace("<svg", f'<svg role="img" aria-label="{_attribute(label)}" class="chart"', 1)


def _short(text: str, length: int = 34) -> str:
    """A label that fits."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _attribute(text: str) -> str:
    """Text within quotes of an attribute."""
    from markupsafe import escape

    return str(escape(text))
