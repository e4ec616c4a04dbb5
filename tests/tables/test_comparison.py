import re

import pandas as pd
import pytest

from zsbench.errors import ConfigError
from zsbench.tables.frame import build_frame
from zsbench.tables.rendering import render
from zsbench_records import difference, failed, four_tasks, metric, nocaps, record, vqa

NOT_RUN = {"score": None, "error": None}


def test_scores_are_scaled_and_the_best_is_bold(show, rows):
    """Score and standard error times the factor, one decimal, the highest of the column bold."""
    text = show(record("maccap", [metric(score=0.7)]), record("clipre", [metric(score=0.512)]))
    assert rows(text) == [
        ["Captioner", "Train on", "Test on", "CIDEr-D"],
        ["maccap", "coco-train", "coco", "**70.0 ± 1.0**"],
        ["clipre", "coco-train", "coco", "51.2 ± 1.0"],
    ]
    assert text.startswith("## COCO (n = 500)\n")


def test_small_errors_get_a_second_decimal(show, rows):
    """A column whose error would print as 0.0 or 0.1 has two decimals."""
    assert rows(show(record(metrics=[metric(score=0.7, error=0.0004)])))[1][-1] == "70.00 ± 0.04"
    assert rows(show(record(metrics=[metric(score=0.7, error=0.0)])))[1][-1] == "70.0 ± 0.0"


def test_intervals_stand_in_the_place_of_errors(show, rows):
    """On request, and the remark says so."""
    text = show(record(metrics=[metric(score=0.7)]), interval=True)
    assert rows(text)[1][-1] == "70.0 [68.0, 72.0]"
    assert "95 % interval over examples" in text
    assert "±" not in text


@pytest.mark.parametrize(
    ("change", "heading", "values"),
    [
        ({"cell": {"gap_model": "noise"}}, "Gap model", ["–", "noise"]),
        ({"cell": {"variant": "candidates=2"}}, "Variant", ["–", "candidates=2"]),
        ({"encoder": "ViT-L-14 openai"}, "Encoder", ["ViT-B-32 openai", "ViT-L-14 openai"]),
        ({"language_model": "gpt2"}, "LM", ["opt-1.3b", "gpt2"]),
    ],
)
def test_labels_are_shown_where_they_vary(show, rows, change, heading, values):
    """A column appears as soon as two rows differ in it, and not before."""
    varying = rows(show(record(), record(**change)))
    place = varying[0].index(heading)
    assert [row[place] for row in varying[1:]] == values
    assert heading not in rows(show(record(), record("other")))[0]


def test_train_on_and_test_on_are_columns_of_their_own(show, rows):
    """Two corpora and two tasks: every table names both sides."""
    cells = [
        {"corpus": corpus, "task": task} for corpus in ("coco-train", "flickr-train") for task in ("coco", "flickr")
    ]
    text = show(*(record(cell=cell, metrics=[metric(score=0.1 * n)]) for n, cell in enumerate(cells, 1)))
    assert rows(text) == [
        ["Captioner", "Train on", "COCO CIDEr-D", "FLICKR CIDEr-D"],
        ["maccap", "coco-train", "10.0 ± 1.0", "20.0 ± 1.0"],
        ["maccap", "flickr-train", "**30.0 ± 1.0**", "**40.0 ± 1.0**"],
    ]
    assert rows(text, 2)[1] == ["maccap", "coco-train", "flickr", "20.0 ± 1.0"]


def test_a_captioner_without_corpus_trains_on_nothing(show, rows):
    """Which is said, not hidden."""
    assert rows(show(record(cell={"corpus": None})))[1][1] == "–"


def test_groups_never_leak_into_columns_of_the_whole(show, rows):
    """The whole's BLEU is not that of a domain; only the main metric of shown groupings has columns."""
    text = show(nocaps(score=0.4), vqa(score=0.3))
    assert rows(text, 1) == [
        [
            "Captioner",
            "Train on",
            "Test on",
            "BLEU",
            "CIDEr-D",
            "CIDEr-D in-domain",
            "near-domain",
            "out-domain",
            "entire",
        ],
        [
            "maccap",
            "coco-train",
            "nocaps",
            "30.0 ± 1.0",
            "40.0 ± 1.0",
            "50.0 ± 1.0",
            "40.0 ± 1.0",
            "30.0 ± 1.0",
            "40.0 ± 1.0",
        ],
    ]
    assert "99.0" not in text
    assert "77.0" not in text


