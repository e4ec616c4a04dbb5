"""``Frozen``: the pydantic record that every configuration derives from."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Frozen"]


class Frozen(BaseModel):
    """An immutable settings record; unknown keys are refused and values are checked, not coerced from strings."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, protected_namespaces=())
