r"""Reports as LaTeX: booktabs tables that fit the line, with notes below each.

pandas' ``Styler.to_latex`` writes neither rules under shared headings nor blocks of rows nor notes, so that the tabular
is written here. A document needs ``booktabs`` and ``graphicx``.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence

from zsbench.tables.layout import MARK, Cell, Report, Section, Table

__all__ = ["escape_latex", "render_latex"]

_SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "±": r"$\pm$",
    "†": r"\textdagger{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "−": "$-$",
    "→": r"$\rightarrow$",
    "…": r"\ldots{}",
    "×": r"$\times$",
}
"""What LaTeX would take for a sign of its own, or what its fonts have under a name."""

_LIGATURE = re.compile(r"([-',])(?=\1)")
"""Signs that would join to dashes or quotes."""

_LATIN = re.compile(
    "[ -~\u00a1-\u00ac\u00ae-\u0107\u010c-\u0111\u0118-\u011b\u0141-\u0144\u0147\u0148\u0150-\u015b\u0160-\u0165"
    "\u016e-\u0171\u0178-\u017e]"
)
"""Letters that pdflatex prints with the T1 encoding."""

_MINUS = re.compile(r"(?<!\w)-(?=\d)")
_HEAD = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[margin=2cm]{geometry}
\usepackage{textcomp}
\usepackage{booktabs}
\usepackage{graphicx}
\begin{document}
"""


def render_latex(report: Report, *, standalone: bool = False) -> str:
    r"""The report as LaTeX, one ``table`` for each section.

    Args:
        report: What to write.
        standalone: As a document of its own instead of tables to ``\input``.
    """
    body = "\n".join(table for section in report.sections for table in _iter_tables(section, report))
    if standalone:
        return f"{_HEAD}{body}\\end{{document}}\n"
    return f"% \\usepackage{{booktabs,graphicx}}\n{body}"


def escape_latex(text: str) -> str:
    """Text that LaTeX prints as it is, on one line; a character that its fonts lack is told by its code."""
    plain = unicodedata.normalize("NFC", " ".join(text.split()))
    return _LIGATURE.sub(r"\1{}", "".join(_escape_character(character) for character in plain))


def _escape_character(character: str) -> str:
    """One character."""
    if character in _SIGNS:
        return _SIGNS[character]
    if _LATIN.match(character):
        return character
    return f"\\texttt{{U+{ord(character):04X}}}"


def _iter_tables(section: Section, report: Report) -> Iterator[str]:
    """The scores of a section, and its differences."""
    remarks = [_remark(text) for text in (*section.remarks, *section.warnings)]
    notes = [f"({number}) {escape_latex(report.notes[number - 1])}" for number in section.scores.notes]
    signatures = [f"{escape_latex(name)}: {_signature(text)}" for name, text in section.signatures]
    yield _table(section.title, section.id, section.scores, [*remarks, *notes, *signatures])
    if section.differences is not None:
        title = f"{section.title}: difference to the baseline"
        notes = [f"({number}) {escape_latex(report.notes[number - 1])}" for number in section.differences.notes]
        yield _table(title, f"{section.id}-differences", section.differences, [*remarks, *notes])


def _table(title: str, id_: str, table: Table, notes: Sequence[str]) -> str:
    """A floating table no wider than the line, with its notes."""
    lines = [
        r"\begin{table}",
        r"\centering",
        f"\\caption{{{escape_latex(title)}}}",
        f"\\label{{tab:{id_}}}",
        r"\medskip",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        *_iter_tabular(table),
        "}",
        r"\par\medskip",
        r"\begin{minipage}{\linewidth}\footnotesize\raggedright",
        *(f"{note}\\par" for note in notes),
        r"\end{minipage}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _iter_tabular(table: Table) -> Iterator[str]:
    """The lines of the tabular."""
    count = len(table.headings)
    yield f"\\begin{{tabular}}{{{'l' * table.labels}{'r' * (count - table.labels)}}}"
    yield r"\toprule"
    yield from _iter_shared_headings(table)
    yield _line([escape_latex(heading.text) for heading in table.headings])
    yield r"\midrule"
    yield from (_line([_cell(cell) for cell in row]) for row in table.rows)
    if table.reported:
        yield r"\midrule"
        yield f"\\multicolumn{{{count}}}{{l}}{{\\emph{{Reported}}}} \\\\"
        yield from (_line([_cell(cell) for cell in row]) for row in table.reported)
    yield r"\bottomrule"
    yield r"\end{tabular}%"


def _iter_shared_headings(table: Table) -> Iterator[str]:
    """The line of headings that neighbours share and the rules below it; nothing if there are none."""
    spans = [(over, len(list(own))) for over, own in itertools.groupby(heading.over for heading in table.headings)]
    if not any(over for over, _ in spans):
        return
    yield _line([f"\\multicolumn{{{span}}}{{c}}{{{escape_latex(over)}}}" for over, span in spans])
    ends = list(itertools.accumulate(span for _, span in spans))
    rules = zip(spans, ends, strict=True)
    yield " ".join(f"\\cmidrule(lr){{{end - span + 1}-{end}}}" for (over, span), end in rules if over)


def _line(cells: Sequence[str]) -> str:
    """One line of a tabular; braces keep a bracket from being an argument of the line before."""
    return " & ".join(f"{{{cell}}}" if cell.startswith("[") else cell for cell in cells) + r" \\"


def _cell(cell: Cell) -> str:
    """The text with its signs."""
    text = _MINUS.sub("$-$", escape_latex(cell.text))
    if cell.best:
        text = f"\\textbf{{{text}}}"
    signs = [*([r"\textdagger{}"] if cell.marked else []), *([",".join(map(str, cell.notes))] if cell.notes else [])]
    return f"{text}\\textsuperscript{{{' '.join(signs)}}}" if signs else text


def _signature(text: str) -> str:
    """A signature in typewriter, to be broken at its separators."""
    return "\\texttt{" + escape_latex(text).replace(r"\textbar{}", r"\textbar{}\allowbreak{}") + "}"


def _remark(text: str) -> str:
    """A remark with the sign of significance, and code in typewriter."""
    parts = text.replace("{mark}", MARK).split("`")
    return "".join(
        f"\\texttt{{{escape_latex(part)}}}" if place % 2 else _escape_spaced(part) for place, part in enumerate(parts)
    )


def _escape_spaced(text: str) -> str:
    """Escaped text that keeps a blank at either end."""
    return f"{' ' * text.startswith(' ')}{escape_latex(text)}{' ' * text.endswith(' ')}"