def test_answers_are_shown_by_type_with_their_route(show, rows):
    """The whole is called overall; how questions were answered is always told."""
    assert rows(show(vqa())) == [
        ["Captioner", "Train on", "Test on", "Route", "VQA accuracy yes/no", "number", "other", "overall"],
        ["maccap", "coco-train", "vqa", "features", *["40.0 ± 1.0"] * 3, "30.0 ± 1.0"],
    ]


def test_one_overview_covers_all_tasks(show, rows):
    """Main metrics, the groups of a headline grouping, and then each task; captions stand beside each route."""
    text = show(
        *four_tasks("maccap", 0.5, routes=("features", "caption")), *four_tasks("clipre", 0.4, routes=("caption",))
    )
    scores = ["50.0 ± 1.0", "50.0 ± 1.0", "60.0 ± 1.0", "50.0 ± 1.0", "40.0 ± 1.0", "50.0 ± 1.0", "50.0 ± 1.0"]
    bold = [f"**{score}**" for score in scores]
    first = ["Captioner", "Train on", "Route", "COCO CIDEr-D", "FLICKR CIDEr-D"]
    assert rows(text)[0] == [
        *first, "NOCAPS CIDEr-D in-domain", "near-domain", "out-domain", "entire", "VQA VQA accuracy",
    ]  # fmt: skip
    assert rows(text)[1:3] == [["maccap", "coco-train", route, *bold] for route in ("features", "caption")]
    assert [row[2] for row in rows(text)[1:]] == ["features", "caption", "caption"]
    assert re.findall("^## .*", text, flags=re.MULTILINE) == [
        "## Overview: main metric of each task",
        "## COCO (n = 500)",
        "## FLICKR (n = 500)",
        "## NOCAPS (n = 500)",
        "## VQA (n = 500)",
    ]


def test_without_the_main_metric_the_first_that_is_shown_takes_its_place(show, rows):
    """In the overview and in a chosen table."""
    records = four_tasks()[:2]
    assert rows(show(*records, metrics=("bleu",)))[0][2:] == ["COCO BLEU", "FLICKR BLEU"]
    assert rows(show(*records, metrics=("bleu",), columns=("task",)))[1][-1] == "25.0 ± 1.0"


def test_a_chosen_table_of_failures_alone_says_so(show, rows):
    """Under the main metric."""
    text = show(failed(), columns=("task",))
    assert text.startswith("## cider: COCO (n = 500)")
    assert rows(text)[1][-1] == "failed (1)"


def test_one_task_has_no_overview(show):
    """There is nothing to look over."""
    assert "Overview" not in show(nocaps())


def test_mark_needs_significance_after_correction(show, rows):
    """Two p-values of 0.03 are 0.06 after Holm: marked alone, not together."""
    base = record()
    first, second = (
        record(name, [metric(score=score)], differences=[difference(p_value=0.03)])
        for name, score in (("x", 0.6), ("y", 0.7))
    )
    assert rows(show(base, first))[2][-1] == "**60.0 ± 1.0** †"
    assert rows(show(base, first, second))[3][-1] == "**70.0 ± 1.0**"


def test_correction_runs_over_everything_that_is_shown(show, rows):
    """Other tasks and shown groups belong to the family; hidden groups and other tasks that are filtered out do not."""

    def both(task, **changes):
        found = [difference(p_value=0.03)]
        return [record(cell={"task": task}), record("x", cell={"task": task}, differences=found, **changes)]

    assert rows(show(*both("coco")))[2][-1].endswith("†")
    assert not rows(show(*both("coco"), *both("flickr")))[2][-1].endswith("†")
    assert rows(show(*both("coco"), *both("flickr"), tasks=("coco",)))[2][-1].endswith("†")
    groups = [difference(p_value=0.03), difference(p_value=0.03, group=("domain", "in-domain"))]
    assert "†" not in rows(show(nocaps(), nocaps("x", differences=groups)))[2][4]
    hidden = [difference(p_value=0.03), difference(p_value=0.03, group=("elsewhere", "in-domain"))]
    assert "†" in rows(show(nocaps(), nocaps("x", differences=hidden)))[2][4]


