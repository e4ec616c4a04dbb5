"""MacCap as a captioner: from image features to candidates, the best of them, and answers.

Shapes: B images, N candidates, K regions, Q queries, D joint width, E language model width.

[1] Qiu, Ning and He, AAAI 2024, arXiv 2401.02347: inference-time sampling and CLIP re-ranking, in the method section.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from zsbench.interfaces import Candidate, Caption, Captioner, CaptionerNeeds, ImageBatch
from zsbench_maccap.checkpoint import read_checkpoint
from zsbench_maccap.config import NEEDS, MacCapConfig
from zsbench_maccap.regions import find_regions, read_memory
from zsbench_maccap.text import clean_answer, clean_caption
from zsbench_maccap.trainer import MacCapTrainer, present

__all__ = ["MacCap"]

BLOCK = 16
"""Memories that the adaptor takes at once, no more and no fewer: other shapes may take kernels that round otherwise."""


class MacCap(MacCapTrainer, Captioner[MacCapConfig]):
    """Mining fine-grained image-text alignment for zero-shot captioning via text-only training [1].

    An image becomes K features, each the global feature plus a sub-region, carried to the text side by the gap model
    with fresh noise for each candidate; the adaptor makes them a prefix, from which the frozen language model writes;
    the candidate nearest to the image is the caption.
    """

    needs: ClassVar[CaptionerNeeds] = NEEDS

    def restore(self, folder: Path) -> None:
        """Read what an equal captioner's ``save`` wrote.

        Raises:
            MissingDataError: A file is not there.
            CorruptDataError: A file is not what it should be.
            HashMismatchError: It was trained with another encoder, language model or other training settings.
        """
        read_checkpoint(folder, self.parts().adaptor, self.origin())
        self._trained = True

    @torch.no_grad()
    def caption(self, batch: ImageBatch) -> list[Caption]:
        """Caption B images: N candidates each, decoded together, re-ranked by the encoder [1]."""
        N = self.config.inference.candidates
        prefix = self._prefix(self._memories(batch, candidates=N))  # (B*N, Q, E)
        raw = self.parts().language_model.generate(prefix, self.config.inference.decoding)
        texts = [clean_caption(text) for text in raw]
        grouped = [texts[start : start + N] for start in range(0, len(texts), N)]  # B times N
        if self.config.inference.rerank:
            captions = self._rerank(batch.features.pooled, grouped)
        else:
            captions = [Caption(tuple(Candidate(text) for text in group)) for group in grouped]
        regions = (find_regions(batch, row, self.config.inference) for row in range(len(batch)))
        return [replace(caption, regions=found) for caption, found in zip(captions, regions, strict=True)]

    @torch.no_grad()
    def answer(self, batch: ImageBatch, questions: Sequence[str]) -> list[str]:
        """Answer a question an image: the same prefix, then the question prompt; one draw of noise, no re-ranking."""
        settings = self.config.inference.answering
        prompts = [settings.prompt.replace("{}", question) for question in questions]
        prefix = self._prefix(self._memories(batch, candidates=1))  # (B, Q, E)
        raw = self.parts().language_model.generate(prefix, settings.decoding, prompts=prompts)
        return [clean_answer(text) for text in raw]

    def _memories(self, batch: ImageBatch, *, candidates: int) -> Tensor:
        """``(B*N, K, D)``: the fused features of each image, N times, carried to the text side with fresh noise.

        Candidate n is the n-th draw of its image's generator, so a run with more candidates contains one with fewer.
        """
        gap = present(self.parts().inference_gap, "gap model for inference")
        memories: list[Tensor] = []
        for row, generator in enumerate(batch.generators):
            f = read_memory(batch, row, self.config.inference)  # (K, D)
            carry = gap.image_to_text
            memories.extend(carry(f[None], generator)[0] for _ in range(candidates))  # N times (K, D)
        return torch.stack(memories)

    def _prefix(self, memories: Tensor) -> Tensor:
        """``(n, K, D)`` -> ``(n, Q, E)``, in blocks of one shape so that every row takes the same kernels."""
        missing = -len(memories) % BLOCK
        filled = torch.cat((memories, memories[:1].expand(missing, -1, -1))).to(self.parts().device)
        adaptor = self.adaptor()
        return torch.cat([adaptor(block) for block in torch.split(filled, BLOCK)])[: len(memories)]

    def _rerank(self, pooled: Tensor, grouped: list[list[str]]) -> list[Caption]:
        """The candidate with the largest cosine to its image wins, the first of equals; each text is encoded once."""
        limit = self.config.inference.rerank_max_characters
        unique = list(dict.fromkeys(text[:limit] for group in grouped for text in group))
        features = self.parts().encoder.encode_texts(unique)  # (unique, D)
        index = {text: row for row, text in enumerate(unique)}
        captions = []
        for v, group in zip(pooled, grouped, strict=True):
            scores = [float((v.double() * features[index[text[:limit]]].double()).sum()) for text in group]
            candidates = tuple(Candidate(text, score) for text, score in zip(group, scores, strict=True))
            captions.append(Caption(candidates, chosen=scores.index(max(scores))))
        return captions
