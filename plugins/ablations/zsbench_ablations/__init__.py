"""MacCap without one of its ideas at a time; one file an idea."""

from __future__ import annotations
