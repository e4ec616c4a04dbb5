"""What features alone say about the modality gap: no captioner, no training."""

from __future__ import annotations