def test_differences_have_interval_and_p_value(show, rows):
    """The second table leaves the baseline out and prints difference, interval and p."""
    text = show(
        record(metrics=[metric(), metric("bleu", 0.2)]),
        record("x", [metric(score=0.6), metric("bleu", 0.2)], differences=[difference(p_value=0.012)]),
        record("y", [metric(score=0.4), metric("bleu", 0.2)], differences=[difference(value=-0.1, p_value=0.0001)]),
    )
    assert [row[:1] + row[3:] for row in rows(text, 1)] == [
        ["Captioner", "CIDEr-D", "BLEU"],
        ["x", "+10.0 [+5.0, +15.0] p = 0.012 †", "–"],
        ["y", "-10.0 [-15.0, -5.0] p < 0.001 †", "–"],
    ]
    assert "differs from maccap" in text


def test_no_baseline_no_second_table(show):
    """Without differences there is one table and no word of a baseline."""
    text = show(record())
    assert "baseline" not in text
    assert "†" not in text


def test_metric_not_run_has_a_numbered_reason(show, rows):
    """Equal reasons share a footnote, others get their own, and line breaks do not break it."""
    text = show(
        record("a", [metric(), metric("spice", **NOT_RUN, not_run="no\nmodels")]),
        record("b", [metric(), metric("spice", **NOT_RUN, not_run="no models")]),
        record("c", [metric(**NOT_RUN, not_run="late"), metric("spice", 0.2)]),
    )
    assert [row[-1] for row in rows(text)[1:]] == ["not run (1)", "not run (1)", "20.0 ± 1.0"]
    assert rows(text)[3][-2] == "not run (2)"
    assert "- (1) not run: SPICE: no models\n- (2) not run: CIDEr-D: late" in text


def test_failed_cells_say_why(show, rows):
    """In every column of their task, also where nothing of a task could be scored."""
    text = show(record(), failed(), failed("worse", cell={"task": "flickr"}))
    assert rows(text)[2:] == [
        ["broken", "coco-train", "failed (1)", "–"],
        ["worse", "coco-train", "–", "failed (1)"],
    ]
    assert rows(text, 2) == [
        ["Captioner", "Train on", "Test on", "cider"],
        ["worse", "coco-train", "flickr", "failed (1)"],
    ]
    assert "- (1) failed: seed 0: RuntimeError: broken on purpose" in text


def test_a_failed_seed_is_told_beside_the_mean_of_the_others(show, rows):
    """The score stands, with a footnote."""
    text = show(record(), failed("maccap", cell={"seed": 1}))
    assert rows(text)[1][-1] == "50.0 ± 1.0 (1)"
    assert "failed: seed 1" in text
    assert "(1) failed: seed 0, 1: late" in show(record(), *(failed("x", "late", cell={"seed": n}) for n in (0, 1)))


def test_several_seeds_are_one_row_of_mean_and_spread(show, rows):
    """Seeds of a cell are averaged; ± holds the error over examples and over seeds, and the p-value is the largest."""
    seeds = [
        record("x", [metric(score=score)], cell={"seed": seed}, differences=[difference(value=value, p_value=p_value)])
        for seed, score, value, p_value in ((1, 0.6, 0.1, 0.01), (2, 0.64, 0.14, 0.02))
    ]
    text = show(record(), *seeds)
    assert rows(text)[2] == ["x", "coco-train", "coco", "1, 2", "**62.0 ± 3.0** †"]
    assert rows(text, 1)[1][-1] == "+12.0 [+5.0, +19.0] p = 0.020 †"
    assert "plus the variance over seeds" in text
    assert [row[3] for row in rows(show(record(), *seeds, rows=("captioner", "seed")))] == [
        "Test on",
        "coco",
        "coco",
        "coco",
    ]


def test_scores_of_other_signatures_are_not_compared(show, rows):
    """A column with two signatures has no best and no mark, and says so."""
    text = show(
        record(metrics=[metric(signature="CIDEr|idf:a")]),
        record("x", [metric(score=0.6, signature="CIDEr|idf:b")], differences=[difference(p_value=0.0001)]),
    )
    assert rows(text)[2][-1] == "60.0 ± 1.0"
    assert "must not be compared" in text
    assert "- CIDEr-D of x coco-train" in text
    assert "`CIDEr|idf:b`" in text


