"""The frozen language model: tokens, logits, gradients and beam search."""

from __future__ import annotations

import functools
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from zsbench.errors import ConfigError, CorruptDataError, FeatureError, MissingWeightsError
from zsbench.interfaces.language import GenerationSettings, LanguageModel
from zsbench.language.causal import CausalLanguageModel
from zsbench.language.settings import CausalConfig

KINDS = ("opt", "opt-350m", "gpt2")
PROMPTS = ["what is", "a red cat", "", "the dog runs on the grass", "two", "what is a blue tree"]


def make_model(folder, **options) -> CausalLanguageModel:
    model = CausalLanguageModel(CausalConfig(model=str(folder), **options))
    model.load()
    return model


@pytest.fixture(scope="session", params=KINDS)
def model(request, model_folders):
    return make_model(model_folders[request.param])


@pytest.fixture(scope="session")
def opt(model_folders):
    return make_model(model_folders["opt"])


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@functools.cache
def load_plain(folder):
    return AutoModelForCausalLM.from_pretrained(folder, local_files_only=True).eval()


def plain_model(model):
    """The transformers model behind a language model, loaded on its own."""
    return load_plain(model.config.model)


def test_rows_have_leading_and_end_token(model):
    """A row is the model's own leading token, the text, the end token; shorter rows are padded on the right."""
    batch = model.tokenize(["a cat", "the dog runs"], max_tokens=25)
    pad = 2 if "gpt2" in str(model.config.model) else 1
    assert batch.ids.tolist() == [[2, 4, 8, 2, pad], [2, 5, 9, 14, 2]]
    assert batch.mask.tolist() == [[True] * 4 + [False], [True] * 5]
    assert batch.ids.dtype == torch.int64


def test_long_texts_are_cut_and_keep_the_end_token(opt):
    """max_tokens counts the special tokens."""
    batch = opt.tokenize(["a red cat sits on the grass", "a"], max_tokens=4)
    assert batch.ids.tolist() == [[2, 4, 6, 2], [2, 4, 2, 1]]


def test_a_prompt_has_no_end_token(opt):
    """add_end=False leaves the row open, cut or not."""
    assert opt.tokenize(["what is a"], max_tokens=9, add_end=False).ids.tolist() == [[2, 18, 19, 4]]
    assert opt.tokenize(["what is a"], max_tokens=2, add_end=False).ids.tolist() == [[2, 18]]


def test_rows_without_room_are_refused(opt):
    """One token has no room for leading and end token."""
    with pytest.raises(ConfigError, match="2 or more"):
        opt.tokenize(["a"], max_tokens=1)


def test_no_texts_make_no_rows(opt):
    """Empty input is no error."""
    assert opt.tokenize([], max_tokens=5).ids.shape == (0, 0)
    assert opt.generate(draw(0, 3, opt.width), GenerationSettings()) == []


def test_width_is_that_of_the_input_embeddings(model):
    """OPT-350m's embeddings are narrower than its hidden states."""
    assert model.width == (16 if "opt-350m" in str(model.config.model) else 32)
    assert model.embed(torch.tensor([[2, 4]])).shape == (1, 2, model.width)


def test_logits_are_those_of_the_model_on_ids(model):
    """Embedded ids give the logits that transformers gives for the ids, on all real tokens."""
    batch = model.tokenize(["a cat", "the red dog runs on grass", "two"], max_tokens=25)
    with torch.no_grad():
        expected = plain_model(model)(input_ids=batch.ids, attention_mask=batch.mask.long()).logits
        found = model.logits(model.embed(batch.ids), batch.mask)
    assert found.shape == (*batch.ids.shape, 20)
    assert torch.allclose(found[batch.mask], expected[batch.mask], atol=1e-4)


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_changes_no_logit(model, side):
    """What stands at masked positions, before or after a row, does not matter."""
    embeddings, padding = draw(4, 6, model.width), draw(4, 3, model.width, seed=1)
    ones, zeros = torch.ones(4, 6, dtype=torch.bool), torch.zeros(4, 3, dtype=torch.bool)
    order = (lambda a, b: (b, a)) if side == "left" else (lambda a, b: (a, b))
    whole = model.logits(torch.cat(order(embeddings, padding), dim=1), torch.cat(order(ones, zeros), dim=1))
    kept = whole[:, 3:] if side == "left" else whole[:, :6]
    assert torch.allclose(kept, model.logits(embeddings, ones), atol=1e-4)


