import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zsbench.tables.layout import Cell, Heading, Report, Section, Table
from zsbench.tables.markdown import render_markdown


def report(rows, headings=("Name", "A"), **section):
    """A report of one section; the first column names rows."""
    headings = tuple(heading if isinstance(heading, Heading) else Heading(heading) for heading in headings)
    table = Table(headings, 1, tuple(tuple(Cell(text) for text in row) for row in rows))
    return Report((Section("id", "Title", table, **section),), ("{mark} differs.",), ("why",))


def tables(text):
    """The lines of each table."""
    return [table.strip().split("\n") for table in re.findall(r"(?:^\|.*\n?)+", text, flags=re.MULTILINE)]


def test_every_line_of_a_table_is_as_wide():
    """Columns line up in a terminal, also with signs, dashes and wide characters."""
    [lines] = tables(render_markdown(report([("a|b", "1.0 ± 0.1"), ("–", "12.0")])))
    assert len({len(line) for line in lines}) == 1
    [lines] = tables(render_markdown(report([("中文", "1.0")])))
    assert len(lines[2]) == len(lines[0]) - 2


def test_signs_stand_beside_the_text():
    """Bold, the mark of significance, and footnotes."""
    table = Table((Heading("A"),), 0, ((Cell("1.0", best=True, marked=True, notes=(1, 2)),),))
    text = render_markdown(Report((Section("id", "T", table),), ("{mark} differs.",), ("x", "y")))
    assert "| **1.0** † (1, 2) |" in text
    assert text.endswith("- † differs.\n- (1) x\n- (2) y\n")


def test_differences_warnings_and_signatures_follow_the_scores():
    """In that order."""
    table = Table((Heading("A"),), 0, ((Cell("+1.0 p"),),))
    text = render_markdown(
        report([("a", "1")], differences=table, signatures=(("A", "A|n:5"),), warnings=("take care",))
    )
    places = [text.index(part) for part in ("| a ", "+1.0 p", "- take care", "- A: `A|n:5`", "† differs", "(1) why")]
    assert places == sorted(places)


def test_a_wide_table_goes_on_below():
    """No part is wider than the terminal, each names its rows, and together they hold every cell."""
    wide = report([("a", *"123456"), ("b", *"123456")], ("Name", *(f"Column {n}" for n in range(6))))
    parts = tables(render_markdown(wide, width=40))
    assert len(parts) == 3
    assert max(len(line) for part in parts for line in part) <= 40
    assert all(part[2].startswith("| a ") for part in parts)
    assert re.findall(r"\d", "".join(part[2] for part in parts)) == list("123456")
    assert len(tables(render_markdown(wide, width=None))) == 1
    assert len(tables(render_markdown(wide, width=5))) == 6


def test_a_shared_heading_stands_over_the_first_of_its_columns():
    """And again where a table goes on below."""
    split = report([("a", *"123")], ("Name", Heading("x", "Task"), Heading("y", "Task"), Heading("z", "Other")))
    [lines] = tables(render_markdown(split))
    assert lines[0].split("|")[2:5] == [" Task x ", "   y ", " Other z "]
    assert [part[0] for part in tables(render_markdown(split, width=20))][1].startswith("| Name | Task y |")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a|b", r"a\|b"),
        ("*x*", r"\*x\*"),
        ("<img>", r"\<img>"),
        ("mac_cap", "mac_cap"),
        ("_x_", r"\_x\_"),
        ("[x](y)", r"[x\](y)"),
        ("a\nb", "a b"),
        ("[0, 1]", "[0, 1]"),
    ],
)
def test_names_are_shown_as_they_are(name, shown):
    """What Markdown would read as a sign is escaped, and nothing else."""
    [lines] = tables(render_markdown(report([(name, "1")])))
    assert re.split(r"(?<!\\)\|", lines[2])[1].strip() == shown


@settings(deadline=None, max_examples=50)
@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_no_text_breaks_out_of_its_cell(text):
    """Whatever a captioner is called, there is one table of three lines with two columns."""
    [lines] = tables(render_markdown(report([(text, "1")])))
    assert [len(re.split(r"(?<!\\)(?:\\\\)*\|", line)) for line in lines] == [4, 4, 4]
