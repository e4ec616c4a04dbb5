"""The open_clip encoder computes what open_clip's own modules compute, whatever the batch."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch.nn.functional import normalize

from zsbench.encoders import towers
from zsbench.encoders.open_clip import OpenClipEncoder
from zsbench.encoders.settings import OpenClipConfig
from zsbench.errors import CorruptDataError, MissingWeightsError, OutOfMemoryError
from zsbench.fingerprints import FileHashes
from zsbench.oom import listen_to_halvings

TOWERS = {
    "tok": {},
    "avg": {"pool_type": "avg"},
    "avg-late-norm": {"pool_type": "avg", "final_ln_after_pool": True},
    "no-early-norm": {"no_ln_pre": True},
    "patch-dropout": {"patch_dropout": 0.5},
}


def make_encoder(folder, **options) -> OpenClipEncoder:
    encoder = OpenClipEncoder(OpenClipConfig(model=str(folder), **options))
    encoder.load()
    return encoder


def make_plain_model(folder):
    """open_clip's own way to load a folder."""
    with torch.random.fork_rng(devices=[]):
        model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    return model.eval(), transform, open_clip.get_tokenizer(f"local-dir:{folder}")


@pytest.fixture(scope="session")
def encoder(encoder_folder):
    return make_encoder(encoder_folder)


@pytest.fixture(scope="session")
def plain(encoder_folder):
    return make_plain_model(encoder_folder)


def test_pooled_features_are_those_of_open_clip(encoder, plain, pictures):
    """encode_images gives the normalised output of open_clip's encode_image on its own transform."""
    model, transform, _ = plain
    with torch.no_grad():
        expected = model.encode_image(torch.stack([transform(p) for p in pictures]), normalize=True)
    assert torch.allclose(encoder.encode_images(pictures).pooled, expected, atol=1e-6)


def test_text_features_are_those_of_open_clip(encoder, plain, sentences):
    """encode_texts gives the normalised output of open_clip's encode_text on its own tokens."""
    model, _, tokenize = plain
    with torch.no_grad():
        expected = model.encode_text(tokenize(sentences), normalize=True)
    features = encoder.encode_texts(sentences)
    assert features.shape == (100, encoder.dim)
    assert features.dtype == torch.float32
    assert torch.allclose(features, expected, atol=1e-6)