def test_gradients_reach_embeddings_and_nothing_else(model):
    """A backward pass through logits fills the prefix's gradient and changes no byte of the weights."""
    weights = model._model.model
    before = {name: value.clone() for name, value in weights.state_dict().items()}
    prefix = draw(4, 3, model.width).requires_grad_()
    batch = model.tokenize(["a cat", "the dog", "red", "two"], max_tokens=9)
    embeddings = torch.cat([prefix, model.embed(batch.ids)], dim=1)
    mask = torch.cat([torch.ones(4, 3, dtype=torch.bool), batch.mask], dim=1)
    model.logits(embeddings, mask)[:, -3:].logsumexp(dim=-1).sum().backward()
    assert prefix.grad is not None
    assert prefix.grad.abs().sum(dim=-1).min() > 0
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in weights.parameters())
    assert all(torch.equal(value, before[name]) for name, value in weights.state_dict().items())


def follow_greedily(model, prefix, start, steps):
    """Greedy continuation of one prefix by whole forward passes of the plain model."""
    plain, ids = plain_model(model), list(start)
    with torch.no_grad():
        for _ in range(steps):
            inputs = torch.cat([prefix[None], plain.get_input_embeddings()(torch.tensor([ids]))], dim=1)
            ids.append(int(plain(inputs_embeds=inputs).logits[0, -1].argmax()))
            if ids[-1] == 2:
                break
    return ids[len(start) :]


def test_greedy_generation_equals_steps_by_hand(model):
    """One beam follows the likeliest token after prefix, leading token and prompt; special tokens are removed."""
    prefix = draw(6, 5, model.width)
    found = model.generate(prefix, GenerationSettings(beams=1, max_new_tokens=6), prompts=PROMPTS)
    starts = [[2, *ids] for ids in model._model.split(PROMPTS)]
    for row, start in enumerate(starts):
        ids = follow_greedily(model, prefix[row], start, 6)
        assert found[row] == model._model.tokenizer.decode(ids, skip_special_tokens=True).strip()
        assert "<" not in found[row]


