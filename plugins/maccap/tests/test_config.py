"""The settings: the paper's defaults, and words for each."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from zsbench_maccap.config import AnswerSettings, MacCapConfig, MacCapInference, MacCapTraining


def test_defaults_are_the_authors():
    """Numbers of arXiv 2401.02347 and of its public code."""
    config = MacCapConfig()
    training, inference = config.training, config.inference
    assert (training.queries, training.layers, training.heads, training.feed_forward) == (32, 1, 8, 2048)
    assert (training.learning_rate, training.warmup_steps, training.batch_size, training.epochs) == (1e-4, 200, 32, 8)
    assert training.gap.settings == inference.gap.settings == {"noise_variance": 0.016}
    assert (inference.regions, inference.region_weight, inference.candidates) == (10, 1.0, 4)
    assert (inference.decoding.beams, inference.decoding.max_new_tokens) == (4, 16)
    answering = inference.answering.decoding
    assert (answering.beams, answering.max_new_tokens, answering.length_penalty, answering.min_new_tokens) == (
        5,
        10,
        -1,
        1,
    )


@pytest.mark.parametrize("record", [MacCapTraining, MacCapInference, AnswerSettings, MacCapConfig])
def test_every_setting_says_what_it_is(record):
    """A description each, for help texts and the README."""
    assert [name for name, field in record.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    "settings",
    [
        {"inference": {"candidate": 4}},
        {"inference": {"candidates": 0}},
        {"training": {"dropout": 1.0}},
        {"training": {"precision": "float8"}},
        {"inference": {"answering": {"prompt": "no place for the question"}}},
    ],
)
def test_unknown_keys_and_impossible_values_are_refused(settings):
    """Typos do not become defaults."""
    with pytest.raises(ValidationError):
        MacCapConfig.model_validate(settings)


def test_settings_do_not_change():
    """A record is frozen."""
    with pytest.raises(ValidationError):
        MacCapConfig().training.queries = 3
