"""The tables of committed baselines as Markdown, for the README of a results folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from zsbench.errors import CorruptDataError
from zsbench.files import write_text
from zsbench.interfaces import Metric
from zsbench.records import read_baselines
from zsbench.report.entries import Entry, group_by_task
from zsbench.report.rows import Board, Score, build_board

__all__ = ["BEGIN", "END", "render_boards", "write_readme"]

BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


def write_readme(results: Path, make_metric: Callable[[str], Metric]) -> bool:
    """Write the tables of a results folder's baselines between the marks of its README.

    Returns:
        Whether the README changed.

    Raises:
        CorruptDataError: The README has no marks.
    """
    path = results / "README.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else f"# Results\n\n{BEGIN}\n{END}\n"
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise CorruptDataError(
            f"{path} does not have the marks of the tables once.",
            f"Tables are written between {BEGIN} and {END}.",
            "Put both on lines of their own and run again.",
            path=path,
        )
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    new = f"{head}{BEGIN}\n{_tables(results, make_metric)}{END}{tail}"
    if new != text:
        write_text(path, new)
    return new != text


def _tables(results: Path, make_metric: Callable[[str], Metric]) -> str:
    """The tables of the newest baselines."""
    entries = [Entry(cell, cell.revision) for cell in read_baselines(results, make_metric)]
    boards = [build_board(own, make_metric) for own in group_by_task(entries).values()]
    return render_boards(boards) if boards else "\nNo baseline is committed yet.\n\n"


def render_boards(boards: Sequence[Board]) -> str:
    """Leaderboards as Markdown tables: rank by significance, scores with 95 % intervals, revisions."""
    parts = [f"\n### {_plain(board.title)} (n = {board.n})\n\n{_render(board)}\n" for board in boards]
    return "".join(parts) + "\n"


def _render(board: Board) -> str:
    """One table."""
    headings = ["Group", "Method", *(column.title for column in board.columns), "Revision"]
    lines = [_line(headings), _line(["--:", "---", *("--:" for _ in board.columns), "---"])]
    for row in board.rows:
        scores = [_score(score) for score in row.scores]
        lines.append(_line([str(row.group or "–"), row.label, *scores, row.facts["Revision"]]))
    lines += ["", *(f"- {_plain(column.title)}: `{column.signature}`" for column in board.columns)]
    lines += [f"- {_plain(row.label)}: {_plain(row.note)}" for row in board.rows if row.note]
    lines += [f"- {_plain(title)} was not run: {_plain(reason)}" for title, reason in board.not_run.items()]
    return "\n".join(lines) + "\n"


def _score(score: Score) -> str:
    """A score with its interval."""
    if not score.known:
        return "–"
    text = f"{score.value:.1f} [{score.low:.1f}, {score.high:.1f}]"
    return f"**{text}**" if score.best else text


def _line(cells: Sequence[str]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cell if cell.strip('-:*') == '' else _plain(cell) for cell in cells)} |"


def _plain(text: str) -> str:
    """Text on one line, without what would end a cell or begin markup."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
