"""A gap model whose output is looked at before a captioner sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from zsbench.errors import FeatureError
from zsbench.interfaces.gap import GapModel

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from zsbench.registry import Owner

__all__ = ["CheckedGapModel"]


class CheckedGapModel(GapModel):
    """Does what another gap model does, and refuses features of another shape or dtype, or that are not finite.

    Args:
        model: The gap model.
        id_: Its id.
        owner: The plugin that provides it.
    """

    def __init__(self, model: GapModel, id_: str, owner: Owner) -> None:
        self._model = model
        self._id = id_
        self._owner = owner

    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """As the model.

        Raises:
            FeatureError: What comes out breaks the contract.
        """
        return self._checked(features, self._model.text_to_image(features, generator))

    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """As the model.

        Raises:
            FeatureError: What comes out breaks the contract.
        """
        return self._checked(features, self._model.image_to_text(features, generator))

    def state(self) -> dict[str, Tensor]:
        """As the model."""
        return self._model.state()

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """As the model."""
        self._model.load_state(state)

    def _checked(self, given: Tensor, carried: Tensor) -> Tensor:
        """What came out, if it may."""
        found = f"{tuple(carried.shape)} {carried.dtype}"
        wanted = f"{tuple(given.shape)} {given.dtype}"
        if found == wanted and bool(carried.isfinite().all()):
            return carried
        raise FeatureError(
            f"Gap model {self._id!r} made {found if found != wanted else 'values that are not finite'} of {wanted}.",
            "Shape and dtype stay as they are, and every value is finite.",
            f"Correct plugin {self._owner.plugin!r} ({self._owner.origin}): `zsbench plugins check {self._id}`.",
        )
