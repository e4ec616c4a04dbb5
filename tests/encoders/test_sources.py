"""What an encoder's names resolve to, without loading anything and without a connection."""

from __future__ import annotations

import json

import open_clip
import pytest
import torch
from open_clip.transformer import QuickGELU
from safetensors.torch import save_file

from zsbench.encoders.open_clip import OpenClipEncoder
from zsbench.encoders.settings import OpenClipConfig
from zsbench.encoders.sources import resolve_source
from zsbench.errors import ConfigError, CorruptDataError, MissingWeightsError

OPENAI = "timm/vit_base_patch32_clip_224.openai"
LAION = "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
COMMIT = "0" * 40


def resolve(**options):
    return resolve_source(OpenClipConfig(**options), online=False)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub cache in a folder of its own, and a way to put files into it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))

    def put(repository: str, name: str, content: bytes) -> None:
        root = tmp_path / f"models--{repository.replace('/', '--')}"
        (root / "refs").mkdir(parents=True, exist_ok=True)
        (root / "refs" / "main").write_text(COMMIT)
        (root / "snapshots" / COMMIT).mkdir(parents=True, exist_ok=True)
        (root / "snapshots" / COMMIT / name).write_bytes(content)

    return put


@pytest.mark.parametrize(
    ("model", "tag", "repository", "quick"),
    [
        ("ViT-B-32", "openai", OPENAI, True),
        ("ViT-B-32-quickgelu", "openai", OPENAI, True),
        ("ViT-B-32", "laion2b_s34b_b79k", LAION, False),
    ],
)
def test_activation_follows_the_weights(hub, model, tag, repository, quick):
    """QuickGELU is switched on by the tag, however the architecture is spelt, and never otherwise."""
    hub(repository, "open_clip_model.safetensors", b"weights")
    source = resolve(model=model, pretrained=tag)
    assert source.quick_gelu is quick
    assert source.weights.read_bytes() == b"weights"
    assert source.preprocessing["mean"] == open_clip.OPENAI_DATASET_MEAN


def test_contradicting_activation_is_refused(hub):
    """Weights trained without QuickGELU do not go into an architecture with it."""
    hub(LAION, "open_clip_model.safetensors", b"weights")
    with pytest.raises(ConfigError, match="trained without"):
        resolve(model="ViT-B-32-quickgelu", pretrained="laion2b_s34b_b79k")


def test_fingerprint_of_a_tag_is_that_of_its_content(hub):
    """Two spellings of one computation differ in nothing but the architecture's file; other bytes differ."""
    hub(OPENAI, "open_clip_model.safetensors", b"weights")
    config = OpenClipConfig(model="ViT-B-32", pretrained="openai")
    first = OpenClipEncoder(config).fingerprint
    hub(OPENAI, "open_clip_model.safetensors", b"other weights")
    assert OpenClipEncoder(config).fingerprint != first


def test_preprocessing_of_a_tag_enters_and_is_its_own(hub):
    """SigLIP weights squash and use means of one half; their tokenizer is found beside them."""
    repository = "timm/ViT-B-16-SigLIP"
    hub(repository, "open_clip_model.safetensors", b"weights")
    with pytest.raises(MissingWeightsError, match="not complete"):
        resolve(model="ViT-B-16-SigLIP", pretrained="webli")
    hub(repository, "tokenizer.json", b"{}")
    source = resolve(model="ViT-B-16-SigLIP", pretrained="webli")
    assert source.preprocessing["resize_mode"] == "squash"
    assert source.preprocessing["mean"] == (0.5, 0.5, 0.5)
    assert source.tokenizer == source.weights.parent


def test_missing_weights_name_the_commands_that_fetch_them(hub):
    """Nothing is downloaded; the message says how to."""
    with pytest.raises(MissingWeightsError) as caught:
        OpenClipEncoder(OpenClipConfig(model="ViT-B-32", pretrained="openai")).load()
    assert f"hf download {OPENAI}" in caught.value.remedy
    assert "--online" in caught.value.remedy


