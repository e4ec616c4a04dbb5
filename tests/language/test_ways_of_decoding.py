"""A model decoded in another precision than its own."""

from __future__ import annotations

import pytest
import torch

from zsbench.errors import ConfigError
from zsbench.interfaces.language import GenerationSettings
from zsbench.language.causal import CausalLanguageModel
from zsbench.language.settings import CausalConfig
from zsbench.linear import has_int8, has_onednn

PROMPTS = ["what is", "a red cat", "", "the dog runs on the grass", "two", "what is a blue tree"]


def make_model(folder, **options) -> CausalLanguageModel:
    model = CausalLanguageModel(CausalConfig(model=str(folder), **options))
    model.load()
    return model


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
@pytest.mark.parametrize("beams", [1, 4])
def test_another_precision_of_decoding_writes_its_own_texts_whatever_the_batch(model_folders, precision, beams):
    """Most texts stay the same, for the weights are; each depends on its own prefix alone."""
    model = make_model(model_folders["opt"])
    _need_precision(precision)
    settings = GenerationSettings(beams=beams, max_new_tokens=8, precision=precision)
    prefix = draw(24, 4, model.width, seed=8)
    found = model.generate(prefix, settings)
    assert set(model._generator._decoders) == {precision}
    assert [model.generate(row[None], settings)[0] for row in prefix] == found
    own = model.generate(prefix, settings.model_copy(update={"precision": "own"}))
    assert sum(mine == theirs for mine, theirs in zip(found, own, strict=True)) >= 8
    prompted = model.generate(prefix[:18], settings, prompts=PROMPTS * 3)
    assert model.generate(prefix[:1], settings, prompts=PROMPTS[:1]) == prompted[:1]


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_the_weights_of_the_model_stay_as_they_are(model_folders, precision):
    """Training goes on in the model's own precision, to the same bits."""
    model = make_model(model_folders["opt"])
    _need_precision(precision)
    before = {name: tensor.clone() for name, tensor in model._model.model.state_dict().items()}
    model.generate(draw(3, 4, model.width), GenerationSettings(max_new_tokens=4, precision=precision))
    after = model._model.model.state_dict()
    assert all(
        after[name].dtype == tensor.dtype and torch.equal(after[name], tensor) for name, tensor in before.items()
    )


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_a_precision_that_is_not_there_is_refused(model_folders, monkeypatch, precision):
    """Another architecture, or a processor without such products."""
    settings = GenerationSettings(max_new_tokens=4, precision=precision)
    model = make_model(model_folders["opt"])
    with monkeypatch.context() as patch:
        patch.setattr("zsbench.language.generation.is_opt", lambda model: False)
        with pytest.raises(ConfigError, match=f"does not decode in {precision} on cpu"):
            model.generate(draw(3, 4, model.width), settings)
    monkeypatch.setattr("zsbench.language.generation.has_independent_rows", lambda products, dtype: False)
    with pytest.raises(ConfigError, match="Leave `precision`"):
        model.generate(draw(3, 4, model.width), settings)


def test_an_accelerator_decodes_in_bfloat16_but_not_in_int8(model_folders):
    """As many rows at once as in the model's own precision."""
    generator = make_model(model_folders["opt"])._generator
    generator._frozen.device, generator._rows = torch.device("cuda"), 256
    alone, prompted = generator._find_decoders("bfloat16")
    assert (alone._fixed, prompted._fixed) == (256, 32)
    assert generator._find_decoders("int8") is None


def test_a_model_in_float16_is_not_decoded_in_int8_on_a_cpu(model_folders):
    """What stands between its products has rows that nobody has looked at."""
    model = make_model(model_folders["opt"], precision="float16")
    with pytest.raises(ConfigError, match="does not decode in int8 on cpu"):
        model.generate(draw(3, 4, model.width), GenerationSettings(max_new_tokens=4, precision="int8"))


def _need_precision(precision):
    cpu = torch.device("cpu")
    if not (has_int8(cpu) if precision == "int8" else has_onednn(torch.bfloat16, cpu)):
        pytest.skip(f"no products of {precision} here")
