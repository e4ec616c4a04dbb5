"""Finding 2 on worlds where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from zsbench.analysis.closeness import VIEWS, RegionSettings, analyse_closeness
from zsbench.analysis.difference import analyse_difference
from zsbench.analysis.verdicts import judge

SETTINGS = RegionSettings(regions=4, attention_weights="row")


def view(found, name):
    return next(one for one in found.views if one.name == name)


def closer(pairs, settings):
    verdicts = judge(analyse_difference(pairs), analyse_closeness(pairs, settings))
    return next(one for one in verdicts if one.claim.startswith("Sub-regions"))


def test_every_view_is_there_and_its_numbers_are_shares(pairs):
    """Shares lie in [0, 1], and more ranks find no less."""
    found = analyse_closeness(pairs, SETTINGS)
    assert [one.name for one in found.views] == list(VIEWS)
    for one in found.views:
        recalls = [r.value for r in one.caption_of_image]
        assert 0 <= recalls[0] <= recalls[1] <= recalls[2] <= 1
        assert 0 <= one.closer.value <= 1


def test_retrieval_of_the_global_feature_is_that_of_the_whole_matrix(pairs):
    """R@k in both directions, by sorting every score."""
    scores = pairs.images @ pairs.captions.T
    order = np.argsort(-scores, axis=1)
    first = [[pairs.owner[c] == row for c in order[row]].index(True) for row in range(len(scores))]
    by_caption = np.argsort(-scores, axis=0)
    rank = [list(by_caption[:, c]).index(pairs.owner[c]) for c in range(scores.shape[1])]
    found = view(analyse_closeness(pairs, SETTINGS), "global")
    assert [r.value for r in found.caption_of_image] == [np.mean([f < k for f in first]) for k in (1, 5, 10)]
    assert [r.value for r in found.image_of_caption] == pytest.approx(
        [np.mean([r < k for r in rank]) for k in (1, 5, 10)]
    )


def test_cosines_of_the_best_patch_are_maxima(pairs):
    """Over patches, then over an image's captions, then over images."""
    patches = pairs.reader.whole.patches.double().numpy()
    best = [(patches[o] @ t).max() for o, t in zip(pairs.owner, pairs.captions, strict=True)]
    assert view(analyse_closeness(pairs, SETTINGS), "patch-best").cosine.value == pytest.approx(np.mean(best), abs=1e-5)


def test_random_patches_that_win_by_number_do_not_make_the_finding_hold(rng, unit_rows, build):
    """Global features unlike the captions: the best of many random patches is closer, by chance alone."""
    images, width = 80, 8
    captions, pooled = unit_rows(rng.normal(size=(images, width))), unit_rows(rng.normal(size=(images, width)))
    patches = unit_rows(rng.normal(size=(images, 25, width)))
    pairs = build(captions, pooled, np.arange(images), patches=patches)
    found = view(analyse_closeness(pairs, SETTINGS), "patch-best")
    assert found.closer.value > 0.8
    assert found.other_closer.value > 0.8
    assert not closer(pairs, SETTINGS).holds


def test_regions_that_hold_what_captions_say_make_the_finding_hold(rng, unit_rows, build):
    """Every token is near the caption, the global feature is not."""
    images, width = 80, 16
    captions = unit_rows(rng.normal(size=(images, width)))
    pooled = unit_rows(0.3 * captions + unit_rows(rng.normal(size=(images, width))))
    patches = unit_rows(captions[:, None] + 0.1 * rng.normal(size=(images, 9, width)))
    pairs = build(captions, pooled, np.arange(images), patches=patches)
    assert closer(pairs, SETTINGS).holds


def test_an_encoder_without_patches_has_no_second_finding(rng, unit_rows, build):
    """Nothing is made up."""
    rows = unit_rows(rng.normal(size=(5, 4)))
    assert analyse_closeness(build(rows, rows, np.arange(5)), SETTINGS) is None