def test_signature_is_printed_once(show):
    """Rows with one signature share one line."""
    assert show(record("a"), record("b")).count("`cider|n:500`") == 1


def test_more_than_text_is_marked(show, rows):
    """Whoever saw images is marked, pairs end a claim of zero-shot; an upper bound is never best."""
    text = show(
        record("a", [metric(score=0.4)]),
        record("b", [metric(score=0.5)], data_used=["gap model fitted on unpaired images of coco-val"]),
        record("oracle", [metric(score=0.9)], data_used=["reference captions of the very image: an upper bound"]),
    )
    assert [row[0] for row in rows(text)[1:]] == ["a", "b (1)", "oracle (2)"]
    assert [row[-1] for row in rows(text)[1:]] == ["40.0 ± 1.0", "**50.0 ± 1.0**", "90.0 ± 1.0"]
    assert "(1) beyond text: gap model fitted on unpaired images of coco-val." in text
    assert "claim of zero-shot" not in text
    pairs = show(record("c", data_used=["gap model fitted on paired images and captions of coco-val"]))
    assert "on paired images and captions of coco-val; this ends a claim of zero-shot." in pairs
    assert "an upper bound; never best" in text


def test_data_that_are_not_the_official_split_are_told_once(show):
    """Whoever reads the table beside published numbers must know; on the official split nothing is said."""
    remark = "coco has 1,000 examples here; the official split has 5,000."
    text = show(record("a", split_remark=remark), record("b", split_remark=remark))
    assert text.count(f"Not the official splits: {remark}") == 1
    assert "official" not in show(record("a"))


def test_partial_scores_are_marked(show, rows):
    """Of the whole against the number asked for, of a group against what others were scored on."""
    lost = [{"id": "a", "reason": "truncated"}]
    text = show(record(metrics=[metric(n=499)], unreadable=lost))
    assert rows(text)[1][-1] == "50.0 ± 1.0 (1)"
    assert "(1) partial: 499 of 500 examples scored: 1 images of the split could not be read." in text
    whole = nocaps("x")
    rows_of = [row.model_copy(update={"n": row.n - (place == 2)}) for place, row in enumerate(whole.metrics)]
    smaller = whole.model_copy(update={"metrics": tuple(rows_of)})
    text = show(nocaps(), smaller)
    assert [cell.endswith("(1)") for cell in rows(text)[2][5:]] == [True, False, False, False]
    assert "partial: 99 of 100" in text


def test_the_captioners_own_encoder_is_marked_where_it_scores(show, rows):
    """The signature says so."""
    text = show(record(metrics=[metric("clip", 0.7, signature="CLIPScore|encoder:ViT|same-encoder:yes|n:500")]))
    assert rows(text)[1][-1] == "70.0 ± 1.0 (1)"
    assert "which favours it" in text


def test_rows_may_not_hide_what_varies(show):
    """An average over gap models is refused; over seeds it is made and told."""
    two = [record(cell={"gap_model": gap}) for gap in ("a", "b")]
    with pytest.raises(ConfigError, match="average over gap_model: a, b"):
        show(*two, rows=("captioner",))
    assert "average" not in show(*two, rows=("captioner", "gap_model"))


def test_a_choice_of_columns_makes_one_table(show, rows):
    """Train-on and test-on side by side, as papers print cross-domain results; the main metric is in the title."""
    cells = [
        {"corpus": corpus, "task": task} for corpus in ("coco-train", "flickr-train") for task in ("coco", "flickr")
    ]
    text = show(*(record(cell=cell) for cell in cells), rows=("captioner",), columns=("corpus", "task"))
    assert rows(text) == [
        ["Captioner", "coco-train COCO", "FLICKR", "flickr-train COCO", "FLICKR"],
        ["maccap", *["50.0 ± 1.0"] * 4],
    ]
    assert text.startswith("## CIDEr-D: COCO, FLICKR (n = 500)")


def test_places_may_be_rows(show, rows):
    """Groups down, captioners across."""
    text = show(nocaps(), nocaps("x"), rows=("task", "group"), columns=("captioner",))
    assert rows(text)[0] == ["Test on", "Group", "Train on", "maccap", "x"]
    assert [row[1] for row in rows(text)[1:]] == ["all", "in-domain", "near-domain", "out-domain"]
    assert "partial" not in text
    assert "must not be compared" not in text
    assert "**" not in text
    assert "- NOCAPS CIDEr-D in-domain: `cider|n:100|group:in-domain`" in text


