"""Does it matter whether the class token may be selected? The paper speaks of patches; the public code allows it.

Everything else is the same: where the class token attends to itself most, one of the K patches gives way to it.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["CHANGES", "ID", "SUMMARY"]

ID = "maccap-class-token"
SUMMARY = "MacCap whose class token may be a sub-region"
CHANGES = MappingProxyType({"inference.allow_class_token": True})
