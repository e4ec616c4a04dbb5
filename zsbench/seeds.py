"""Seeds of independent random streams, derived from names, so that no result depends on order or batch."""

from __future__ import annotations

import hashlib

__all__ = ["derive_seed"]


def derive_seed(*parts: str | int) -> int:
    """A 63-bit seed from the names of a stream, such as ``(run seed, "caption", example id)``."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