@pytest.mark.parametrize("custom", [False, True], ids=["clip", "custom-text-clip"])
@pytest.mark.parametrize("tower", TOWERS)
def test_patches_and_attention_match_a_forward_pass_by_hand(make_encoder_folder, pictures, tower, custom):
    """Patch tokens, class token and last attention equal those of a pass written with plain matrix products."""
    folder = make_encoder_folder(tower, vision=TOWERS[tower], custom=custom, seed=7)
    found = make_encoder(folder).encode_images(pictures)
    model, transform, _ = make_plain_model(folder)
    visual = model.visual
    with torch.no_grad():
        pixels = torch.stack([transform(p) for p in pictures])
        pooled = model.encode_image(pixels, normalize=True)
        x = visual.conv1(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([visual.class_embedding.expand(len(x), 1, -1), x], dim=1) + visual.positional_embedding
        x = visual.ln_pre(x)
        for block in visual.transformer.resblocks:
            h = block.ln_1(x)
            q, k, v = (h @ block.attn.in_proj_weight.T + block.attn.in_proj_bias).chunk(3, dim=-1)
            q, k, v = (t.unflatten(-1, (4, 8)).transpose(1, 2) for t in (q, k, v))
            weights = (q @ k.transpose(-1, -2) / 8**0.5).softmax(dim=-1)
            x = x + block.attn.out_proj((weights @ v).transpose(1, 2).flatten(2))
            x = x + block.mlp(block.ln_2(x))
        joint = normalize(visual.ln_post(x) @ visual.proj, dim=-1)
    assert torch.allclose(found.pooled, pooled, atol=1e-5)
    assert torch.allclose(found.patches, joint[:, 1:], atol=1e-5)
    assert torch.allclose(found.class_token, joint[:, 0], atol=1e-5)
    assert torch.allclose(found.attention, weights.mean(dim=1), atol=1e-5)


def test_features_keep_the_contract(encoder, pictures):
    """Shapes, unit norms, rows that sum to 1, and tensors that training may use."""
    found = encoder.encode_images(pictures)
    assert found.patches.shape == (16, 9, 16)
    assert found.attention.shape == (16, 10, 10)
    for vectors in (found.pooled, found.patches, found.class_token):
        assert torch.allclose(vectors.norm(dim=-1), torch.ones(vectors.shape[:-1]), atol=1e-5)
    assert torch.allclose(found.attention.sum(dim=-1), torch.ones(16, 10), atol=1e-5)
    assert torch.equal(found.pooled, found.class_token)
    assert not found.pooled.is_inference()


@pytest.fixture(scope="session", params=["narrow", "wide"])
def folder_of_any_width(request, encoder_folder, wide_encoder_folder):
    return encoder_folder if request.param == "narrow" else wide_encoder_folder


@pytest.mark.parametrize("batch_size", [1, 64])
def test_texts_do_not_depend_on_what_they_are_encoded_with(folder_of_any_width, sentences, batch_size):
    """Any grouping and batch size gives the same bits as all texts at once."""
    sentences = sentences[:30] if "wide" in folder_of_any_width.name else sentences
    whole = make_encoder(folder_of_any_width).encode_texts(sentences)
    other = make_encoder(folder_of_any_width, batch_size=batch_size)
    for size in (1, 5, len(sentences)):
        groups = [other.encode_texts(sentences[at : at + size]) for at in range(0, len(sentences), size)]
        assert torch.equal(torch.cat(groups), whole), size
    assert torch.equal(other.encode_texts(sentences[::-1]).flip(0), whole)


@pytest.mark.parametrize("batch_size", [1, 64])
def test_images_do_not_depend_on_what_they_are_encoded_with(folder_of_any_width, pictures, batch_size):
    """Any grouping and batch size gives the same bits as all images at once."""
    whole = make_encoder(folder_of_any_width).encode_images(pictures)
    other = make_encoder(folder_of_any_width, batch_size=batch_size)
    for size in (1, 3, 16):
        groups = [other.encode_images(pictures[at : at + size]) for at in range(0, 16, size)]
        for name in ("pooled", "patches", "class_token", "attention"):
            assert torch.equal(torch.cat([getattr(g, name) for g in groups]), getattr(whole, name)), (size, name)


def test_prepared_images_have_the_features_of_images(folder_of_any_width, pictures):
    """Stacked or one by one, the bits are those of the images; without patch tokens, the global ones still are."""
    encoder = make_encoder(folder_of_any_width)
    whole, prepared = encoder.encode_images(pictures), [encoder.image_preparation()(picture) for picture in pictures]
    for given in (prepared, torch.stack(prepared)):
        found = encoder.encode_prepared(given)
        for name in ("pooled", "patches", "class_token", "attention"):
            assert torch.equal(getattr(found, name), getattr(whole, name)), name
    bare = encoder.encode_prepared(prepared, patches=False)
    assert torch.equal(bare.pooled, whole.pooled)
    assert bare.patches is bare.class_token is bare.attention is None


def test_preparation_crosses_processes(encoder, pictures):
    """It can be pickled, and prepares the same."""
    prepare = encoder.image_preparation()
    crossed = pickle.loads(pickle.dumps(prepare))  # noqa: S301  our own bytes
    assert torch.equal(crossed(pictures[0]), prepare(pictures[0]))


@pytest.fixture
def cramped(encoder_folder, monkeypatch):
    """An encoder whose passes raise above a number of rows; as on an accelerator, it may take fewer."""

    def refuse(plain, room, at):
        def run(*inputs):
            if len(inputs[at]) > room:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return plain(*inputs)

        return run

    def _cramped(room: int, *, on_accelerator: bool):
        encoder = make_encoder(encoder_folder)
        tower = encoder._model
        monkeypatch.setattr(tower, "_run_visual", refuse(tower._run_visual, room, 0))
        monkeypatch.setattr(towers, "_encode_causal", refuse(towers._encode_causal, room, 1))
        for limit in (tower._images, tower._texts) if on_accelerator else ():
            limit.least = 1
        return encoder

    return _cramped


def test_passes_are_halved_where_memory_runs_out(cramped, encoder, pictures, sentences):
    """On an accelerator: what comes out is what enough memory gives, but for rounding, and it is heard."""
    expected = encoder.encode_images(pictures).patches, encoder.encode_texts(sentences)
    small = cramped(10, on_accelerator=True)
    with listen_to_halvings() as heard:
        images, texts = small.encode_images(pictures), small.encode_texts(sentences)
    assert torch.allclose(images.patches, expected[0], atol=1e-5)
    assert torch.allclose(texts, expected[1], atol=1e-5)
    assert {halving.what for halving in heard} == {"images", "texts"}
    assert small.images_at_once <= 10


def test_a_pass_on_the_cpu_has_its_rows_or_none(cramped, pictures):
    """Fewer rows would give other bits, so the error goes to whoever can halve without."""
    with pytest.raises(OutOfMemoryError, match="16 images at once"):
        cramped(10, on_accelerator=False).encode_images(pictures)


def test_repeated_and_reordered_texts_keep_their_rows(encoder):
    """A text that occurs twice has one feature, in every place where it stands."""
    rows = encoder.encode_texts(["a cat", "a dog", "a cat"])
    assert torch.equal(rows[0], rows[2])
    assert not torch.equal(rows[0], rows[1])


def test_long_texts_are_cut_at_the_context_length(encoder):
    """Words beyond the context length change nothing."""
    long = "a red cat on the grass sits of"
    assert torch.equal(encoder.encode_texts([long + " two"]), encoder.encode_texts([long + " three blue dog"]))


def test_nothing_is_encoded_to_no_rows(encoder):
    """Empty input gives tensors of no rows and the right widths."""
    assert encoder.encode_texts([]).shape == (0, 16)
    found = encoder.encode_images([])
    assert found.pooled.shape == (0, 16)
    assert found.patches.shape == (0, 9, 16)
    assert found.attention.shape == (0, 10, 10)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "I;16", "I"])
