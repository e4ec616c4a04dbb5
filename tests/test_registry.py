"""The registry: ids, owners, captioners resolved through their bases."""

from __future__ import annotations

import pytest
from pydantic import Field

from zsbench.errors import ApiVersionError, ConfigError, DuplicateIdError, PluginContractError, UnknownIdError
from zsbench.interfaces import CaptionerSpec, Frozen, GapModelSpec, GapSetting
from zsbench.registry import Owner, Registry, build_config, load_object, set_dotted


class Inference(Frozen):
    candidates: int = Field(default=4, ge=1)
    gap: GapSetting = GapSetting(id="gaussian", settings={"noise_variance": 0.016})


class Config(Frozen):
    inference: Inference = Inference()


ALICE = Owner("alice", "zsbench-alice", "1.0")
BOB = Owner("bob", "zsbench-bob", "2.0")


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    registry.add(CaptionerSpec(id="base", factory="m:F", config=Config), ALICE)
    registry.add(CaptionerSpec(id="one-candidate", base="base", changes={"inference.candidates": 1}), BOB)
    registry.add(CaptionerSpec(id="no-noise", base="base", changes={"inference.gap": {"id": "none"}}), BOB)
    return registry


def test_unknown_id_suggests_the_closest(registry):
    """A mistyped id names the closest known one."""
    with pytest.raises(UnknownIdError, match="Did you mean 'base'"):
        registry.get(CaptionerSpec, "bse")


def test_duplicate_id_names_both_owners(registry):
    """A second plugin cannot take an id, and the message names both."""
    with pytest.raises(DuplicateIdError, match=r"alice \(zsbench-alice\) and by bob \(zsbench-bob\)"):
        registry.add(CaptionerSpec(id="base"), BOB)


def test_the_same_id_may_serve_two_kinds(registry):
    """Ids belong to a kind."""
    registry.add(GapModelSpec(id="base"), BOB)
    assert registry.ids(GapModelSpec) == ["base"]


@pytest.mark.parametrize("id_", ["Base", "a_b", "", "a--b", "a b"])
def test_ids_that_are_not_kebab_case_are_refused(registry, id_):
    """Ids are lower-case words joined by hyphens."""
    with pytest.raises(PluginContractError, match="kebab-case"):
        registry.add(CaptionerSpec(id=id_), ALICE)


def test_another_api_version_is_refused(registry):
    """A spec for other contracts is not registered."""
    with pytest.raises(ApiVersionError, match="version 99"):
        registry.add(CaptionerSpec(id="new", api_version=99), ALICE)


def test_discard_forgets_only_one_owner(registry):
    """A half-registered plugin can be rolled back."""
    registry.discard(BOB)
    assert registry.ids(CaptionerSpec) == ["base"]


def test_an_ablation_inherits_factory_and_settings_and_changes_one_thing(registry):
    """Settings of the base reach the ablation before its change."""
    settings = {"base": {"inference": {"candidates": 8}}}
    assert registry.resolve_captioner("base", settings).config.inference.candidates == 8
    resolved = registry.resolve_captioner("one-candidate", settings)
    assert (resolved.factory, resolved.config.inference.candidates) == ("m:F", 1)
    assert registry.resolve_captioner("no-noise", settings).config.inference.candidates == 8


def test_a_gap_of_another_id_replaces_the_settings_too(registry):
    """Changing the gap model does not leave the old model's settings behind."""
    settings = {"base": {"inference": {"gap": {"id": "gaussian", "settings": {"noise_variance": 0.1}}}}}
    config = registry.resolve_captioner("no-noise", settings).config
    assert config.inference.gap == GapSetting(id="none")


def test_own_settings_come_last(registry):
    """A matrix may set an ablation apart on purpose."""
    settings = {"one-candidate": {"inference": {"candidates": 2}}}
    assert registry.resolve_captioner("one-candidate", settings).config.inference.candidates == 2


def test_an_unknown_setting_suggests_the_closest_key(registry):
    """A mistyped key names the known one at its level."""
    with pytest.raises(ConfigError, match=r"no key 'inference.candidate'.*Did you mean 'candidates'"):
        registry.resolve_captioner("base", {"base": {"inference": {"candidate": 1}}})


def test_a_wrong_value_is_named(registry):
    """The message shows the value and what is allowed."""
    with pytest.raises(ConfigError, match=r"'inference.candidates'.*is 0.*greater than or equal to 1"):
        registry.resolve_captioner("base", {"base": {"inference": {"candidates": 0}}})


def test_a_missing_base_is_named(registry):
    """An ablation whose base is not installed says so."""
    registry.add(CaptionerSpec(id="orphan", base="gone"), BOB)
    with pytest.raises(UnknownIdError, match=r"no captioner 'gone'.*base of 'orphan'"):
        registry.resolve_captioner("orphan", {})


def test_a_circle_of_bases_is_refused(registry):
    """A captioner cannot be its own base."""
    registry.add(CaptionerSpec(id="a", base="b"), BOB)
    registry.add(CaptionerSpec(id="b", base="a"), BOB)
    with pytest.raises(PluginContractError, match="its own base"):
        registry.resolve_captioner("a", {})


def test_load_object_follows_an_import_string():
    """A factory may be text."""
    assert load_object("zsbench.registry:Registry") is Registry
    assert load_object(Registry) is Registry


def test_set_dotted_replaces_what_is_no_mapping():
    """A deeper key wins over a plain value."""
    target: dict = {"a": 1}
    set_dotted(target, "a.b", 2)
    assert target == {"a": {"b": 2}}


def test_a_setting_that_must_be_set_is_named_with_what_else_can():
    """What is needed comes first."""

    class Needy(Frozen):
        path: str
        key: str = ""

    with pytest.raises(
        ConfigError, match=r"There is no 'path' in settings of x\. It must be set; known are: path, key"
    ):
        build_config(Needy, {}, source="settings of x")
