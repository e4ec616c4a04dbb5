"""Each ablation takes one idea out of MacCap, and only that."""

from __future__ import annotations

import subprocess
import sys

import pytest

from zsbench.registry import load_object
from zsbench_ablations import plugin

IDS = [spec.id for spec in plugin.zsbench_captioners()]
CHANGED = {
    "maccap-global-only": {"inference.region_source": "global"},
    "maccap-no-noise": {
        "training.gap.id": "none",
        "training.gap.settings": {},
        "inference.gap.id": "none",
        "inference.gap.settings": {},
    },
    "maccap-no-rerank": {"inference.candidates": 1, "inference.rerank": False},
    "maccap-threshold-regions": {"inference.region_source": "attention-threshold"},
    "maccap-all-patches": {"inference.region_source": "all-patches"},
    "maccap-random-regions": {"inference.region_source": "random-k"},
    "maccap-grid-regions": {"inference.region_source": "grid"},
    "maccap-class-token": {"inference.allow_class_token": True},
    "maccap-attention-row": {"inference.attention_weights": "row"},
    "maccap-oracle-regions": {"inference.region_source": "caption-oracle"},
}
TRAINS_ANEW = {"maccap-no-noise"}


def leaves(record: dict[str, object], prefix: str = "") -> dict[str, object]:
    """Dotted keys of a dumped config; a gap model's settings stay whole."""
    flat: dict[str, object] = {}
    for key, value in record.items():
        if isinstance(value, dict) and key != "settings":
            flat |= leaves(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def test_every_idea_has_its_expected_change():
    """The three ideas of the paper, and the sources of sub-regions."""
    assert sorted(IDS) == sorted(CHANGED)


@pytest.mark.parametrize("id_", IDS)
def test_the_config_differs_from_the_base_in_the_idea_and_nowhere_else(bench, id_):
    """Compared setting by setting, at the paper's defaults."""
    base, mine = leaves(bench.config("maccap", {}).model_dump()), leaves(bench.config(id_, {}).model_dump())
    assert {key: mine[key] for key in mine if mine[key] != base[key]} == CHANGED[id_]


@pytest.mark.parametrize("id_", IDS)
def test_settings_of_the_base_reach_the_ablation(bench, id_):
    """What a matrix sets for maccap holds for its ablations too."""
    config = bench.config(id_, {"training": {"queries": 5}, "inference": {"region_weight": 0.25}})
    assert (config.training.queries, config.inference.region_weight) == (5, 0.25)


@pytest.mark.parametrize("id_", IDS)
def test_captions_differ_from_the_bases(bench, id_):
    """The idea matters to what is said."""
    base, mine = bench.captions("maccap"), bench.captions(id_)
    assert [one.text for one in mine] != [one.text for one in base]


@pytest.mark.parametrize("id_", sorted(set(CHANGED) - TRAINS_ANEW))
def test_ablations_of_inference_share_the_training(bench, id_):
    """Equal training settings, so the runner trains once."""
    assert bench.config(id_).training == bench.config("maccap").training


def test_without_reranking_the_caption_is_the_bases_first_candidate(bench):
    """Same noise, no choice, and the encoder is not asked."""
    base = bench.captions("maccap")
    mine = bench.captions("maccap-no-rerank")
    assert bench.encoder.asked == 0
    assert [one.text for one in mine] == [one.candidates[0].text for one in base]


def test_without_noise_all_candidates_are_one(bench):
    """Only noise tells candidates apart."""
    assert all(len(set(caption.candidates)) == 1 for caption in bench.captions("maccap-no-noise"))


def test_the_oracle_alone_declares_that_it_looks_at_references(bench):
    """Spec and class agree, so the plan gives it references and marks its rows; its training is the base's."""
    told = {spec.id: spec.needs.references for spec in plugin.zsbench_captioners() if spec.needs is not None}
    resolved = bench.registry.resolve_captioner("maccap-oracle-regions", {})
    assert told == {"maccap-oracle-regions": True}
    assert load_object(resolved.factory).needs == resolved.needs
    assert resolved.trainer == bench.registry.resolve_captioner("maccap", {}).trainer
    assert resolved.trainer != resolved.factory


def test_the_hook_imports_no_torch():
    """Listing is cheap."""
    code = "import sys, zsbench_ablations.plugin as p; p.zsbench_captioners(); print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