def find_best_pair(model, prefix):
    """The likeliest two tokens after prefix and leading token, neither the end token, over all pairs."""
    plain = plain_model(model)
    rows = torch.tensor([[2, token] for token in range(20)])
    with torch.no_grad():
        inputs = torch.cat([prefix.expand(20, -1, -1), plain.get_input_embeddings()(rows)], dim=1)
        scores = plain(inputs_embeds=inputs).logits[:, -2:].double()
    scores[:, :, 2] = -torch.inf
    logp = scores.log_softmax(dim=-1)
    joint = logp[0, 0][:, None] + logp[:, 1]  # (first token, second token)
    return [int(joint.argmax()) // 20, int(joint.argmax()) % 20]


def test_wide_beam_finds_the_likeliest_text(opt):
    """With more beams than tokens, the best of all texts of two tokens is found."""
    prefix = draw(5, 4, opt.width, seed=5)
    settings = GenerationSettings(beams=24, max_new_tokens=2, min_new_tokens=2, length_penalty=0.0)
    found = opt.generate(prefix, settings)
    pairs = [find_best_pair(opt, row) for row in prefix]
    assert found == opt._model.tokenizer.batch_decode(pairs, skip_special_tokens=True)


@pytest.mark.parametrize("beams", [1, 4])
def test_rows_do_not_depend_on_each_other(model, beams):
    """One row at a time, all at once, or in reverse: the same texts, prompts of any length."""
    prefix, prompts = draw(18, 4, model.width, seed=2), PROMPTS * 3
    settings = GenerationSettings(beams=beams, max_new_tokens=8)
    whole = model.generate(prefix, settings, prompts=prompts)
    assert len(set(whole)) > 3
    assert model.generate(prefix.flip(0), settings, prompts=prompts[::-1])[::-1] == whole
    single = [model.generate(prefix[at : at + 1], settings, prompts=prompts[at : at + 1])[0] for at in range(18)]
    assert single == whole


def test_scores_behind_transformers_beams_are_the_same_bits(model_folders, monkeypatch):
    """The log-probability of each row's beam is bit-equal alone and among many, at a real width."""
    model = make_model(model_folders["opt-wide"])
    model._generator._decoders["own"] = None  # as for an architecture that only transformers knows
    weights, scores = model._model.model, []
    plain = weights.generate

    def keep_scores(**options):
        found = plain(**options, output_scores=True, return_dict_in_generate=True)
        scores.append(found.sequences_scores)
        return found.sequences

    monkeypatch.setattr(weights, "generate", keep_scores)
    prefix, settings = draw(40, 4, model.width, seed=6), GenerationSettings(beams=2, max_new_tokens=4)
    model.generate(prefix, settings)
    whole = torch.cat(scores)[:40]
    for size in (1, 5):
        scores.clear()
        for at in range(0, 40, size):
            model.generate(prefix[at : at + size], settings)
        assert torch.equal(torch.cat([part[:size] for part in scores]), whole)


@pytest.mark.parametrize("beams", [1, 4])
def test_the_own_loop_finds_the_texts_of_transformers(model_folders, beams):
    """With the own loop switched off, an OPT model writes the same texts, with prompts and without."""
    own, plain = make_model(model_folders["opt"]), make_model(model_folders["opt"])
    plain._generator._decoders["own"] = None
    prefix, settings = draw(18, 4, own.width, seed=7), GenerationSettings(beams=beams, max_new_tokens=8)
    assert own.generate(prefix, settings) == plain.generate(prefix, settings)
    assert own.generate(prefix, settings, prompts=PROMPTS * 3) == plain.generate(prefix, settings, prompts=PROMPTS * 3)


def test_rows_are_filled_up_where_they_depend_on_their_number(model_folders, monkeypatch):
    """A processor whose products differ with the number of rows decodes by transformers, with a fixed number."""
    monkeypatch.setattr("zsbench.language.generation.has_independent_rows", lambda products, dtype: False)
    assert make_model(model_folders["opt"])._generator._find_decoders("own") is None


def test_an_accelerator_decodes_a_fixed_number_fewer_with_prompts(model_folders):
    """Prompts of one length are few, and what fills a pass up is computed for nothing."""
    generator = make_model(model_folders["opt"])._generator
    generator._frozen.device, generator._rows = torch.device("cuda"), 256
    alone, prompted = generator._find_decoders("own")
    assert (alone._fixed, prompted._fixed) == (256, 32)


def test_more_rows_than_fit_at_once_are_decoded_in_turn(opt):
    """Seventy rows come back in their order."""
    prefix, settings = draw(70, 3, opt.width), GenerationSettings(max_new_tokens=4)
    whole = opt.generate(prefix, settings)
    assert len(whole) == 70
    assert whole[60:] == opt.generate(prefix[60:], settings)


def test_without_prompts_the_leading_token_stands_alone(opt):
    """None and empty prompts are the same start; the prefix matters."""
    settings = GenerationSettings(max_new_tokens=5)
    prefix = draw(4, 3, opt.width, seed=8)
    assert opt.generate(prefix, settings) == opt.generate(prefix, settings, prompts=[""] * 4)
    assert opt.generate(prefix, settings) != opt.generate(draw(4, 3, opt.width, seed=9), settings)


def test_length_limits_are_kept(opt):
    """No text is longer than max_new_tokens; min_new_tokens keeps the end token away."""
    prefix = draw(8, 3, opt.width, seed=3)
    short = opt.generate(prefix, GenerationSettings(max_new_tokens=2))
    free, long = (
        opt.generate(prefix, GenerationSettings(max_new_tokens=7, min_new_tokens=least, length_penalty=-4.0))
        for least in (0, 7)
    )
    assert max(len(text.split()) for text in short) <= 2
    assert max(len(text.split()) for text in [*free, *long]) <= 7
    assert sum(len(text.split()) for text in free) < sum(len(text.split()) for text in long)


def test_length_penalty_chooses_between_short_and_long(opt):
    """A large exponent favours long texts, a negative one short texts."""
    prefix = draw(12, 3, opt.width, seed=4)
    short, long = (
        opt.generate(prefix, GenerationSettings(max_new_tokens=8, length_penalty=penalty)) for penalty in (-4.0, 4.0)
    )
    assert sum(len(text.split()) for text in short) < sum(len(text.split()) for text in long)


def test_generation_leaves_the_global_random_state(opt):
    """Decoding draws nothing, and loading leaves the stream where it was."""
    before = torch.random.get_rng_state()
    make_model(opt.config.model).generate(draw(2, 3, opt.width), GenerationSettings())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_folders_own_decoding_settings_do_not_enter(model_copy, opt):
    """A generation_config.json with sampling and penalties changes no text."""
    (model_copy / "generation_config.json").write_text(
        '{"do_sample": true, "temperature": 9.0, "repetition_penalty": 5.0, "no_repeat_ngram_size": 1, "num_beams": 2}'
    )
    prefix, settings = draw(6, 3, opt.width), GenerationSettings(max_new_tokens=8)
    assert make_model(model_copy).generate(prefix, settings) == opt.generate(prefix, settings)


@pytest.mark.parametrize("call", ["logits", "generate"])
def test_embeddings_of_another_width_are_refused(opt, call):
    """The message names the width that fits."""
    wrong = draw(4, 3, opt.width + 1)
    with pytest.raises(FeatureError, match=r"\(N, T, 32\)"):
        opt.logits(wrong, torch.ones(4, 3)) if call == "logits" else opt.generate(wrong, GenerationSettings())


def test_a_prompt_too_few_is_refused(opt):
    """Prefixes and prompts come in pairs."""
    with pytest.raises(FeatureError, match="4 prefixes and 1 prompts"):
        opt.generate(draw(4, 3, opt.width), GenerationSettings(), prompts=["what"])


def test_sequences_beyond_the_positions_are_refused(opt):
    """A model with 64 positions does not generate 80 tokens."""
    with pytest.raises(ConfigError, match="64"):
        opt.generate(draw(4, 3, opt.width), GenerationSettings(max_new_tokens=80))


def test_a_least_above_the_most_is_refused(opt):
    """min_new_tokens above max_new_tokens is a ConfigError."""
    with pytest.raises(ConfigError, match="least"):
        opt.generate(draw(4, 3, opt.width), GenerationSettings(max_new_tokens=2, min_new_tokens=3))


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_gives_float32_logits(opt, model_folders, precision):
    """Weights are held in the precision asked for, and logits come near those of float32."""
    half = make_model(model_folders["opt"], precision=precision)
    embeddings, mask = draw(4, 5, half.width), torch.ones(4, 5, dtype=torch.bool)
    found, expected = half.logits(embeddings, mask), opt.logits(embeddings, mask)
    assert half._model.model.dtype == getattr(torch, precision)
    assert found.dtype == torch.float32
    assert torch.corrcoef(torch.stack([found.flatten(), expected.flatten()]))[0, 1] > 0.99
    assert all(isinstance(text, str) for text in half.generate(embeddings, GenerationSettings(max_new_tokens=3)))


def test_fingerprint_imports_no_torch(model_folders):
    """Planning stays light, and the fingerprint is the same in another process."""
    folder = str(model_folders["opt"])
    code = (
        "import sys; from zsbench.language.causal import CausalLanguageModel as L;"
        "from zsbench.language.settings import CausalConfig as C;"
        f"print(L(C(model={folder!r})).fingerprint, 'torch' in sys.modules, 'transformers' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == [CausalLanguageModel(CausalConfig(model=folder)).fingerprint, "False", "False"]


@pytest.mark.parametrize("part", ["nothing", "weights", "tokenizer", "settings", "precision", "rows"])
def test_fingerprint_follows_content(model_folders, model_copy, part):
    """A copy elsewhere is the same; weights, tokenizer, settings and precision enter, rows at once do not."""
    options = {"precision": "bfloat16"} if part == "precision" else {"max_rows": 7} if part == "rows" else {}
    if part == "weights":
        weights = load_file(model_copy / "model.safetensors")
        weights["model.decoder.final_layer_norm.bias"] += 1
        save_file(weights, model_copy / "model.safetensors", metadata={"format": "pt"})
    elif part in {"tokenizer", "settings"}:
        path = model_copy / ("tokenizer.json" if part == "tokenizer" else "config.json")
        path.write_text(path.read_text().replace("grass", "gras").replace('"dropout": 0.1', '"dropout": 0.2'))
    first = CausalLanguageModel(CausalConfig(model=str(model_folders["opt"])))
    second = CausalLanguageModel(CausalConfig(model=str(model_copy), **options))
    assert (first.fingerprint == second.fingerprint) == (part in {"nothing", "rows"})


def test_missing_tensors_are_an_error(model_copy):
    """A tensor that is not in the file is never drawn at random."""
    weights = load_file(model_copy / "model.safetensors")
    del weights["model.decoder.layers.0.fc1.weight"]
    save_file(weights, model_copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CorruptDataError, match=r"layers\.0\.fc1\.weight"):
        make_model(model_copy)


def test_truncated_weights_are_corrupt(model_copy):
    """A cut file is named."""
    path = model_copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:999])
    with pytest.raises(CorruptDataError, match="do not load"):
        make_model(model_copy)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_an_incomplete_folder_is_refused(model_copy, name):
    """Weights, settings and tokenizer make a model."""
    for path in model_copy.glob(name if name != "tokenizer.json" else "*token*"):
        path.unlink()
    with pytest.raises(MissingWeightsError, match="whole language model"):
        make_model(model_copy)


