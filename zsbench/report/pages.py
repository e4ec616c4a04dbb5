"""Templates to files: everything is escaped, scripts and styles lie beside the pages."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from zsbench import __version__
from zsbench.report.entries import name_file

__all__ = ["PAGE_LIMIT", "Pages"]

PAGE_LIMIT = 2_000_000
"""A page has no more bytes than this, images aside."""

_ASSETS = ("style.css", "tables.js", "viewer.js")


class Pages:
    """Writes pages under one folder."""

    def __init__(self, site: Path) -> None:
        from jinja2 import Environment, PackageLoader, StrictUndefined

        self.site = site
        self._environment = Environment(
            loader=PackageLoader("zsbench.report"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(points=_points, place=_place, file=name_file, embed=_embed)
        assets = site / "assets"
        assets.mkdir(parents=True, exist_ok=True)
        for name in _ASSETS:
            (assets / name).write_bytes((resources.files("zsbench.report") / "assets" / name).read_bytes())

    def write(self, name: str, template: str, content: Mapping[str, Any]) -> Path:
        """Write one page.

        Args:
            name: Its path under the site.
            template: Name of the template.
            content: What it shows.
        """
        root = "../" * name.count("/")
        text = self._environment.get_template(template).render({**content, "root": root, "version": __version__})
        path = self.site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


def _points(value: float, places: int = 1) -> str:
    """A number as it is printed; a dash for NaN."""
    return "–" if math.isnan(value) else f"{value:.{places}f}"


def _place(value: float, span: tuple[float, float]) -> str:
    """Where a value lies within a span, 4 to 96 of 100."""
    if math.isnan(value):
        return "4"
    return f"{4 + 92 * (value - span[0]) / (span[1] - span[0]):.1f}"


def _embed(content: Any) -> Any:
    """JSON within a script element: no ``<`` can end it."""
    from markupsafe import Markup

    text = json.dumps(content, ensure_ascii=True, allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704  every sign that could end the element is escaped above
