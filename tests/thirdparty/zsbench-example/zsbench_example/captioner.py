"""A captioner that looks at no image: the caption that is most common in the corpus."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from pydantic import Field

from zsbench.errors import CaptionerError
from zsbench.interfaces import Candidate, Caption, Captioner, CaptionerNeeds, CaptionerResources, Frozen, ImageBatch

__all__ = ["MostCommonCaption", "MostCommonConfig"]


class MostCommonConfig(Frozen):
    """Settings of ``example-most-common``."""

    min_words: int = Field(default=1, ge=1, description="shorter captions are not considered")


class MostCommonCaption(Captioner[MostCommonConfig]):
    """Every image gets the most common caption of the corpus, the first of those that tie."""

    needs: ClassVar[CaptionerNeeds] = CaptionerNeeds(memory=True)

    def __init__(self, config: MostCommonConfig) -> None:
        super().__init__(config)
        self._caption: Caption | None = None

    def load(self, resources: CaptionerResources) -> None:
        """Count the captions.

        Args:
            resources: Their ``memory`` holds the corpus.

        Raises:
            CaptionerError: There is no corpus, or no caption in it is long enough.
        """
        texts = () if resources.memory is None else resources.memory.texts
        counts = Counter(text for text in texts if len(text.split()) >= self.config.min_words)
        if not counts:
            raise CaptionerError(
                f"The corpus has no caption of {self.config.min_words} or more words.",
                "At least one is needed.",
                "Name another corpus, or lower `min_words`.",
                captioner="example-most-common",
            )
        ((text, count),) = counts.most_common(1)
        self._caption = Caption((Candidate(text, score=count / counts.total()),))

    def caption(self, batch: ImageBatch) -> list[Caption]:
        """The same caption for each of B images, scored by its share of the corpus.

        Raises:
            CaptionerError: ``load`` was not called.
        """
        if self._caption is None:
            raise CaptionerError(
                "The captioner is not loaded.",
                "`load` comes before `caption`.",
                "Call `load` with the corpus as memory.",
                captioner="example-most-common",
            )
        return [self._caption] * len(batch)
