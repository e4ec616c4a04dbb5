"""An encoder that is loaded only if it is asked to encode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from zsbench.interfaces.encoder import Encoder, ImageFeatures

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

__all__ = ["DeferredEncoder"]


class DeferredEncoder(Encoder):
    """What a training is given: it knows the encoder's width and fingerprint, and its features are in the store.

    Args:
        fingerprint: The encoder's.
        dim: D, read off the features.
        load: Loads the encoder, for a captioner that encodes something of its own while it trains.
    """

    def __init__(self, fingerprint: str, dim: int, load: Callable[[], Encoder]) -> None:
        self._fingerprint = fingerprint
        self._dim = dim
        self._load = load

    @property
    def fingerprint(self) -> str:
        """The encoder's."""
        return self._fingerprint

    @property
    def dim(self) -> int:
        """D."""
        return self._dim

    @property
    def has_patches(self) -> bool:
        """As the encoder says; loads it."""
        return self._load().has_patches

    def load(self, device: str = "cpu") -> None:
        """Nothing yet."""

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """As the encoder does; loads it."""
        return self._load().encode_texts(texts)

    def encode_images(self, images: Sequence[Image]) -> ImageFeatures:
        """As the encoder does; loads it."""
        return self._load().encode_images(images)
