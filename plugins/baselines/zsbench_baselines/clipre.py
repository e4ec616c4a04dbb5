"""CLIPRe: say what somebody once said of the most similar thing."""

from __future__ import annotations

from typing import ClassVar

from zsbench.errors import CaptionerError
from zsbench.interfaces import (
    Candidate,
    Caption,
    Captioner,
    CaptionerNeeds,
    CaptionerResources,
    CorpusFeatures,
    ImageBatch,
)
from zsbench_baselines.config import CLIPRE_NEEDS, ClipReConfig
from zsbench_baselines.nearest import Neighbour, find_nearest

__all__ = ["ClipRe"]


class ClipRe(Captioner[ClipReConfig]):
    """The caption of the text corpus whose feature has the largest cosine with the image's; nothing is trained.

    Texts that occur several times in the corpus count several times among the listed candidates.
    Source: the retrieval baseline of Su et al. 2022 (MAGIC, arXiv 2205.02655).
    """

    needs: ClassVar[CaptionerNeeds] = CLIPRE_NEEDS

    def __init__(self, config: ClipReConfig) -> None:
        super().__init__(config)
        self._memory: CorpusFeatures | None = None

    def load(self, resources: CaptionerResources) -> None:
        """Take the corpus over.

        Raises:
            CaptionerError: There is no corpus, or it is empty.
        """
        if resources.memory is None or not len(resources.memory):
            raise _error("CLIPRe was given no texts.", "It retrieves from a text corpus.", "Name one in the matrix.")
        self._memory = resources.memory

    def caption(self, batch: ImageBatch) -> list[Caption]:
        """The nearest captions of B images, scored by their cosines; of equals the first of the corpus wins."""
        if self._memory is None:
            raise _error("CLIPRe has no texts yet.", "They are loaded first.", "Call `load` before `caption`.")
        found = find_nearest(batch.features.pooled, self._memory.features, self.config.inference.candidates)
        return [Caption(tuple(self._candidate(self._memory, one) for one in ranked)) for ranked in found]

    def _candidate(self, memory: CorpusFeatures, neighbour: Neighbour) -> Candidate:
        """A text of the corpus with its cosine."""
        return Candidate(memory.texts[neighbour.index], neighbour.cosine)


def _error(found: str, expected: str, remedy: str) -> CaptionerError:
    """An error of this captioner."""
    return CaptionerError(found, expected, remedy, captioner="clipre")
