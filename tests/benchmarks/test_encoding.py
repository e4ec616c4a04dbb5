"""Encoding against its limits; memory is asserted, time is not."""

from __future__ import annotations

import gc
import json
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn.functional import linear

from zsbench.components import Item
from zsbench.encoders.open_clip import OpenClipEncoder
from zsbench.encoders.settings import OpenClipConfig
from zsbench.stages.image_decoding import ImageDecoder
from zsbench.stages.row_file import write_text_features

POCKET = Path(__file__).parents[2] / "plugins" / "pocket" / "zsbench_pocket" / "weights" / "encoder"
FEW, MANY = 10_000, 566_000
ROUNDS = 5
KILOBYTES = 1024
GROWTH = 1_500_000_000
NARROW = {"width": 32, "heads": 4, "layers": 1, "context_length": 77, "vocab_size": 49408}
"""A text tower that costs little, so that what grows with the corpus shows; its features are as wide as ViT-B/32's."""


def load(folder) -> OpenClipEncoder:
    encoder = OpenClipEncoder(OpenClipConfig(model=str(folder)))
    encoder.load()
    return encoder


def write_random(folder: Path, settings: dict) -> Path:
    """A folder with a model's settings and random weights."""
    import open_clip

    model = open_clip.CLIP(**settings)
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    content = {"model_cfg": settings, "preprocess_cfg": {"size": settings["vision_cfg"]["image_size"]}}
    (folder / "open_clip_config.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def real_size(tmp_path_factory) -> OpenClipEncoder:
    """ViT-B/32, random weights."""
    import open_clip

    return load(write_random(tmp_path_factory.mktemp("vit"), open_clip.get_model_config("ViT-B-32")))


@pytest.fixture(scope="module")
def encoders(real_size):
    return {"ViT-B-32": real_size, "embedded": load(POCKET)}


@pytest.fixture(scope="module")
def narrow(tmp_path_factory) -> OpenClipEncoder:
    """A model that hardly computes anything, 512 wide."""
    vision = {"image_size": 32, "patch_size": 16, "width": 32, "layers": 1, "head_width": 16}
    settings = {"embed_dim": 512, "vision_cfg": vision, "text_cfg": NARROW}
    return load(write_random(tmp_path_factory.mktemp("narrow"), settings))


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """JPEG files of a photograph's size, smooth enough to compress as one."""
    folder, rng = tmp_path_factory.mktemp("photographs"), np.random.default_rng(0)
    items = []
    for row in range(16):
        coarse = Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
        path = folder / f"{row}.jpg"
        coarse.resize((640, 480), Image.Resampling.BICUBIC).save(path, quality=90)
        items.append(Item(str(row), row, path))
    return items


def draw_captions(count: int, *, words: int = 5000, seed: int = 0) -> list[str]:
    """Captions of 6 to 18 words, hardly any twice."""
    rng = random.Random(seed)
    vocabulary = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 8))) for _ in range(words)]
    return [" ".join(rng.choices(vocabulary, k=rng.randint(6, 18))) for _ in range(count)]


@dataclass
class Timed:
    """What was made, and the seconds that it took."""

    made: object
    seconds: float


def timed(call, clock=time.process_time):
    """A call that tells its seconds: by default those of the processor, so that others' work counts little."""

    def run():
        began = clock()
        made = call()
        return Timed(made, clock() - began)

    return run


def read_seconds(found: Timed) -> float:
    return found.seconds


def multiply_weights(visual, images: int):
    """Every weight multiplication of an image tower for so many images, and nothing else."""
    width, tokens = visual.conv1.out_channels, len(visual.positional_embedding)
    kernel = visual.conv1.weight.flatten(1)
    x, wide = torch.randn(images * tokens, width), torch.randn(images * tokens, 4 * width)
    patches = torch.randn(images * (tokens - 1), kernel.shape[1])

    @torch.no_grad()
    def run():
        linear(patches, kernel)
        for block in visual.transformer.resblocks:
            linear(x, block.attn.in_proj_weight, block.attn.in_proj_bias)
            linear(x, block.attn.out_proj.weight, block.attn.out_proj.bias)
            linear(x, block.mlp.c_fc.weight, block.mlp.c_fc.bias)
            linear(wide, block.mlp.c_proj.weight, block.mlp.c_proj.bias)
        return x @ visual.proj

    return run


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=pytest.mark.ratio(
                what="images to features, patches and attention",
                against="the bare products of the image tower, by torch",
                size=f"{name}, float32, a batch",
                of="seconds of the processor",
                aim=0.7,
            ),
        )
        for name in ("ViT-B-32", "embedded")
    ],
)
def test_images_are_encoded_near_the_rate_of_their_products(side_by_side, encoders, name):
    """1 is as fast as the products alone."""
    encoder = encoders[name]
    images = encoder.images_at_once
    side = encoder.image_preparation()(Image.new("RGB", (64, 64))).shape[-1]
    pixels = torch.randn(images, 3, side, side)
    bare = multiply_weights(encoder._model._model.visual, images)
    found, _ = side_by_side(
        timed(lambda: encoder.encode_prepared(pixels)), timed(bare), rounds=ROUNDS, warmup=1, measure=read_seconds
    )
    assert found.made.patches is not None


