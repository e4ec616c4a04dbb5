"""The open_clip encoder; nothing heavy is imported before weights are loaded."""

from __future__ import annotations

from zsbench.encoders.patches import check_encoder_patches

__all__ = ["check_encoder_patches"]
