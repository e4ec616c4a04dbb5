"""Measure shipped weights on the world: `python -m zsbench_pocket.evaluate`.

Prints retrieval between images and their five captions, figures of the gap between the modalities, how well patches
name what they show, and the perplexity of the language model. The validation split is the default.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from PIL import Image
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from zsbench_pocket.encoder_data import label_patches
from zsbench_pocket.language_data import shuffle_content
from zsbench_pocket.nouns import KIND_OF_WORD
from zsbench_pocket.plain_forward import encode_image_tokens
from zsbench_pocket.world.drawing import decode_pixels, draw_scene, encode_jpeg
from zsbench_pocket.world.karpathy import iter_split_scenes, tokenize_caption
from zsbench_pocket.world.lexicon import ALL_KINDS, COLOURS, IMAGE_SIDE
from zsbench_pocket.world.scenes import Scene, open_stream

WEIGHTS = Path(__file__).parent / "weights"
BATCH = 250


@dataclass(frozen=True)
class SplitFeatures:
    """Unit-norm features of a split: `images` (N, D), `texts` (N, captions, D), `patches` (N, P, D)."""

    images: Tensor
    texts: Tensor
    patches: Tensor


def encode_split(folder: Path, scenes: list[Scene], captions: list[list[str]]) -> SplitFeatures:
    """Encode drawn scenes and their captions with the encoder in `folder`, through open_clip's own loader."""
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    model.eval()
    pooled, patches, texts = [], [], []
    with torch.no_grad():
        for start in range(0, len(scenes), BATCH):
            part = slice(start, start + BATCH)
            images = [Image.fromarray(decode_pixels(encode_jpeg(draw_scene(scene)))) for scene in scenes[part]]
            pixels = torch.stack([preprocess(image) for image in images])
            pooled.append(model.encode_image(pixels, normalize=True))
            patches.append(encode_image_tokens(model, pixels).joint[:, 1:])
            lines = tokenizer([line for five in captions[part] for line in five])
            texts.append(model.encode_text(lines, normalize=True))
    images_all = torch.cat(pooled)
    texts_all = torch.cat(texts).view(len(images_all), -1, images_all.shape[1])
    return SplitFeatures(images_all, texts_all, torch.cat(patches))


def score_retrieval(features: SplitFeatures) -> dict[str, float]:
    """Recall at 1 and 5 in both directions among all images and all captions of the split.

    Image to text: an image hits when any of its captions is among the first k of all captions. Text to image: a
    caption hits when its image is among the first k of all images.
    """
    count, each, width = features.texts.shape
    cosines = features.images @ features.texts.reshape(-1, width).T  # (N, N * each)
    owner = torch.arange(count).repeat_interleave(each)
    figures = {}
    for k in (1, 5):
        best = cosines.topk(k, dim=1).indices
        figures[f"image-to-text R@{k}"] = float((owner[best] == torch.arange(count)[:, None]).any(1).float().mean())
        found = cosines.topk(k, dim=0).indices
        figures[f"text-to-image R@{k}"] = float((found == owner).any(0).float().mean())
    return figures


def measure_gap(features: SplitFeatures) -> dict[str, float]:
    """Distance of the two centroids and mean cosine of images with their own captions and with any caption."""
    texts = features.texts.flatten(0, 1)
    own = torch.einsum("nd,ncd->nc", features.images, features.texts)
    return {
        "centroid distance": float((features.images.mean(0) - texts.mean(0)).norm()),
        "mean paired cosine": float(own.mean()),
        "mean cosine of any pair": float((features.images @ texts.T).mean()),
        "variance of text minus image per dimension": float(
            (features.texts - features.images[:, None]).flatten(0, 1).var(dim=0).mean()
        ),
    }


