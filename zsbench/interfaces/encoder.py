"""The contract of a frozen image-text dual encoder.

Shapes: B images, N texts, P patch tokens, D joint width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from zsbench.fingerprints import FileHashes
    from zsbench.flops import FlopCounter

__all__ = ["Encoder", "ImageFeatures", "ImageFit"]

ImageFit = Literal["crop", "squash", "pad"]
"""What of an image an encoder sees: the square in the middle, all of it squashed, or all of it padded."""


@dataclass(frozen=True)
class ImageFeatures:
    """What an encoder says about B images; every tensor is float32 on the CPU.

    Attributes:
        pooled: ``(B, D)``, unit norm: the global image feature.
        patches: ``(B, P, D)``, unit norm, in the joint space, or None for a tower without patch tokens.
        class_token: ``(B, D)``, unit norm: the class token after the final layer norm and the visual projection
            (equal to ``pooled`` where the tower pools its class token), or None.
        attention: ``(B, 1+P, 1+P)``, rows sum to 1: the last block's attention, averaged over heads, class token
            first, or None.
    """

    pooled: Tensor
    patches: Tensor | None = None
    class_token: Tensor | None = None
    attention: Tensor | None = None

    def select(self, rows: slice) -> ImageFeatures:
        """The same features for a slice of the images."""
        return ImageFeatures(
            self.pooled[rows],
            None if self.patches is None else self.patches[rows],
            None if self.class_token is None else self.class_token[rows],
            None if self.attention is None else self.attention[rows],
        )


class Encoder(ABC):
    """A frozen dual encoder: images and texts become unit vectors of one space.

    The constructor stores settings and loads nothing; ``load`` puts the weights on a device.
    Source: CLIP (Radford et al. 2021, arXiv 2103.00020).

    Attributes:
        hashes: Remembered hashes of files, which a plan sets so that ``fingerprint`` need not read weights again.
        meter: Where the encoder counts its work under ``encode-texts`` and ``encode-images``, which a profiled run
            sets; see ``zsbench.flops``.
    """

    fingerprint_holds_settings: ClassVar[bool] = False
    """Whether every setting that moves a feature is in the fingerprint; if not, all settings are in the keys."""
    hashes: FileHashes | None = None
    meter: FlopCounter | None = None

    @property
    def image_fit(self) -> ImageFit | None:
        """What of an image the tower sees, so that patches can be drawn over it; None if it is not known.

        ``crop`` is the square in the middle, ``squash`` all of it made a square, ``pad`` all of it within a square.
        Needs no loaded weights.
        """
        return None

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Hash of weights content, preprocessing, tokenizer and library version; needs no loaded weights."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """D, the joint width; needs ``load`` first."""

    @property
    @abstractmethod
    def has_patches(self) -> bool:
        """Whether ``encode_images`` gives patch tokens and attention; needs ``load`` first."""

    @property
    def weights_bytes(self) -> int:
        """Size of the weights' files, by which an engine finds a place with enough memory; 0 if nobody knows."""
        return 0

    @abstractmethod
    def load(self, device: str = "cpu") -> None:
        """Put the frozen weights on a device; slow.

        Args:
            device: A torch device name such as ``cpu`` or ``cuda:0``.

        Raises:
            MissingWeightsError: The weights are not on this machine and downloads are not allowed.
            ConfigError: The settings contradict what the weights were trained for.
        """

    @abstractmethod
    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Features of N texts: ``(N, D)`` float32 on the CPU, unit norm, in the order given.

        The result of a text does not depend on which other texts are encoded with it.
        """

    @abstractmethod
    def encode_images(self, images: Sequence[Image]) -> ImageFeatures:
        """Features of B images, in the order given; no image's result depends on the others."""

    @property
    def images_at_once(self) -> int:
        """How many images it computes at once: multiples of this waste nothing; needs ``load`` first."""
        return 1

    def image_preparation(self) -> Callable[[Image], Any]:
        """What turns one image into what ``encode_prepared`` takes; needs ``load`` first.

        It runs ahead of the encoder in other threads and processes, so it touches no device and can be pickled.
        By default an image stays as it is.
        """
        return _leave

    def encode_prepared(self, prepared: Sequence[Any] | Tensor, *, patches: bool = True) -> ImageFeatures:
        """Features of B prepared images: those that ``encode_images`` gives of the images themselves.

        Args:
            prepared: One entry an image, or tensors of equal shape stacked to one ``(B, ...)``.
            patches: Whether patch tokens and attention are wanted; without them, less may be computed.
        """
        return self.encode_images(list(prepared))


def _leave(image: Image) -> Image:
    """The image as it is."""
    return image
