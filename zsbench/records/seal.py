"""Seals: checksums that tell whether a record is what was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zsbench.errors import HashMismatchError

__all__ = ["broken_seal", "check_seal", "hash_bytes", "seal_document"]


def hash_bytes(content: bytes) -> str:
    """SHA-256."""
    return hashlib.sha256(content).hexdigest()


def seal_document(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document without its seal, whatever its layout."""
    bare = {key: value for key, value in document.items() if key != "seal"}
    return hash_bytes(json.dumps(bare, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode())


def check_seal(document: Mapping[str, Any], path: Path) -> None:
    """Refuse a document that was changed after it was sealed.

    Raises:
        HashMismatchError: Its seal is not that of its content.
    """
    expected = seal_document(document)
    if document.get("seal") != expected:
        raise broken_seal(path, str(document.get("seal")), expected)


def broken_seal(path: Path, told: str, found: str) -> HashMismatchError:
    """The error of a file that is not what was written."""
    return HashMismatchError(
        f"{path} has SHA-256 {found[:12]} where {told[:12] or 'nothing'} was written down: it was cut or edited.",
        "A record is what zsbench wrote.",
        "Restore it (`git checkout -- FILE` for a committed one), or run again to write a new record.",
        path=path,
    )
