"""Whether an encoder gives what captioners of sub-regions need."""

from __future__ import annotations

from zsbench.errors import ConfigError
from zsbench.interfaces import ImageFeatures

__all__ = ["need_patches"]


def need_patches(features: ImageFeatures, captioner: str, encoder: str) -> None:
    """Refuse features without patch tokens or attention.

    Raises:
        ConfigError: There are none.
    """
    if features.patches is None or features.attention is None:
        raise ConfigError(
            f"Captioner {captioner!r} needs patch tokens, and encoder {encoder!r} has none.",
            "Vision transformers have them; ResNet and pooled towers do not.",
            "Choose one that has, for example `--set encoder.settings.model=ViT-B-32`.",
            key="encoder",
        )
