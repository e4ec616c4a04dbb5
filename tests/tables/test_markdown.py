import re

import pytest

from zsbench.tables.frame import build_frame
from zsbench.tables.markdown import comparison_markdown


def metric(id_, score, error=0.01, *, signature=None, not_run=None):
    return {
        "id": id_,
        "title": id_.upper(),
        "factor": 100.0,
        "score": score,
        "standard_error": error,
        "not_run": not_run,
        "signature": f"{id_}|n:500" if signature is None else signature,
    }


def record(captioner, metrics, *, task="coco", seed=0, gap=None, p_value=None, difference=0.1):
    differences = [
        {
            "metric": metrics[0]["id"],
            "baseline": "maccap",
            "difference": difference,
            "low": difference - 0.05,
            "high": difference + 0.05,
            "p_value": p_value,
        }
    ]
    return {
        "cell": {"captioner": captioner, "gap_model": gap, "corpus": "c", "task": task, "seed": seed},
        "task_title": task.upper(),
        "main_metric": "cider",
        "n": 500,
        "metrics": metrics,
        "differences": [] if p_value is None else differences,
    }


def rows(text, number=0):
    """The cells of the numbered table, headings first, without the rule."""
    tables = re.findall(r"(?:^\|.*\n?)+", text, flags=re.MULTILINE)
    lines = tables[number].strip().split("\n")
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in (lines[0], *lines[2:])]


def show(*records):
    return comparison_markdown(build_frame(records))


def test_scores_are_scaled_and_the_best_is_bold():
    """Score and standard error times the factor, one decimal, the highest of the column bold."""
    text = show(record("maccap", [metric("cider", 0.7)]), record("clipre", [metric("cider", 0.512)]))
    assert rows(text) == [["Captioner", "CIDER"], ["maccap", "**70.0 ± 1.0**"], ["clipre", "51.2 ± 1.0"]]
    assert text.startswith("## COCO (n = 500)\n")


def test_small_errors_get_a_second_decimal():
    """A column whose error would print as 0.0 or 0.1 has two decimals."""
    text = show(record("maccap", [metric("cider", 0.7, 0.0004)]))
    assert rows(text)[1] == ["maccap", "70.00 ± 0.04"]


def test_every_line_of_a_table_is_as_wide():
    """Columns line up in a terminal, also with signs, dashes and wide characters."""
    text = show(
        record("maccap", [metric("cider", 0.7), metric("spice", None, None, not_run="why")]),
        record("a|b", [metric("cider", 0.9)], p_value=0.001),
    )
    for table in re.findall(r"(?:^\|.*\n?)+", text, flags=re.MULTILINE):
        assert len({len(line) for line in table.strip().split("\n")}) == 1


def test_labels_are_shown_only_where_they_vary():
    """A gap model column appears as soon as two rows differ in it."""
    one = record("maccap", [metric("cider", 0.7)], gap="noise")
    assert rows(show(one, record("clipre", [metric("cider", 0.5)], gap="noise")))[0] == ["Captioner", "CIDER"]
    assert rows(show(one, record("maccap", [metric("cider", 0.5)])))[1:] == [
        ["maccap", "noise", "**70.0 ± 1.0**"],
        ["maccap", "–", "50.0 ± 1.0"],
    ]


def test_mark_needs_significance_after_correction():
    """Two p-values of 0.03 are 0.06 after Holm: marked alone, not together."""
    base, first, second = (
        record("maccap", [metric("cider", 0.5)]),
        record("x", [metric("cider", 0.6)], p_value=0.03),
        record("y", [metric("cider", 0.7)], p_value=0.03),
    )
    assert rows(show(base, first))[2][1] == "**60.0 ± 1.0** †"
    assert rows(show(base, first, second))[3][1] == "**70.0 ± 1.0**"


def test_correction_runs_over_all_tasks():
    """A second task's comparisons belong to the same family."""

    def task(name):
        return record("maccap", [metric("cider", 0.5)], task=name), record(
            "x", [metric("cider", 0.6)], task=name, p_value=0.03
        )

    assert "**60.0 ± 1.0** †" in show(*task("coco"))
    assert "**60.0 ± 1.0** †" not in show(*task("coco"), *task("flickr"))