def test_a_download_is_tried_only_where_it_is_allowed(hub, monkeypatch):
    """Online, the repository's safetensors are asked for; offline, the hub is asked for its cache alone."""
    calls = []

    def download(repository, *, allow_patterns=None, local_files_only=False):
        from huggingface_hub.errors import LocalEntryNotFoundError

        calls.append((repository, allow_patterns, local_files_only))
        raise LocalEntryNotFoundError("no connection")

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    config = OpenClipConfig(model="ViT-B-32", pretrained="openai")
    with pytest.raises(MissingWeightsError):
        _ = OpenClipEncoder(config).fingerprint
    assert calls == [(OPENAI, None, True)]
    with pytest.raises(MissingWeightsError, match="could not be fetched"):
        _ = OpenClipEncoder(config, online=True).fingerprint
    assert calls[-1] == (OPENAI, ["open_clip_model.safetensors", "open_clip_pytorch_model.safetensors"], False)


def test_a_repository_is_read_from_the_cache(hub, encoder_folder):
    """`hf-hub:` names a repository with settings, weights and tokenizer, the same as a folder."""
    for path in encoder_folder.iterdir():
        hub("someone/tiny", path.name, path.read_bytes())
    encoder = OpenClipEncoder(OpenClipConfig(model="hf-hub:someone/tiny"))
    local = OpenClipEncoder(OpenClipConfig(model=str(encoder_folder)))
    assert encoder.fingerprint == local.fingerprint
    encoder.load()
    local.load()
    assert torch.equal(encoder.encode_texts(["a cat"]), local.encode_texts(["a cat"]))


def test_a_text_tower_of_transformers_is_built_from_the_cache(hub, encoder_copy):
    """Its settings file is found without a connection, enters the fingerprint, and the tower encodes."""
    path = encoder_copy / "open_clip_config.json"
    content = json.loads(path.read_text())
    model = content["model_cfg"]
    model["text_cfg"] = {
        "hf_model_name": "someone/tiny-bert",
        "hf_tokenizer_name": ".",
        "hf_proj_type": "linear",
        "hf_pooler_type": "mean_pooler",
        "context_length": 10,
    }
    path.write_text(json.dumps(content))
    encoder = OpenClipEncoder(OpenClipConfig(model=str(encoder_copy)))
    with pytest.raises(MissingWeightsError, match="tiny-bert"):
        _ = encoder.fingerprint
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    tower = {"model_type": "bert", "vocab_size": 30, "pad_token_id": 0, **sizes}
    hub("someone/tiny-bert", "config.json", json.dumps(tower).encode())
    with torch.random.fork_rng(devices=[]):
        built = open_clip.CustomTextCLIP(16, model["vision_cfg"], {**model["text_cfg"], "hf_model_pretrained": False})
    save_file({n: v.contiguous() for n, v in built.state_dict().items()}, encoder_copy / "open_clip_model.safetensors")
    encoder.load()
    first = encoder.fingerprint
    assert encoder.encode_texts(["a cat", "a dog"]).shape == (2, 16)
    hub("someone/tiny-bert", "config.json", json.dumps({**tower, "hidden_act": "relu"}).encode())
    assert OpenClipEncoder(encoder.config).fingerprint != first


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "ViT-B-23", "pretrained": "openai"}, "Did you mean 'ViT-B-32'"),
        ({"model": "ViT-B-32"}, "pretrained: openai"),
        ({"model": "ViT-B-32", "pretrained": "opena"}, "Did you mean 'openai'"),
        ({"model": "hf-hub:a/b/c"}, "neither a folder"),
    ],
)
def test_wrong_names_suggest_the_right_one(options, words, hub):
    """A mistyped architecture, tag or repository is a ConfigError with a remedy."""
    with pytest.raises(ConfigError) as caught:
        resolve(**options)
    assert words in str(caught.value)


def test_a_folder_takes_no_tag(encoder_folder):
    """Two sources of weights contradict each other."""
    with pytest.raises(ConfigError, match="own weights"):
        resolve(model=str(encoder_folder), pretrained="openai")


def test_pickled_weights_are_refused(tmp_path):
    """A file that is no safetensors file is never opened."""
    path = tmp_path / "weights.pt"
    path.write_bytes(b"pickle")
    with pytest.raises(ConfigError, match="safetensors"):
        resolve(model="ViT-B-32", pretrained=str(path))


