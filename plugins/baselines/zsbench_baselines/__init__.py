"""Captioners of other shapes, to compare with."""

from __future__ import annotations
