"""The page of an analysis, as Markdown and as HTML that needs no other file but the pictures beside it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Page", "Table", "html_page", "markdown_page"]


@dataclass(frozen=True)
class Table:
    """A table with a heading."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Page:
    """What a page says, in order.

    Attributes:
        title: Its heading.
        lead: Sentences at its beginning.
        points: A list: the verdicts.
        tables: Numbers.
        pictures: Captions by file name, without the ending.
    """

    title: str
    lead: Sequence[str]
    points: Sequence[str]
    tables: Sequence[Table]
    pictures: Mapping[str, str]


def markdown_page(page: Page) -> str:
    """The page as Markdown."""
    parts = [f"# {page.title}", *page.lead, "\n".join(f"- {point}" for point in page.points)]
    for table in page.tables:
        lines = [table.headings, tuple("---" for _ in table.headings), *table.rows]
        parts += [f"## {table.title}", "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)]
    parts += [f"![{caption}]({name}.svg)\n\n{caption}" for name, caption in page.pictures.items()]
    return "\n\n".join(parts) + "\n"


def html_page(page: Page) -> str:
    """The page as HTML; every text is escaped."""
    say = html.escape
    parts = [f"<h1>{say(page.title)}</h1>", *(f"<p>{say(text)}</p>" for text in page.lead)]
    parts.append("<ul>" + "".join(f"<li>{say(point)}</li>" for point in page.points) + "</ul>")
    for table in page.tables:
        head = "".join(f"<th>{say(text)}</th>" for text in table.headings)
        body = "".join("<tr>" + "".join(f"<td>{say(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
        parts.append(f"<h2>{say(table.title)}</h2><table><tr>{head}</tr>{body}</table>")
    for name, caption in page.pictures.items():
        picture = f'<img src="{say(name)}.svg" alt="{say(caption)}">'
        parts.append(f"<figure>{picture}<figcaption>{say(caption)}</figcaption></figure>")
    return _FRAME.format(title=say(page.title), body="\n".join(parts))


def _cell(text: str) -> str:
    """Text that does not end a table's cell."""
    return text.replace("|", "\\|")


_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; }} td, th {{ border: 1px solid #ccc; padding: .2rem .6rem; text-align: left; }}
img {{ max-width: 100%; }} figcaption {{ color: #555; }}
</style></head><body>
{body}
</body></html>
"""
