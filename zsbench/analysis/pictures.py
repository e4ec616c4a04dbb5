"""Plots of an analysis. Figures are made without pyplot, so no global state and no display is touched."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zsbench.analysis.closeness import Closeness, RegionSettings
from zsbench.analysis.difference import Difference
from zsbench.analysis.pairs import Pairs
from zsbench.encoders.regions import read_tokens, select_top
from zsbench.figures import new_figure, save_figure
from zsbench.images import read_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_closeness", "draw_difference", "draw_overlays", "draw_projection", "project", "write_pictures"]

SAMPLE = 200_000
POINTS = 1_500
SHOWN = 6
SQUARE = 224
QUANTILES = 200


def write_pictures(
    folder: Path, pairs: Pairs, difference: Difference, closeness: Closeness | None, *, umap: bool = False
) -> list[str]:
    """Draw everything; the names of the files without their endings."""
    figures = {"difference": draw_difference(pairs, difference), "projection": draw_projection(pairs, umap=umap)}
    if closeness is not None:
        figures["closeness"] = draw_closeness(closeness)
        figures["regions"] = draw_overlays(pairs, closeness.settings)
    for name, figure in figures.items():
        save_figure(figure, folder / name)
    return list(figures)


def draw_difference(pairs: Pairs, difference: Difference) -> Figure:
    """Histogram and Q-Q plot of all numbers of d, and mean and deviation of each dimension."""
    from scipy import stats

    values = (pairs.captions - pairs.images[pairs.owner]).ravel()
    sample = values[:: max(1, len(values) // SAMPLE)]
    mean, deviation = difference.pooled.mean, math.sqrt(difference.pooled.variance)
    figure, axes = new_figure(columns=3)
    axes[0].hist(sample, bins=120, density=True, color="tab:blue", alpha=0.6)
    grid = np.linspace(sample.min(), sample.max(), 400)
    axes[0].plot(grid, stats.norm.pdf(grid, mean, deviation), color="tab:red", label="normal, same mean and variance")
    axes[0].set(title="text - image, all dimensions", xlabel="difference", ylabel="density")
    axes[0].legend(fontsize="small")
    share = (np.arange(QUANTILES) + 0.5) / QUANTILES
    axes[1].plot(stats.norm.ppf(share), (np.quantile(sample, share) - mean) / deviation, ".", markersize=4)
    axes[1].axline((0, 0), slope=1, color="tab:red", linewidth=1)
    axes[1].set(title="Q-Q", xlabel="normal quantile", ylabel="quantile of the difference")
    order = np.argsort(difference.effects)
    axes[2].plot(difference.effects[order], color="tab:blue")
    axes[2].axhspan(-0.2, 0.2, color="tab:green", alpha=0.2, label="not even a small effect")
    axes[2].set(title="mean / deviation of each dimension", xlabel="dimension, sorted", ylabel="effect")
    axes[2].legend(fontsize="small")
    return figure


def draw_closeness(closeness: Closeness) -> Figure:
    """Cosines of every view to own captions and to another image's, and R@1, with intervals."""
    names = [view.name for view in closeness.views]
    figure, axes = new_figure(columns=2)
    own, other = [v.cosine for v in closeness.views], [v.other_cosine for v in closeness.views]
    recall = [v.caption_of_image[0] for v in closeness.views]
    rows = np.arange(len(names))
    drawn = ((axes[0], own, "own captions"), (axes[0], other, "another image's"), (axes[1], recall, ""))
    for axis, found, label in drawn:
        centre = np.array([one.value for one in found])
        ends = np.abs(np.array([[one.low, one.high] for one in found]).T - centre)
        axis.errorbar(centre, rows, xerr=ends, fmt="o", capsize=3, label=label or None)
        axis.set_yticks(rows, names)
        if not axis.yaxis_inverted():
            axis.invert_yaxis()
    axes[0].set(title="cosine to captions", xlabel="mean cosine, 95 % interval")
    axes[0].legend(fontsize="small")
    axes[1].set(title="image to caption", xlabel="R@1, 95 % interval")
    return figure


def draw_projection(pairs: Pairs, *, umap: bool) -> Figure:
    """Captions and images in two dimensions."""
    per = max(1, len(pairs.ids) // POINTS)
    images = pairs.images[::per]
    first = np.searchsorted(pairs.owner, np.arange(len(pairs.ids)))  # the first caption of each image
    points = project(np.concatenate((pairs.captions[first][::per], images)), umap=umap)
    figure, axes = new_figure(columns=1)
    texts, pictures = points[: len(images)], points[len(images) :]
    axes[0].plot(*texts.T, ".", markersize=4, label="captions (one an image)")
    axes[0].plot(*pictures.T, ".", markersize=4, label="images")
    axes[0].set(title="UMAP" if umap else "first two principal components")
    axes[0].legend(fontsize="small")
    return figure


def project(features: NDArray[np.float64], *, umap: bool) -> NDArray[np.float64]:
    """``(n, D)`` -> ``(n, 2)``: principal components, or UMAP with a fixed seed.

    Raises:
        MissingDependencyError: UMAP is asked for and not installed.
    """
    if umap:
        return _umap(features)
    centred = features - features.mean(0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return centred @ directions[:2].T  # type: ignore[no-any-return]


def draw_overlays(pairs: Pairs, settings: RegionSettings) -> Figure:
    """Some images with the patches under the class token's strongest attention framed, the strongest thickest."""
    from matplotlib.patches import Rectangle
    from PIL import ImageOps

    figure, axes = new_figure(columns=min(SHOWN, len(pairs.ids)), width=2.6, height=2.9)
    for axis, index in zip(axes, np.linspace(0, len(pairs.ids) - 1, len(axes)).astype(int), strict=True):
        tokens, A = read_tokens(pairs.features(int(index)), 0)
        selected = select_top(A[0], settings.regions, allow_class_token=settings.allow_class_token)
        side = math.isqrt(len(tokens) - 1)
        image = read_image(pairs.files[index], id=pairs.ids[index])
        axis.imshow(np.asarray(ImageOps.fit(image, (SQUARE, SQUARE))))
        for rank, position in enumerate(int(p) - 1 for p in selected if int(p) > 0):
            corner = (position % side * SQUARE / side, position // side * SQUARE / side)
            width = 3.0 - 2.0 * rank / settings.regions
            axis.add_patch(Rectangle(corner, SQUARE / side, SQUARE / side, fill=False, color="red", linewidth=width))
        caption = pairs.texts[int(np.searchsorted(pairs.owner, index))]
        axis.set_title(_shorten(caption), fontsize="x-small", parse_math=False)
        axis.axis("off")
    return figure


def _shorten(text: str) -> str:
    """A caption on two short lines."""
    import textwrap

    return "\n".join(textwrap.wrap(text, 34)[:2])


def _umap(features: NDArray[np.float64]) -> Any:
    """Two dimensions by UMAP."""
    from zsbench.errors import MissingDependencyError

    try:
        from umap import UMAP
    except ImportError:
        raise MissingDependencyError(
            "UMAP is not installed.",
            "`--umap` wants the package umap-learn.",
            "Run `python -m pip install 'zsbench[umap]'`, or leave `--umap` out for principal components.",
        ) from None
    return UMAP(random_state=0).fit_transform(features)
