"""Tasks and corpora on a disk: making them, holding them against their cards, listing and verifying what is there."""

from __future__ import annotations

from zsbench.data.components import make_corpus, make_task
from zsbench.data.listing import DataEntry, list_data
from zsbench.data.splits import OfficialSplits, hash_ids
from zsbench.data.verify import Verification, verify_data

__all__ = [
    "DataEntry",
    "OfficialSplits",
    "Verification",
    "hash_ids",
    "list_data",
    "make_corpus",
    "make_task",
    "verify_data",
]
