"""The analysis of the modality gap from features to files: JSON record, page, pictures."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from zsbench.analysis.closeness import VIEWS, Closeness, RegionSettings, View, analyse_closeness
from zsbench.analysis.difference import Difference, analyse_difference
from zsbench.analysis.intervals import Estimate
from zsbench.analysis.page import Page, Table, html_page, markdown_page
from zsbench.analysis.pairs import Pairs
from zsbench.analysis.pictures import write_pictures
from zsbench.analysis.verdicts import Verdict, judge
from zsbench.files import write_text

__all__ = ["GapAnalysis", "analyse_gap", "build_page", "build_record", "write_analysis"]

SCHEMA_VERSION = 1
LIBRARIES = ("zsbench", "numpy", "scipy", "torch", "open-clip-torch")
PICTURES = {
    "difference": "Differences of paired features: all dimensions, against a normal distribution, and by dimension.",
    "closeness": "How close each view of an image is to captions, and how well it retrieves them.",
    "regions": "The patches under the class token's strongest attention, on the square that the encoder sees.",
    "projection": "Captions and images in two dimensions.",
}


@dataclass(frozen=True)
class GapAnalysis:
    """Both findings and what is to be said of them; no closeness for an encoder without patch tokens."""

    pairs: Pairs
    difference: Difference
    closeness: Closeness | None
    verdicts: Sequence[Verdict]


def analyse_gap(pairs: Pairs, settings: RegionSettings) -> GapAnalysis:
    """Both findings on a split."""
    difference, closeness = analyse_difference(pairs), analyse_closeness(pairs, settings)
    return GapAnalysis(pairs, difference, closeness, judge(difference, closeness))


def write_analysis(analysis: GapAnalysis, folder: Path, *, umap: bool = False) -> None:
    """Write ``gap.json``, ``gap.md``, ``gap.html`` and the pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = write_pictures(folder, analysis.pairs, analysis.difference, analysis.closeness, umap=umap)
    page = build_page(analysis, drawn)
    write_text(folder / "gap.json", json.dumps(build_record(analysis), indent=1, ensure_ascii=False) + "\n")
    write_text(folder / "gap.md", markdown_page(page))
    write_text(folder / "gap.html", html_page(page))


def build_record(analysis: GapAnalysis) -> dict[str, Any]:
    """The analysis as JSON."""
    pairs = analysis.pairs
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "gap-analysis",
        "encoder": pairs.encoder,
        "encoder_fingerprint": pairs.fingerprint,
        "task": pairs.task,
        "images": len(pairs.ids),
        "captions": len(pairs.texts),
        "width": pairs.captions.shape[1],
        "verdicts": [dataclasses.asdict(verdict) for verdict in analysis.verdicts],
        "difference": _plain(analysis.difference),
        "closeness": None if analysis.closeness is None else _plain(analysis.closeness),
        "versions": {"python": sys.version.split()[0], **{name: metadata.version(name) for name in LIBRARIES}},
    }


def build_page(analysis: GapAnalysis, drawn: Sequence[str]) -> Page:
    """The analysis for people."""
    pairs = analysis.pairs
    counted = f"{len(pairs.ids)} images, {len(pairs.texts)} captions, {pairs.captions.shape[1]} dimensions"
    lead = [
        f"Encoder {pairs.encoder}, task {pairs.task}: {counted}.",
        "d = text - image of a caption and its image. Numbers in brackets are 95 % intervals over resampled images.",
    ]
    tables = [_difference_table(analysis.difference)]
    if analysis.closeness is None:
        lead.append("The encoder gives no patch tokens and attention, so the second finding cannot be tested.")
    else:
        tables.append(_closeness_table(analysis.closeness))
    points = [verdict.sentence for verdict in analysis.verdicts]
    pictures = {name: PICTURES[name] for name in PICTURES if name in drawn}
    return Page("The modality gap", lead, points, tables, pictures)


def _difference_table(found: Difference) -> Table:
    """Finding 1 in numbers."""
    pooled = found.pooled
    rows: list[tuple[str, Estimate | float | str]] = [
        ("distance of the centroids of captions and images", found.centroid_distance),
        ("share of E|d|^2 that is constant", found.constant_share),
        ("mean cosine of a caption and its image", found.paired_cosine),
        ("mean cosine of a caption and another image", found.unpaired_cosine),
        ("mean cosine of two captions (cone)", found.text_cone),
        ("mean cosine of two images (cone)", found.image_cone),
        ("pooled: mean, variance", f"{pooled.mean:.4g}, {pooled.variance:.4g}"),
        ("pooled: skew, excess kurtosis", f"{pooled.skew:.3f}, {pooled.excess_kurtosis:.3f}"),
        ("pooled: Kolmogorov distance to normal", pooled.distance),
        ("median |mean / deviation| of a dimension", float(np.median(np.abs(found.effects)))),
        ("median Kolmogorov distance of a dimension", float(np.median([m.distance for m in found.dimensions]))),
        ("isotropy of the covariance", found.isotropy),
        ("noise variance, d around its mean", found.noise_variance),
        ("noise variance, d around zero", found.noise_variance_with_mean),
    ]
    return Table("The difference", ("", "value"), tuple((name, _say(value)) for name, value in rows))


def _closeness_table(found: Closeness) -> Table:
    """Finding 2 in numbers."""
    compared = ("view", "cosine", "to another image's", "closer than global", "by chance")
    headings = (*compared, "R@1", "R@5", "R@10", "text to image R@1")
    return Table("Closeness to captions", headings, tuple(_view_row(view) for view in found.views))


def _view_row(view: View) -> tuple[str, ...]:
    """One view."""
    shares = (view.closer, view.other_closer, *view.caption_of_image, view.image_of_caption[0])
    said = [f"{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]" for share in shares]
    return (f"{view.name}: {VIEWS[view.name]}", str(view.cosine), str(view.other_cosine), *said)


def _say(value: Estimate | float | str) -> str:
    """A number with four digits, or as it is."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _plain(record: Any) -> Any:
    """A record as JSON: arrays as lists, settings as dictionaries."""
    if isinstance(record, RegionSettings):
        return record.model_dump()
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {field.name: _plain(getattr(record, field.name)) for field in dataclasses.fields(record)}
    if isinstance(record, np.ndarray):
        return [float(f"{value:.6g}") for value in record.tolist()]
    if isinstance(record, tuple):
        return [_plain(one) for one in record]
    return record
