"""Gap models: how features of one modality are carried to the other."""

from __future__ import annotations
