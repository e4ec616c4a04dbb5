"""Is it the noise? Nothing is added to a feature, neither in training nor at inference.

Without noise the adaptor overfits to the text side of the modality gap; all candidates of an image are equal, since
only noise tells them apart. Trains anew: it is the one ablation that changes ``training``.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["CHANGES", "ID", "SUMMARY"]

ID = "maccap-no-noise"
SUMMARY = "MacCap without region noise, in training and at inference"
CHANGES = MappingProxyType({"training.gap": {"id": "none"}, "inference.gap": {"id": "none"}})
