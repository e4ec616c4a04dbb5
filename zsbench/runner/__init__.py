"""Executes a plan: stages, engines, and the run around them."""

from __future__ import annotations
