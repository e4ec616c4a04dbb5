"""MacCap (Qiu, Ning and He, AAAI 2024): zero-shot captioning from text-only training with sub-region features."""

from __future__ import annotations
