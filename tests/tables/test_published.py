from zsbench_records import four_tasks, metric, nocaps, published, record


def test_published_rows_stand_below_in_the_same_columns(show, rows):
    """Marked, with a source, never bold and never compared."""
    text = show(record(), record("x", [metric(score=0.4)]), reported=[published()])
    assert rows(text)[1:] == [
        ["maccap", "coco-train", "coco", "**50.0 ± 1.0**"],
        ["x", "coco-train", "coco", "40.0 ± 1.0"],
        ["MacCap, reported (1)", "coco-train", "coco", "69.7"],
    ]
    assert "- (1) reported in A Paper, Table 1 (pages 1 to 9); run by the authors" in text
    assert "neither measured here nor compared" in text


def test_one_method_on_several_tasks_is_one_row_of_the_overview(show, rows):
    """With all its sources; groups have their own numbers."""
    groups = [
        published("nocaps", scores={"cider": 40.0}),
        published("nocaps", title="Another", grouping="domain", group="in-domain", scores={"cider": 41.5}),
    ]
    text = show(*four_tasks(), reported=[published(), *groups])
    assert rows(text)[2] == ["MacCap, reported (1, 2)", "coco-train", "–", "69.7", "–", "41.5", "–", "–", "40.0", "–"]


def test_numbers_without_a_column_are_left_out(show):
    """Another task, another metric."""
    text = show(record(), reported=[published("flickr"), published(scores={"meteor": 22.0})])
    assert "MacCap" not in text
    assert "Reported" not in text


def test_two_corpora_are_two_rows(show, rows):
    """And in cross-domain columns each has its place."""
    entries = [published(), published(corpus="flickr-train", scores={"cider": 30.0})]
    assert [row[1] for row in rows(show(record(), reported=entries))[2:]] == ["coco-train", "flickr-train"]
    text = show(
        record(),
        record(cell={"corpus": "flickr-train"}),
        reported=entries,
        rows=("captioner",),
        columns=("corpus", "task"),
    )
    assert rows(text)[2] == ["MacCap, reported (1)", "69.7", "30.0"]


def test_there_is_no_place_for_them_among_groups_as_rows(show):
    """A choice without captioners as rows shows measured numbers only."""
    assert "reported" not in show(nocaps(), reported=[published("nocaps")], rows=("group",), columns=("captioner",))