def score_patches(folder: Path, features: SplitFeatures, scenes: list[Scene]) -> dict[str, float]:
    """Share of groups whose mean patch is nearest to its own kind, and to its own colour, among all such phrases."""
    model, _, _ = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    size = int(IMAGE_SIDE / math.sqrt(features.patches.shape[1]))
    hits: dict[str, list[bool]] = {"kind": [], "kind and colour": []}
    phrases = [f"a {colour} {kind}" for kind in ALL_KINDS for colour in COLOURS]
    with torch.no_grad():
        bank = model.eval().encode_text(tokenizer(phrases), normalize=True)
    for row, scene in enumerate(scenes):
        owners = label_patches(scene, patch_size=size)
        for slot, group in enumerate(scene.groups):
            mine = torch.from_numpy(owners == slot)
            if not mine.any():
                continue
            best = int((bank @ features.patches[row][mine].mean(0)).argmax())
            hits["kind"].append(ALL_KINDS[best // len(COLOURS)] == group.kind)
            hits["kind and colour"].append(phrases[best] == f"a {group.colour} {group.kind}")
    return {f"patches name the {name}": float(np.mean(values)) for name, values in hits.items()}


def score_nouns(folder: Path, features: SplitFeatures, scenes: list[Scene]) -> dict[str, float]:
    """Share of the things named by the nearest caption of the restval corpus that the scene really holds."""
    model, _, _ = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    corpus = [line for _, captions in iter_split_scenes("restval") for line in captions]
    with torch.no_grad():
        model.eval()
        parts = [
            model.encode_text(tokenizer(corpus[i : i + BATCH]), normalize=True) for i in range(0, len(corpus), BATCH)
        ]
    nearest = (features.images @ torch.cat(parts).T).argmax(dim=1).tolist()
    right = [
        kind in {group.kind for group in scene.groups}
        for scene, row in zip(scenes, nearest, strict=True)
        for kind in list_named_kinds(corpus[row])
    ]
    return {"named things of the nearest restval caption that are there": float(np.mean(right))}


def list_named_kinds(text: str) -> list[str]:
    """List the kinds that a caption names, in order."""
    return [KIND_OF_WORD[word] for word in tokenize_caption(text) if word in KIND_OF_WORD]


def score_perplexity(folder: Path, lines: list[str], contexts: list[str]) -> dict[str, float]:
    """Perplexity per token of captions, alone and after their own content words in random order."""
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    model.eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    totals = {"alone": [0.0, 0], "after its own words": [0.0, 0]}
    for line, context in zip(lines, contexts, strict=True):
        body = tokenizer(line, add_special_tokens=False).input_ids
        words = tokenizer(context, add_special_tokens=False).input_ids
        for name, prefix in (("alone", []), ("after its own words", words)):
            ids = torch.tensor([[*prefix, tokenizer.bos_token_id, *body, tokenizer.eos_token_id]])
            with torch.no_grad():
                logits = model(input_ids=ids).logits[0, len(prefix) : -1].log_softmax(-1)
            chosen = logits.gather(1, ids[0, len(prefix) + 1 :, None])
            totals[name][0] -= float(chosen.sum())
            totals[name][1] += len(chosen)
    return {f"perplexity {name}": math.exp(loss / tokens) for name, (loss, tokens) in totals.items()}


def evaluate_weights(weights: Path, *, split: str = "val", limit: int | None = None) -> dict[str, float]:
    """Compute all figures of the weights in a folder on a split of the world."""
    pairs = list(islice(iter_split_scenes(split), limit))
    scenes, captions = [scene for scene, _ in pairs], [five for _, five in pairs]
    figures: dict[str, float] = {"images": len(scenes), "captions per image": len(captions[0])}
    if (weights / "encoder").is_dir():
        features = encode_split(weights / "encoder", scenes, captions)
        figures |= score_retrieval(features) | measure_gap(features)
        figures |= score_patches(weights / "encoder", features, scenes)
        figures |= score_nouns(weights / "encoder", features, scenes)
    if (weights / "language-model").is_dir():
        lines = [five[0] for five in captions]
        words = [shuffle_content(open_stream("perplexity", row), line) for row, line in enumerate(lines)]
        figures |= score_perplexity(weights / "language-model", lines, words)
    return figures


def main() -> None:
    """Read the options and print one figure a line as JSON."""
    parser = argparse.ArgumentParser(description="Measure the encoder and the language model of the embedded world.")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder with encoder/ and language-model/")
    parser.add_argument("--split", choices=("val", "test"), default="val")
    parser.add_argument("--limit", type=int, help="use only the first images of the split")
    options = parser.parse_args()
    figures = evaluate_weights(options.weights, split=options.split, limit=options.limit)
    rounded = {"split": options.split} | {name: round(value, 4) for name, value in figures.items()}
    sys.stdout.write(json.dumps(rounded, indent=2) + "\n")


if __name__ == "__main__":
    main()