def test_marks_stand_in_transposed_tables_too(show, rows):
    """A difference is significant wherever its score stands."""
    text = show(nocaps(), nocaps("x", differences=[difference()]), rows=("task", "group"), columns=("captioner",))
    assert [row[4] for row in rows(text)[1:3]] == ["40.0 ± 1.0 †", "50.0 ± 1.0"]


def test_runs_are_told_apart_only_where_they_differ(rows):
    """The same cell with the same score stands once; with another score the run is named."""
    one, same = build_frame([record()], run="monday"), build_frame([record()], run="tuesday")
    other = build_frame([record(metrics=[metric(score=0.6)])], run="tuesday")
    assert len(rows(render(pd.concat([one, same], ignore_index=True)))) == 2
    assert [row[3] for row in rows(render(pd.concat([one, other], ignore_index=True)))] == ["Run", "monday", "tuesday"]


def test_a_deterministic_captioner_over_two_seeds_keeps_its_error(show, rows):
    """Equal seeds say nothing of other examples."""
    text = show(*(record(metrics=[metric(score=1.696, error=0.05)], cell={"seed": seed}) for seed in (0, 1)))
    assert rows(text)[1][-1] == "169.6 ± 5.0"


def test_a_difference_that_prints_as_zero_is_neither_marked_nor_best(show, rows):
    """BLEU-4 of 0.00 against 0.00, however surely one is larger."""
    tiny = {**difference("bleu", value=1e-6, p_value=0.0001), "low": 5e-7, "high": 2e-6}
    text = show(
        record(metrics=[metric("bleu", 1e-6, 1e-7)]), record("x", [metric("bleu", 2e-6, 1e-7)], differences=[tiny])
    )
    assert [row[-1] for row in rows(text)[1:]] == ["0.00 ± 0.00", "0.00 ± 0.00"]
    assert rows(text, 1)[1][-1] == "+0.00 [+0.00, +0.00] p = 1.000"


def test_seeds_that_differ_in_direction_are_not_marked(show, rows):
    """Each may be sure of itself."""
    seeds = [
        record("x", [metric(score=0.5 + value)], cell={"seed": seed}, differences=[difference(value=value)])
        for seed, value in enumerate((0.2, -0.1))
    ]
    text = show(*(record(cell={"seed": seed}) for seed in (0, 1)), *seeds)
    assert "†" not in rows(text)[2][-1]
    assert rows(text, 1)[1][-1].endswith("p = 1.000")


def test_a_failed_comparison_stands_where_its_mark_would(show, rows):
    """With the reason, in both tables; the score stands."""
    text = show(record(), record("x", [metric(score=0.6)], comparison_failed="RuntimeError: broken on purpose"))
    assert rows(text)[2][-1] == "**60.0 ± 1.0** (1)"
    assert rows(text, 1)[1][-1] == "failed (1)"
    assert "(1) not compared with the baseline, for the comparison failed: RuntimeError: broken on purpose" in text


def test_a_row_of_another_signature_than_most_is_told_and_never_best(show, rows):
    """The others are compared."""
    text = show(
        record("a", [metric(score=0.5, signature="CIDEr|idf:a")]),
        record("b", [metric(score=0.4, signature="CIDEr|idf:a")]),
        record("c", [metric(score=0.9, signature="CIDEr|idf:b")]),
    )
    assert [row[-1] for row in rows(text)[1:]] == ["**50.0 ± 1.0**", "40.0 ± 1.0", "90.0 ± 1.0 (1)"]
    assert "(1) CIDEr-D has another signature than most of the column: not compared." in text


def test_another_version_of_zsbench_is_told_and_forbids_nothing(show, rows):
    """One column, one best."""
    text = show(
        record("a", [metric(score=0.5, signature="CIDEr|idf:a|zsbench:0.1")]),
        record("b", [metric(score=0.4, signature="CIDEr|idf:a|zsbench:0.2")]),
    )
    assert rows(text)[1][-1] == "**50.0 ± 1.0**"
    assert "must not be compared" not in text
    assert "Scored by zsbench 0.1 and 0.2" in text
