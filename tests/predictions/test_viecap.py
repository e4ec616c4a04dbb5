from zsbench.predictions.viecap import iter_rows


def test_both_spellings_are_read(write):
    """COCO outputs name image and captions, NoCaps outputs an id and a list called caption."""
    content = [
        {"split": "valid", "image_name": "1.jpg", "captions": ["x"], "prediction": "y"},
        {"split": "near_domain", "image_id": "4499.jpg", "caption": ["x", "z"], "prediction": "w"},
    ]
    rows = list(iter_rows(write(content)))
    assert [(row.id, row.prediction, row.references) for row in rows] == [
        ("1.jpg", "y", ("x",)),
        ("4499.jpg", "w", ("x", "z")),
    ]
    assert rows[1].fields["split"] == "near_domain"