def test_differences_have_interval_and_p_value():
    """The second table leaves the baseline out and prints difference, interval and p."""
    text = show(
        record("maccap", [metric("cider", 0.5), metric("bleu", 0.2)]),
        record("x", [metric("cider", 0.6), metric("bleu", 0.2)], p_value=0.012),
        record("y", [metric("cider", 0.4), metric("bleu", 0.2)], p_value=0.0001, difference=-0.1),
    )
    assert rows(text, 1) == [
        ["Captioner", "CIDER", "BLEU"],
        ["x", "+10.0 [+5.0, +15.0] p = 0.012 †", "–"],
        ["y", "-10.0 [-15.0, -5.0] p < 0.001 †", "–"],
    ]
    assert "differs from maccap" in text


def test_no_baseline_no_second_table():
    """Without differences there is one table and no word of a baseline."""
    text = show(record("maccap", [metric("cider", 0.5)]))
    assert "baseline" not in text
    assert "†" not in text


def test_metric_not_run_has_a_numbered_reason():
    """Equal reasons share a footnote, others get their own, and line breaks do not break it."""
    text = show(
        record("a", [metric("cider", 0.5), metric("spice", None, None, not_run="no\nmodels")]),
        record("b", [metric("cider", 0.6), metric("spice", None, None, not_run="no models")]),
        record("c", [metric("cider", None, None, not_run="late"), metric("spice", 0.2)]),
    )
    assert [row[2] for row in rows(text)[1:3]] == ["not run (1)", "not run (1)"]
    assert rows(text)[3][1:] == ["not run (2)", "20.0 ± 1.0"]
    assert "- (1) SPICE: no models\n- (2) CIDER: late" in text


def test_several_seeds_are_one_row_of_mean_and_spread():
    """Seeds of a cell are averaged; ± is then their standard deviation, and the p-value the largest."""
    text = show(
        record("maccap", [metric("cider", 0.5)]),
        record("x", [metric("cider", 0.6)], seed=1, p_value=0.01, difference=0.1),
        record("x", [metric("cider", 0.64)], seed=2, p_value=0.02, difference=0.14),
    )
    assert rows(text)[2] == ["x", "1, 2", "**62.0 ± 2.8** †"]
    assert rows(text, 1)[1] == ["x", "1, 2", "+12.0 [+5.0, +19.0] p = 0.020 †"]
    assert "standard deviation over seeds" in text


def test_scores_of_other_signatures_are_not_compared():
    """A column with two signatures has no best and no mark, and says so."""
    text = show(
        record("maccap", [metric("cider", 0.5, signature="CIDEr|idf:a")]),
        record("x", [metric("cider", 0.6, signature="CIDEr|idf:b")], p_value=0.0001),
    )
    assert rows(text)[2] == ["x", "60.0 ± 1.0"]
    assert "must not be compared" in text
    assert "- CIDER of x: `CIDEr|idf:b`" in text


def test_signature_is_printed_once():
    """Rows with one signature share one line."""
    text = show(record("a", [metric("cider", 0.5)]), record("b", [metric("cider", 0.6)]))
    assert text.count("`cider|n:500`") == 1


def test_several_tasks_have_an_overview_first():
    """The overview has each task's main metric only; a task that a system was not run on is a dash."""
    text = show(
        record("maccap", [metric("bleu", 0.3), metric("cider", 0.5)], task="coco"),
        record("maccap", [metric("bleu", 0.3), metric("cider", 0.4)], task="flickr"),
        record("x", [metric("bleu", 0.3), metric("cider", 0.6)], task="coco"),
    )
    assert rows(text) == [
        ["Captioner", "COCO CIDER", "FLICKR CIDER"],
        ["maccap", "50.0 ± 1.0", "40.0 ± 1.0"],
        ["x", "**60.0 ± 1.0**", "–"],
    ]
    assert [line for line in text.split("\n") if line.startswith("## ")] == [
        "## Overview: main metric of each task",
        "## COCO (n = 500)",
        "## FLICKR (n = 500)",
    ]


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
    assert rows(show(record(name, [metric("cider", 0.5)])))[1][0] == shown


def test_score_without_error_stands_alone():
    """No standard error, no ±; a score that is NaN says so."""
    text = show(record("a", [metric("cider", 0.5, None)]), record("b", [metric("cider", float("nan"), None)]))
    assert [row[1] for row in rows(text)[1:]] == ["50.0", "NaN"]
