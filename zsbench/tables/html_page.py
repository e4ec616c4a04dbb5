"""Reports as one HTML page without scripts; every text is escaped."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from zsbench.tables.layout import MARK, Heading, Report

__all__ = ["render_html"]


def render_html(report: Report, *, standalone: bool = True) -> str:
    """The report as HTML that needs no other file.

    Args:
        report: What to write.
        standalone: As a page of its own instead of a fragment.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("zsbench.tables", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    remarks = [remark.replace("{mark}", MARK).split("`") for remark in report.remarks]
    template = environment.get_template("report.html.jinja")
    return template.render(report=report, remarks=remarks, standalone=standalone, mark=MARK, spans=_spans)


def _spans(headings: tuple[Heading, ...]) -> list[tuple[str, int]]:
    """Headings that neighbours share, with how many columns they are over; nothing if there are none."""
    found = list(_iter_spans(headings))
    return found if any(over for over, _ in found) else []


def _iter_spans(headings: tuple[Heading, ...]) -> Iterator[tuple[str, int]]:
    """Every run of equal shared headings."""
    for over, own in itertools.groupby(heading.over for heading in headings):
        yield over, len(list(own))
