"""Models of a matrix: what people call them, and what identifies them."""

from __future__ import annotations

import pytest

import zsbench_fakes
from zsbench.components import EncoderChoice, GapChoice, LanguageModelChoice
from zsbench.config import EncoderSetting, LanguageModelSetting
from zsbench.errors import ConfigError, MissingWeightsError, UnknownIdError
from zsbench.fingerprints import FileHashes
from zsbench.interfaces import GapSetting
from zsbench.plugins import load_plugins

REGISTRY = load_plugins([zsbench_fakes.FAKES]).registry


def encoder_of(id_="fake-encoder", registry=REGISTRY, **settings):
    setting = EncoderSetting(id=id_, settings=settings)
    return EncoderChoice(setting, registry, online=False, hashes=FileHashes(None))


def test_an_encoder_is_called_by_its_model(tmp_path):
    """And by its pretrained tag; a folder by its name, one without a model by its id."""
    assert encoder_of(model="other").label == "other"
    assert encoder_of().label == "fake-encoder"
    core = load_plugins().registry
    assert encoder_of("open-clip", core, model="ViT-B-32", pretrained="openai").label == "ViT-B-32 openai"
    assert encoder_of("open-clip", core, model=str(tmp_path / "mine")).label == "mine"


def test_an_encoder_is_identified_by_its_fingerprint():
    """No weights are loaded for it. Settings that the fingerprint may not hold count too."""
    loads = zsbench_fakes.FakeEncoder.loads
    found = encoder_of(model="other").content
    assert found != encoder_of().content
    assert zsbench_fakes.FakeEncoder.loads == loads


def test_a_fingerprint_that_holds_the_settings_is_enough(monkeypatch):
    """The same weights in another folder are the same encoder."""
    monkeypatch.setattr(zsbench_fakes.FakeEncoder, "fingerprint_holds_settings", True)
    assert encoder_of(model="other").content == "fake-other-True"


def test_a_model_without_weights_is_planned_with_why_they_are_missing():
    """For a dry run alone."""
    setting = LanguageModelSetting(model="nobody/opt")
    choice = LanguageModelChoice(setting, online=False, hashes=FileHashes(None))
    assert choice.label == "opt"
    assert "nobody/opt" in choice.tolerate_missing()
    assert choice.content == choice.missing_weights
    with pytest.raises(MissingWeightsError):
        _ = LanguageModelChoice(setting, online=False, hashes=FileHashes(None)).content


def test_a_model_whose_weights_are_here_is_what_it_is():
    """Nothing is missing."""
    choice = encoder_of()
    assert choice.tolerate_missing() == ""
    assert choice.content == encoder_of().content


def test_a_gap_model_is_resolved_with_what_its_fit_requires():
    """Its own code and that of its settings are its factories."""
    gap = GapChoice.resolve(GapSetting(id="fake-paired"), REGISTRY)
    assert (gap.requires, gap.owner.plugin) == ("paired", "fakes")
    assert gap.factories == (gap.factory, type(gap.config))
    assert gap.describe(FileHashes(None))["id"] == "fake-paired"


@pytest.mark.parametrize(
    ("setting", "error"),
    [(GapSetting(id="fake-nome"), UnknownIdError), (GapSetting(id="fake-none", settings={"x": 1}), ConfigError)],
)
def test_a_gap_model_that_is_not_there_or_set_wrongly_is_refused(setting, error):
    with pytest.raises(error):
        GapChoice.resolve(setting, REGISTRY)
