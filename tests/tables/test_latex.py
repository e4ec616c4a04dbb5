import re
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zsbench.tables.comparison import build_report
from zsbench.tables.frame import build_frame
from zsbench.tables.latex import escape_latex, render_latex
from zsbench_records import difference, failed, four_tasks, metric, published, record

NASTY = r"a_b%c$d#e&f{g}h~i^j\k|l<m>n\"o'p`q--r [s] é ł ± † – → 中文 🐈"
REPORTED = published(method="R&D_1", title="A & B", notes="50% of it")


def nasty_report():
    """A report with every sign that LaTeX reads as its own in every place."""
    signature = "CIDEr-D|tok:ptb_3%|encoder:a&b~c|n:500"
    found = [difference(value=-0.1, baseline=NASTY)]
    records = [
        *four_tasks("maccap", 0.5, p_value=0.2),
        record(NASTY, [metric(score=0.4, signature=signature)], differences=found, task_title=NASTY, data_used=[NASTY]),
        failed("broken", NASTY),
    ]
    return build_report(build_frame(records), reported=[REPORTED])


def test_the_best_is_bold_and_the_mark_is_a_dagger():
    """Scores are set in mathematics where they need it."""
    records = [record(metrics=[metric(score=0.4)]), record("x", differences=[difference()])]
    text = render_latex(build_report(build_frame(records)))
    assert r"\textbf{50.0 $\pm$ 1.0}\textsuperscript{\textdagger{}} \\" in text
    assert "maccap & coco-train & coco & 40.0 $\\pm$ 1.0 \\\\" in text


def test_tables_have_booktabs_rules_a_caption_and_a_label():
    """Ready to be referred to."""
    text = render_latex(build_report(build_frame([record()])))
    for part in (r"\toprule", r"\midrule", r"\bottomrule", r"\caption{COCO (n = 500)}", r"\label{tab:coco}"):
        assert text.count(part) == 1
    assert text.startswith(r"% \usepackage{booktabs,graphicx}")


def test_tasks_stand_over_their_groups():
    """The overview has headings over several columns, with a rule below each."""
    text = render_latex(build_report(build_frame(four_tasks())))
    assert r"\multicolumn{4}{c}{NOCAPS CIDEr-D}" in text
    assert r"\cmidrule(lr){6-9}" in text


def test_reported_rows_are_a_block_of_their_own():
    """Below a rule, with the source among the notes."""
    text = render_latex(build_report(build_frame([record()]), reported=[REPORTED]))
    block = text.partition(r"\emph{Reported}")[2]
    assert r"R\&D\_1, reported\textsuperscript{1} & coco-train" in block
    assert r"(1) reported in A \& B, Table 1 (pages 1 to 9); run by the authors; 50\% of it\par" in block


def test_differences_are_a_table_of_their_own():
    """With mathematical minus signs; signatures may break at their separators."""
    found = [difference(value=-0.1)]
    text = render_latex(build_report(build_frame([record(), record("x", differences=found)])))
    assert "tab:coco-differences" in text
    assert "$-$10.0 [$-$15.0, $-$5.0] p = 0.001" in text
    assert r"cider\textbar{}\allowbreak{}n:500" in text


@settings(deadline=None, max_examples=50)
@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_escaped_text_holds_no_command_of_its_own(text):
    """What is left without our own commands has no sign that LaTeX reads."""
    escaped = escape_latex(text)
    assert "\n" not in escaped
    left = re.sub(r"\\text\w+\{(?:U\+[0-9A-F]{4,6})?\}|\\ldots\{\}|\\[{}$&#%_]|\$\\\w+\$|\$-\$|\{\}", "", escaped)
    assert not set(left) & set("\\{}$&#%_~^")


def test_a_letter_that_fonts_lack_is_told_by_its_code():
    """Instead of stopping LaTeX."""
    assert escape_latex("né中") == r"né\texttt{U+4E2D}"


def test_hyphens_and_quotes_do_not_join():
    """Two of them stay two."""
    assert escape_latex("a-b--c---d ''e") == "a-b-{}-c-{}-{}-d '{}'e"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_the_document_compiles(tmp_path, monkeypatch):
    """With booktabs and standard packages alone, whatever the names hold, and nothing overflows its box."""
    monkeypatch.setenv("TEXMFVAR", str(tmp_path / "texmf"))
    (tmp_path / "table.tex").write_text(render_latex(nasty_report(), standalone=True), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "table.pdf").stat().st_size > 0
    assert "Missing character" not in done.stdout