def test_a_model_of_another_kind_is_refused(model_copy):
    """A text-to-text model is no causal language model."""
    path = model_copy / "config.json"
    path.write_text('{"model_type": "t5", "architectures": ["T5ForConditionalGeneration"]}')
    with pytest.raises(ConfigError, match="AutoModelForCausalLM"):
        make_model(model_copy)


def test_a_hub_name_is_never_fetched_unasked(tmp_path, monkeypatch):
    """Offline, the message names the command that fetches it; a cached copy is used as it is."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MissingWeightsError) as caught:
        make_model("facebook/opt-1.3b")
    assert "hf download facebook/opt-1.3b" in caught.value.remedy


def test_a_cached_repository_is_a_folder(tmp_path, monkeypatch, model_folders):
    """The cached copy of a repository has the fingerprint of the folder with the same files."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    root = tmp_path / "models--someone--tiny"
    (root / "refs").mkdir(parents=True)
    (root / "refs" / "main").write_text("1" * 40)
    (root / "snapshots").mkdir()
    (root / "snapshots" / ("1" * 40)).symlink_to(model_folders["opt"])
    found = CausalLanguageModel(CausalConfig(model="someone/tiny"))
    assert found.fingerprint == CausalLanguageModel(CausalConfig(model=str(model_folders["opt"]))).fingerprint