def test_images_of_every_mode_are_encoded(encoder, mode):
    """A grey image has the features of its RGB version, in whatever mode it comes."""
    grey = np.where(np.arange(576).reshape(24, 24) % 7 < 3, 0, 255).astype(np.uint8)
    expected = encoder.encode_images([Image.fromarray(grey).convert("RGB")]).pooled
    if mode.startswith("I"):
        image = Image.fromarray(grey.astype(np.uint16 if mode == "I;16" else np.int32) * 257)
        assert image.mode == mode
    else:
        image = Image.fromarray(grey).convert("RGB").convert(mode)
    assert torch.allclose(encoder.encode_images([image]).pooled, expected, atol=1e-5)


def test_weights_stay_as_they_are_under_a_backward_pass(encoder_folder, sentences):
    """No parameter takes gradients, and training on features changes no byte of the weights."""
    encoder = make_encoder(encoder_folder)
    model = encoder._model._model
    before = {name: value.clone() for name, value in model.state_dict().items()}
    layer = torch.zeros(16, 4, requires_grad=True)
    (encoder.encode_texts(sentences[:8]) @ layer).sum().backward()
    assert layer.grad is not None
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_loading_leaves_the_global_random_state(encoder_folder):
    """open_clip draws random weights first; the caller's stream does not notice."""
    before = torch.random.get_rng_state()
    make_encoder(encoder_folder)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_bfloat16_stays_near_float32(encoder, encoder_folder, pictures, sentences):
    """Half precision gives float32 tensors of unit norm that point the same way."""
    half = make_encoder(encoder_folder, precision="bfloat16")
    images, texts = half.encode_images(pictures), half.encode_texts(sentences)
    assert images.pooled.dtype == torch.float32
    assert (images.pooled * encoder.encode_images(pictures).pooled).sum(dim=-1).min() > 0.99
    assert (texts * encoder.encode_texts(sentences)).sum(dim=-1).min() > 0.99
    assert torch.allclose(images.attention.sum(dim=-1), torch.ones(16, 10), atol=1e-5)
    assert not torch.equal(texts, encoder.encode_texts(sentences))


@pytest.mark.parametrize(
    "vision",
    [
        {"layers": [1, 1, 1, 1], "width": 16, "image_size": 32, "patch_size": None},
        {"attentional_pool": True, "attn_pooler_heads": 4},
        {"block_type": "custom"},
    ],
    ids=["resnet", "attention-pool", "custom-attention"],
)
def test_towers_without_patches_say_so(make_encoder_folder, pictures, vision):
    """They give pooled features only."""
    folder = make_encoder_folder("tower", vision=vision)
    config = json.loads((folder / "open_clip_config.json").read_text())
    del config["preprocess_cfg"]["size"]
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    encoder = make_encoder(folder)
    found = encoder.encode_images(pictures[:3])
    assert not encoder.has_patches
    assert found.pooled.shape == (3, 16)
    assert found.patches is found.class_token is found.attention is None


