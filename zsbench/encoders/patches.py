"""The check for captioners that work on patch tokens."""

from __future__ import annotations

from zsbench.errors import ConfigError
from zsbench.interfaces.encoder import Encoder

__all__ = ["check_encoder_patches"]


def check_encoder_patches(encoder: Encoder, *, captioner: str) -> None:
    """Assert that a loaded encoder gives patch tokens and attention.

    Args:
        encoder: The encoder, loaded.
        captioner: Id of the captioner that needs them.

    Raises:
        ConfigError: The encoder has none; the message names one that has.
    """
    if not encoder.has_patches:
        raise ConfigError(
            f"Captioner {captioner!r} works on patch tokens, and this encoder's image tower gives none.",
            "A plain vision transformer gives patch tokens and attention.",
            "Set the encoder to `model: ViT-B-32` with `pretrained: openai`, or take a captioner without sub-regions.",
            key="encoder",
        )
