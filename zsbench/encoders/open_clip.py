"""Any open_clip model behind the encoder contract; imports torch only when weights are loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from zsbench.encoders.settings import OpenClipConfig
from zsbench.encoders.sources import EncoderSource, fingerprint_source, resolve_source
from zsbench.fingerprints import FileHashes
from zsbench.flops import measure
from zsbench.interfaces.encoder import Encoder, ImageFeatures, ImageFit

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from zsbench.encoders.towers import DualTower

__all__ = ["OpenClipEncoder"]

IMAGE_FITS: dict[str, ImageFit] = {"shortest": "crop", "squash": "squash", "longest": "pad"}
"""By open_clip's name of a resize mode."""


class OpenClipEncoder(Encoder):
    """A frozen open_clip model.

    Activation and preprocessing are those that the weights were trained with. In float32 on a CPU a text's or an
    image's features are the same bits whatever it is encoded with.

    Args:
        config: Which model, and how.
        online: Whether missing weights may be downloaded.
        hashes: Remembered hashes of weights files, for ``fingerprint``; also an attribute.
    """

    fingerprint_holds_settings: ClassVar[bool] = True

    def __init__(self, config: OpenClipConfig, *, online: bool = False, hashes: FileHashes | None = None) -> None:
        self.config = config
        self.online = online
        self.hashes = hashes
        self._loaded: DualTower | None = None

    @property
    def fingerprint(self) -> str:
        """Hash of weights, settings, tokenizer, precision and open_clip's version.

        Raises:
            MissingWeightsError: The weights are not on this machine.
            ConfigError: The settings name nothing, or contradict the weights.
        """
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        hashes = self.hashes if self.hashes is not None else FileHashes()
        return fingerprint_source(self._source, precision=self.config.precision, hashes=hashes)

    @property
    def image_fit(self) -> ImageFit | None:
        """What of an image the tower sees: open_clip's resize mode, whose default cuts the square in the middle."""
        return IMAGE_FITS[self._source.preprocessing.get("resize_mode") or "shortest"]

    @cached_property
    def _source(self) -> EncoderSource:
        return resolve_source(self.config, online=self.online)

    @property
    def weights_bytes(self) -> int:
        """Size of the weights' file."""
        return self._source.weights.stat().st_size

    @property
    def dim(self) -> int:
        """D, the joint width."""
        return self._model.dim

    @property
    def has_patches(self) -> bool:
        """Whether the image tower is a vision transformer that gives patch tokens and attention."""
        return self._model.has_patches

    def load(self, device: str = "cpu") -> None:
        """Put the frozen weights on a device; slow.

        Raises:
            MissingWeightsError: The weights are not on this machine.
            ConfigError: The settings name nothing, or contradict the weights.
            CorruptDataError: The weights do not fit the settings.
        """
        from zsbench.encoders.towers import DualTower

        self._loaded = DualTower(self._source, self.config, device)

    def encode_texts(self, texts: Sequence[str]) -> Tensor:
        """Features of N texts: ``(N, D)`` float32 on the CPU, unit norm; long texts are cut at the context length."""
        with measure(self.meter, "encode-texts", unit="texts") as tally:
            tally.items += len(texts)
            return self._model.encode_texts(texts)

    def encode_images(self, images: Sequence[Image]) -> ImageFeatures:
        """Features of B images of any mode and size."""
        with measure(self.meter, "encode-images", unit="images") as tally:
            tally.items += len(images)
            return self._model.encode_images(images)

    @property
    def images_at_once(self) -> int:
        """Images of a forward pass."""
        return self._model.images_at_once

    def image_preparation(self) -> Callable[[Image], Tensor]:
        """Pixels of an image, as the weights were trained to see them."""
        return self._model.prepare

    def encode_prepared(self, prepared: Sequence[Tensor] | Tensor, *, patches: bool = True) -> ImageFeatures:
        """Features of B prepared images; global features are the same bits with and without patch tokens."""
        with measure(self.meter, "encode-images", unit="images") as tally:
            tally.items += len(prepared)
            return self._model.encode_prepared(prepared, patches=patches)

    @property
    def _model(self) -> DualTower:
        if self._loaded is None:
            raise RuntimeError("Call load() before the encoder is used.")
        return self._loaded
