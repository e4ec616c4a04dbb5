"""Small parts that keep every contract, for tests of plugins: an encoder, a language model, a gap model, a world.

Nothing is downloaded, nothing is read from disk, and everything is the same on every machine of one kind.
Shapes: B images, N texts, P patch tokens, D joint width, T tokens, Q prefix embeddings, E embedding width.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import torch
from PIL import Image, ImageDraw
from torch import Generator, Tensor

from zsbench.interfaces import (
    CorpusFeatures,
    Encoder,
    Frozen,
    GapModel,
    GenerationSettings,
    ImageBatch,
    ImageFeatures,
    LanguageModel,
    TokenBatch,
)

__all__ = [
    "TEXTS",
    "FakeEncoder",
    "FakeLanguageModel",
    "NoSettings",
    "UnitGap",
    "draw_images",
    "make_batch",
    "make_corpus",
    "unit",
]

D, E, P = 512, 32, 49
SIDE = 7
TEXTS = (
    "a red ball lies on the sandy beach",
    "two grey cats sleep beside an old house",
    "a small boat crosses the lake at night",
    "the blue car stands next to a tall tree",
    "a white bird flies above the fresh snow",
    "one round clock hangs on a brick wall",
    "a man in a yellow hat reads under a lamp",
    "three green apples lie in a wooden bowl",
    "a child with a kite runs over the field",
    "an empty train waits in a bright station",
    "a black dog jumps into the cold river",
    "some people eat soup at a long table",
)
"""Twelve captions, each of seven words or more, no two alike."""
WORDS = sorted({word for text in TEXTS for word in text.split()})


class NoSettings(Frozen):
    """There is nothing to set."""


def unit(x: Tensor) -> Tensor:
    """Unit norm along the last axis."""
    return torch.nn.functional.normalize(x, dim=-1)


class FakeEncoder(Encoder):
    """Texts that share words, and images that share colours, are near each other.

    Args:
        dim: D; 512 as that of ViT-B/32, so that captioners' defaults fit.
    """

    def __init__(self, dim: int = D) -> None:
        self._dim = dim
        self.table = torch.zeros(0)

    @property
    def fingerprint(self) -> str:
        """Its name and width."""
        return f"zsbench-testing-encoder-{self._dim}"

    @property
    def dim(self) -> int:
        """D."""
        return self._dim

    @property
    def has_patches(self) -> bool:
        """49 of them."""
        return True

    def load(self, device: str = "cpu") -> None:
        """Draw the table of 256 random vectors; the device does not matter, results are on the CPU."""
        self.table = unit(torch.randn(256, self._dim, generator=Generator().manual_seed(1)))

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """The mean vector of each text's words, ``(N, D)``."""
        return torch.stack([self._mean(re.findall(r"\w+", text.lower()) or [""]) for text in texts])

    def encode_images(self, images: Sequence[Image.Image]) -> ImageFeatures:
        """A vector for each cell of a 7 x 7 grid by its colour, and their mean."""
        grids = [image.convert("RGB").resize((SIDE, SIDE)) for image in images]
        patches = torch.stack([self._cells(grid) for grid in grids])  # (B, P, D)
        pooled = unit(patches.mean(1))
        scores = torch.cat((pooled[:, None], patches), dim=1)  # (B, 1+P, D)
        return ImageFeatures(pooled, patches, pooled.clone(), (scores @ scores.mT).softmax(-1))

    def _cells(self, grid: Image.Image) -> Tensor:
        """``(P, D)``, one row a cell."""
        pixels = grid.tobytes()
        return torch.stack([self._mean([str(tuple(pixels[3 * p : 3 * p + 3]))]) for p in range(SIDE * SIDE)])

    def _mean(self, words: Sequence[str]) -> Tensor:
        """The unit mean of the words' vectors, ``(D,)``."""
        rows = [hashlib.sha256(word.encode()).digest()[0] for word in words]
        return unit(self.table[rows].sum(0))


