"""Does the second softmax matter? A sub-region is weighted by its attention row itself.

The public code puts a softmax over the row, which already sums to one; the outcome is nearly the mean of all tokens.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["CHANGES", "ID", "SUMMARY"]

ID = "maccap-attention-row"
SUMMARY = "MacCap with the attention row itself as the weights of a sub-region"
CHANGES = MappingProxyType({"inference.attention_weights": "row"})