def test_use_before_load_is_refused(model_folders):
    """The constructor loads nothing."""
    with pytest.raises(RuntimeError, match="load"):
        _ = CausalLanguageModel(CausalConfig(model=str(model_folders["opt"]))).width


def test_the_loss_of_texts_is_that_of_the_plain_way(model):
    """Logits only where tokens are predicted, no mask over padding: loss and gradient as with everything computed."""
    tokens = model.tokenize(["a red cat sits", "the dog", "two"], max_tokens=8)
    losses, gradients = [], []
    for way in (model.text_loss, functools.partial(LanguageModel.text_loss, model)):
        prefix = draw(3, 4, model.width).requires_grad_()
        loss = way(prefix, tokens)
        loss.backward()
        losses.append(loss.detach())
        gradients.append(prefix.grad)
    assert losses[0].dtype == torch.float32
    assert torch.allclose(losses[0], losses[1], rtol=1e-5)
    assert torch.allclose(gradients[0], gradients[1], rtol=1e-3, atol=1e-5)


def test_the_loss_makes_logits_where_tokens_are_predicted(model):
    """The output layer sees the last positions alone, none of the prefix."""
    seen = []
    head = plain_head(model)
    hook = head.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].shape[1]))
    tokens = model.tokenize(["a red cat sits", "the dog"], max_tokens=8)
    model.text_loss(draw(2, 4, model.width), tokens)
    hook.remove()
    assert seen == [tokens.ids.shape[1] - 1]


def test_the_loss_refuses_a_prefix_of_another_width(model):
    """Before the model does."""
    with pytest.raises(FeatureError, match="reached the language model"):
        model.text_loss(draw(1, 4, model.width + 1), model.tokenize(["two"], max_tokens=8))


def plain_head(model):
    """The output layer of the transformers model inside a language model."""
    return model._model.model.get_output_embeddings()