class FakeLanguageModel(LanguageModel):
    """A causal model over 80 words: each next token is read off a running mean of the embeddings before it."""

    LEAD, END, OFFSET = 0, 1, 2

    def __init__(self) -> None:
        self.table = torch.zeros(0)

    @property
    def fingerprint(self) -> str:
        """Its name."""
        return "zsbench-testing-language-model"

    @property
    def width(self) -> int:
        """E."""
        return E

    def load(self, device: str = "cpu") -> None:
        """Draw the table of token embeddings, on the device."""
        self.table = torch.randn(len(WORDS) + 2, E, generator=Generator().manual_seed(2)).to(device)

    def tokenize(self, texts: Sequence[str], *, max_tokens: int, add_end: bool = True) -> TokenBatch:
        """The lead token, a token a word (unknown words by hash), and the end token."""
        rows = [[self.LEAD, *map(self._token, text.split())][: max_tokens - add_end] for text in texts]
        rows = [[*row, self.END] if add_end else row for row in rows]
        width = max(map(len, rows))
        ids = torch.tensor([[*row, *[self.END] * (width - len(row))] for row in rows])
        return TokenBatch(ids, torch.arange(width) < torch.tensor([len(row) for row in rows])[:, None])

    def embed(self, ids: Tensor) -> Tensor:
        """``(N, T)`` -> ``(N, T, E)``."""
        return self.table[ids]

    def logits(self, embeddings: Tensor, mask: Tensor) -> Tensor:
        """``(N, T, E)`` -> ``(N, T, V)``: position t sees the embeddings up to t that the mask leaves."""
        seen = (embeddings * mask[..., None]).cumsum(1)  # (N, T, E)
        counts = mask.cumsum(1).clamp_min(1)[..., None]
        return (seen / counts + 0.5 * embeddings) @ self.table.T

    def generate(
        self, prefix: Tensor, settings: GenerationSettings, *, prompts: Sequence[str] | None = None
    ) -> list[str]:
        """Greedy continuation of each prefix alone."""
        prompted = prompts or [""] * len(prefix)
        return [self._continue(row, settings, prompt) for row, prompt in zip(prefix, prompted, strict=True)]

    def _continue(self, prefix: Tensor, settings: GenerationSettings, prompt: str) -> str:
        """One continuation; ``prefix`` is ``(Q, E)``."""
        ids = self.tokenize([prompt], max_tokens=64, add_end=False).ids[0].tolist()
        start = len(ids)
        total = prefix.sum(0) + self.table[ids].sum(0)  # (E,), of everything seen so far
        for step in range(settings.max_new_tokens):
            mean = total / (len(prefix) + len(ids))
            scores = self.table @ (mean + 0.5 * self.table[ids[-1]])  # (V,)
            scores[self.LEAD] = -torch.inf
            if step < settings.min_new_tokens:
                scores[self.END] = -torch.inf
            ids.append(int(scores.argmax()))
            if ids[-1] == self.END:
                break
            total += self.table[ids[-1]]
        return " ".join(WORDS[token - self.OFFSET] for token in ids[start:] if token >= self.OFFSET)

    def _token(self, word: str) -> int:
        """A word's token."""
        known = WORDS.index(word) if word in WORDS else hashlib.sha256(word.encode()).digest()[0] % len(WORDS)
        return known + self.OFFSET


class UnitGap(GapModel):
    """Features at unit norm, as they are otherwise; draws nothing."""

    def __init__(self, config: NoSettings | None = None) -> None:
        self.config = config or NoSettings()

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """Unit norm."""
        return unit(features)

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """Unit norm."""
        return unit(features)


def draw_images(count: int) -> tuple[Image.Image, ...]:
    """Pictures of 32 x 32 pixels, no two alike."""
    return tuple(_draw(number) for number in range(count))


def make_corpus(encoder: Encoder) -> CorpusFeatures:
    """``TEXTS`` with their features by a loaded encoder."""
    return CorpusFeatures(TEXTS, encoder.encode_texts(TEXTS), encoder.fingerprint)


def make_batch(
    encoder: Encoder, rows: Sequence[int], *, seed: int = 0, pixels: bool = False, references: bool = False
) -> ImageBatch:
    """A batch of drawn images; an image is the same in every batch, and so is its generator.

    Args:
        encoder: Loaded.
        rows: Which images, by number.
        seed: Of the generators, beside the image's number.
        pixels: Whether the images come along.
        references: Whether features of two reference captions an image come along.
    """
    drawn = draw_images(max(rows) + 1)
    images = tuple(drawn[row] for row in rows)
    texts = [(TEXTS[row % len(TEXTS)], TEXTS[(row + 1) % len(TEXTS)]) for row in rows]
    return ImageBatch(
        ids=tuple(f"image-{row}" for row in rows),
        features=encoder.encode_images(images),
        generators=tuple(Generator().manual_seed(1000 * seed + row) for row in rows),
        images=images if pixels else None,
        references=tuple(encoder.encode_texts(pair) for pair in texts) if references else None,
    )


def _draw(number: int) -> Image.Image:
    """A ground, and a shape on it, by number."""
    colour = hashlib.sha256(str(number).encode()).digest()
    image = Image.new("RGB", (32, 32), tuple(colour[:3]))
    place = 2 + number % 12
    ImageDraw.Draw(image).rectangle((place, place, place + 14, place + 14), fill=tuple(colour[3:6]))
    return image