@pytest.fixture(scope="module")
def blocks(real_size, photographs):
    """Photographs in blocks, and what decodes them."""
    cut = [photographs[at : at + 8] for at in range(0, len(photographs), 8)]
    return ImageDecoder(cut, real_size.image_preparation())


def encode_ahead(encoder, decoder):
    return [encoder.encode_prepared(block.prepared) for block in decoder.iter_blocks(processes=0)]


@pytest.mark.ratio(
    what="JPEG files decoded ahead of the encoder",
    against="pixels that are ready",
    size="16 photographs of 640 x 480, ViT-B-32",
    note="1: the decoding is hidden; a thread of its own, so a core must be free",
)
def test_files_are_decoded_while_others_are_encoded(side_by_side, real_size, blocks):
    """What decoding adds to encoding."""
    ready = [blocks[index][0] for index in range(len(blocks))]
    ahead, encoded = side_by_side(
        lambda: encode_ahead(real_size, blocks),
        lambda: [real_size.encode_prepared(pixels) for pixels in ready],
        rounds=3,
        warmup=1,
    )
    assert [torch.equal(a.pooled, b.pooled) for a, b in zip(ahead, encoded, strict=True)] == [True] * len(ready)


@pytest.mark.ratio(
    what="JPEG files decoded ahead of the encoder",
    against="one after the other",
    size="16 photographs of 640 x 480, ViT-B-32",
)
def test_files_are_not_decoded_in_turn(side_by_side, real_size, blocks):
    """What decoding ahead saves."""
    ahead, in_turn = side_by_side(
        lambda: encode_ahead(real_size, blocks),
        lambda: [real_size.encode_prepared(blocks[index][0]) for index in range(len(blocks))],
        rounds=3,
        warmup=1,
    )
    assert [torch.equal(a.pooled, b.pooled) for a, b in zip(ahead, in_turn, strict=True)] == [True] * len(ahead)


@pytest.mark.ratio(
    what="texts grouped by length, each once",
    against="the whole context, in the order given, each time",
    size="128 captions, each twice, ViT-B-32",
    of="seconds of the processor",
)
def test_texts_by_length_and_once_cost_less(side_by_side, real_size):
    """Half of the gain is that each caption is given twice."""
    words = ["a", "the", "man", "dog", "red", "street", "sits", "on", "two", "with", "bus", "cat", "near", "large"]
    texts = [" ".join(random.Random(row).choices(words, k=7 + row % 8)) for row in range(64)] * 2
    tower = real_size._model
    ids = tower._tokenize(texts)

    @torch.no_grad()
    def plain():
        return torch.cat([tower._model.encode_text(rows, normalize=True) for rows in ids.split(8)])

    grouped, whole = side_by_side(
        timed(lambda: real_size.encode_texts(texts)), timed(plain), rounds=2, measure=read_seconds
    )
    assert torch.allclose(grouped.made, whole.made, atol=1e-4)


@pytest.mark.ratio(
    what="a caption of a large corpus encoded to the store",
    against="a caption of 10,000",
    size=f"{MANY:,} captions, a narrow text tower 512 wide",
    of="seconds of the processor",
    aim=0.8,
    note="1: cost is linear",
)
def test_a_corpus_costs_its_captions_and_no_memory(side_by_side, narrow, tmp_path):
    """Tokenizer, narrow tower and file, at a size and at another; memory is asserted."""
    few, many = draw_captions(FEW), draw_captions(MANY, seed=1)
    write_text_features(tmp_path / "warm.npy", few[:5000], narrow, lambda *_: None)
    gc.collect()
    before = read_memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the highest is counted anew
    side_by_side(
        lambda: time_caption(tmp_path / "many.npy", many, narrow),
        lambda: time_caption(tmp_path / "few.npy", few, narrow),
        rounds=1,
        measure=lambda seconds: seconds,
    )
    assert read_memory("VmHWM") - before < GROWTH
    assert np.load(tmp_path / "many.npy", mmap_mode="r").shape == (MANY, 512)


def time_caption(path: Path, texts: list[str], encoder: OpenClipEncoder) -> float:
    """Seconds of the processor a caption."""
    began = time.process_time()
    write_text_features(path, texts, encoder, lambda *_: None)
    return (time.process_time() - began) / len(texts)


def read_memory(name: str) -> int:
    """Bytes of this process in memory, mapped files included: now, or at most."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    return int(status[name].split()[0]) * KILOBYTES
