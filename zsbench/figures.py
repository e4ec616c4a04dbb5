"""Figures for files: made without pyplot, so that no display and no global state is touched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["new_figure", "save_figure"]

FORMATS = ("svg", "png")


def new_figure(*, columns: int = 1, width: float = 4.6, height: float = 3.6) -> tuple[Figure, list[Any]]:
    """A figure with axes side by side, and its axes.

    Args:
        columns: How many axes.
        width: Of each, in inches.
        height: In inches.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(columns * width, height), layout="constrained")
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def save_figure(figure: Figure, path: Path) -> list[Path]:
    """Write a figure as SVG and PNG, of equal bytes for equal figures; the files' paths.

    Args:
        figure: The figure.
        path: The file without its ending.
    """
    import matplotlib as mpl

    path.parent.mkdir(parents=True, exist_ok=True)
    written = []
    with mpl.rc_context({"svg.hashsalt": "zsbench"}):
        for ending in FORMATS:
            target = path.with_name(f"{path.name}.{ending}")
            metadata = {"Date": None} if ending == "svg" else {"Software": None}
            figure.savefig(target, dpi=120, metadata=metadata)
            written.append(target)
    return written