@pytest.mark.parametrize(
    ("mode", "fit"), [(None, "crop"), ("shortest", "crop"), ("squash", "squash"), ("longest", "pad")]
)
def test_what_of_an_image_is_seen_follows_from_the_resize_mode(encoder_copy, mode, fit):
    """As open_clip's own transform does it: a mark in the left margin is seen or not."""
    path = encoder_copy / "open_clip_config.json"
    settings = json.loads(path.read_text())
    settings["preprocess_cfg"] = {key: v for key, v in settings["preprocess_cfg"].items() if key != "resize_mode"}
    settings["preprocess_cfg"] |= {"resize_mode": mode} if mode else {}
    path.write_text(json.dumps(settings))
    encoder = OpenClipEncoder(OpenClipConfig(model=str(encoder_copy)))
    assert encoder.image_fit == fit
    encoder.load()
    wide, marked = Image.new("RGB", (200, 100), "white"), Image.new("RGB", (200, 100), "white")
    marked.paste("black", (0, 0, 40, 100))  # outside the square in the middle
    pooled = encoder.encode_images([wide, marked]).pooled
    assert torch.equal(pooled[0], pooled[1]) == (fit == "crop")


def test_fingerprint_of_a_folder_imports_no_torch(encoder_folder):
    """Planning stays light, and the fingerprint is the same in another process."""
    code = (
        "import sys; from zsbench.encoders.open_clip import OpenClipEncoder as E;"
        "from zsbench.encoders.settings import OpenClipConfig as C;"
        f"print(E(C(model={str(encoder_folder)!r})).fingerprint, 'torch' in sys.modules, 'open_clip' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = OpenClipEncoder(OpenClipConfig(model=str(encoder_folder))).fingerprint
    assert run.stdout.split() == [here, "False", "False"]


def test_fingerprint_follows_content_not_place(encoder_folder, encoder_copy):
    """A copy elsewhere has the same fingerprint; the batch size does not enter."""
    first = OpenClipEncoder(OpenClipConfig(model=str(encoder_folder)))
    second = OpenClipEncoder(OpenClipConfig(model=str(encoder_copy), batch_size=3))
    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize("part", ["weights", "settings", "preprocessing", "tokenizer", "precision"])
def test_fingerprint_changes_with_every_part(encoder_folder, encoder_copy, part):
    """Weights, settings, preprocessing, tokenizer and precision all enter."""
    config, options = encoder_copy / "open_clip_config.json", {}
    if part == "weights":
        weights = load_file(encoder_copy / "open_clip_model.safetensors")
        weights["logit_scale"] += 1
        save_file(weights, encoder_copy / "open_clip_model.safetensors")
    elif part == "settings":
        config.write_text(config.read_text().replace('"embed_dim": 16', '"embed_dim": 16, "quick_gelu": true'))
    elif part == "preprocessing":
        config.write_text(config.read_text().replace("bilinear", "bicubic"))
    elif part == "tokenizer":
        tokenizer = encoder_copy / "tokenizer.json"
        tokenizer.write_text(tokenizer.read_text().replace('"grass"', '"gras"'))
    else:
        options = {"precision": "bfloat16"}
    changed = OpenClipEncoder(OpenClipConfig(model=str(encoder_copy), **options))
    assert changed.fingerprint != OpenClipEncoder(OpenClipConfig(model=str(encoder_folder))).fingerprint


def test_fingerprint_uses_remembered_hashes(encoder_folder):
    """Hashes that are handed over are used instead of reading the weights again."""

    class Fixed(FileHashes):
        def hash_file(self, path):
            return "0"

    config = OpenClipConfig(model=str(encoder_folder))
    assert OpenClipEncoder(config, hashes=Fixed()).fingerprint != OpenClipEncoder(config).fingerprint


def test_use_before_load_is_refused(encoder_folder):
    """The constructor loads nothing."""
    with pytest.raises(RuntimeError, match="load"):
        _ = OpenClipEncoder(OpenClipConfig(model=str(encoder_folder))).dim


def test_weights_that_do_not_fit_are_corrupt(encoder_copy):
    """A missing tensor is an error, never a random one."""
    path = encoder_copy / "open_clip_model.safetensors"
    weights = load_file(path)
    del weights["visual.proj"]
    save_file(weights, path)
    with pytest.raises(CorruptDataError, match=r"visual\.proj"):
        make_encoder(encoder_copy)


def test_truncated_weights_are_corrupt(encoder_copy):
    """A cut file is named."""
    path = encoder_copy / "open_clip_model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CorruptDataError, match="do not load"):
        make_encoder(encoder_copy)


def test_missing_weights_are_named(encoder_copy):
    """A folder without weights says which file it lacks."""
    (encoder_copy / "open_clip_model.safetensors").unlink()
    with pytest.raises(MissingWeightsError, match=r"open_clip_model\.safetensors"):
        make_encoder(encoder_copy)
