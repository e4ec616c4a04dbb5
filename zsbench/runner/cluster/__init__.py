"""The Ray engine: stages as tasks on a cluster whose nodes share the store's file system."""

from __future__ import annotations