@pytest.fixture
def put_architecture(monkeypatch):
    """Puts a tiny architecture under a name of open_clip's, and builds its model."""

    def put(name: str, **changes):
        settings = {
            "embed_dim": 8,
            "vision_cfg": {"image_size": 16, "patch_size": 8, "width": 16, "layers": 1, "head_width": 8},
            "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 8, "heads": 2, "layers": 1},
            **changes,
        }
        monkeypatch.setattr("zsbench.encoders.sources._read_architecture", lambda _: settings)
        monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, name, settings)
        with torch.random.fork_rng(devices=[]):
            return open_clip.create_model(name).eval()

    return put


def write_weights(model, path) -> None:
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, path)


def find_activations(model) -> set[type]:
    blocks = [*model.visual.transformer.resblocks, *model.transformer.resblocks]
    return {type(block.mlp.gelu) for block in blocks}


@pytest.mark.parametrize(("tag", "activation"), [("openai", QuickGELU), ("laion2b_s34b_b79k", torch.nn.GELU)])
def test_a_tag_loads_with_the_activation_of_its_weights(hub, put_architecture, tmp_path, tag, activation):
    """ViT-B-32 computes QuickGELU with weights that were trained so, and plain GELU with others; nothing warns."""
    model = put_architecture("ViT-B-32")
    write_weights(model, tmp_path / "weights")
    repository = OPENAI if tag == "openai" else LAION
    hub(repository, "open_clip_model.safetensors", (tmp_path / "weights").read_bytes())
    encoder = OpenClipEncoder(OpenClipConfig(model="ViT-B-32", pretrained=tag))
    encoder.load()
    loaded = encoder._model._model
    assert find_activations(loaded) == {activation}
    assert torch.equal(loaded.visual.proj, model.visual.proj)
    assert loaded.visual.preprocess_cfg["size"] == (16, 16)


def test_a_weights_file_fills_an_architecture(tmp_path, put_architecture):
    """The file's tensors and the activation of the architecture's own settings reach the model."""
    model = put_architecture("tiny-quick", quick_gelu=True)
    path = tmp_path / "weights.safetensors"
    write_weights(model, path)
    encoder = OpenClipEncoder(OpenClipConfig(model="tiny-quick", pretrained=str(path)))
    encoder.load()
    assert find_activations(encoder._model._model) == {QuickGELU}
    with torch.no_grad():
        expected = model.encode_text(open_clip.tokenize(["a cat"] * 4), normalize=True)[:1]
    assert torch.allclose(encoder.encode_texts(["a cat"]), expected, atol=1e-6)


def test_a_bare_file_needs_weights_that_agree_on_images(tmp_path):
    """Where an architecture's weights prepare images differently, a bare file does not say how: refused."""
    path = tmp_path / "weights.safetensors"
    save_file({"x": torch.zeros(1)}, path)
    ways = {}
    for model, tag in open_clip.list_pretrained():
        chosen = open_clip.pretrained.get_pretrained_cfg(model, tag)
        ways.setdefault(model, set()).add((tuple(chosen["mean"]), chosen["interpolation"]))
    mixed = next(model for model, found in ways.items() if len(found) > 1)
    with pytest.raises(ConfigError, match="more than one way"):
        resolve(model=mixed, pretrained=str(path))


@pytest.mark.parametrize("text", ["{", "[]", '{"model_cfg": {}}', "\x00"])
def test_damaged_settings_are_corrupt(encoder_copy, text):
    """A settings file that is no JSON or lacks the model is named."""
    (encoder_copy / "open_clip_config.json").write_text(text)
    with pytest.raises(CorruptDataError, match=r"open_clip_config\.json"):
        resolve(model=str(encoder_copy))


def test_a_size_that_contradicts_the_tower_is_refused(encoder_copy):
    """Images prepared at another size than the tower's would fail late."""
    path = encoder_copy / "open_clip_config.json"
    content = json.loads(path.read_text())
    content["preprocess_cfg"]["size"] = 48
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match="48"):
        resolve(model=str(encoder_copy))


@pytest.mark.parametrize("name", ["open_clip_config.json", "tokenizer"])
def test_an_incomplete_folder_says_what_is_missing(encoder_copy, name):
    """Settings or tokenizer files that are not there are named."""
    for path in encoder_copy.glob(f"{name}*"):
        path.unlink()
    with pytest.raises(MissingWeightsError, match=name):
        resolve(model=str(encoder_copy))
