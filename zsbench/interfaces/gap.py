"""The contract of a gap model: it carries features of one modality to the other.

Shapes: N items, K features an item, D joint width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from zsbench.interfaces.records import Frozen

if TYPE_CHECKING:
    from torch import Generator, Tensor

__all__ = ["GapModel", "GapRequirement", "GapSetting"]

GapRequirement = Literal["none", "text", "image", "unpaired", "paired"]


class GapSetting(Frozen):
    """Which gap model to use and how; part of a captioner's settings, for training and for inference apart."""

    id: str = Field(default="none", description="id of a registered gap model")
    settings: Mapping[str, float | int | str | bool] = Field(default_factory=dict, description="its settings")


class GapModel(ABC):
    """Models the modality gap between text and image features of one encoder.

    The constructor stores a frozen config. Models with ``requires != "none"`` are fitted, saved with the hash of
    what they saw, and restored from their state. Renormalisation is the gap model's business: what comes out has
    the norm that the model's docstring states.

    Attributes:
        requires: The data a fit needs. ``paired`` ends zero-shot claims and is marked in every table.
    """

    requires: ClassVar[GapRequirement] = "none"

    def fit(self, *, texts: Tensor | None = None, images: Tensor | None = None) -> None:
        """Estimate the model's state; a model that requires nothing does nothing.

        Args:
            texts: ``(N, D)`` float32, unit norm; None unless ``requires`` is text, unpaired or paired.
            images: ``(M, D)`` float32, unit norm; None unless ``requires`` is image, unpaired or paired;
                row i belongs to text i when paired.

        Raises:
            FeatureError: The features are empty, not finite, of another width, or not unit norm.
        """

    @abstractmethod
    def text_to_image(self, features: Tensor, generator: Generator) -> Tensor:
        """Carry text features to the image side; used in training.

        Args:
            features: ``(N, D)`` or ``(N, K, D)`` float32, unit norm; not modified.
            generator: The only source of randomness; lives on the device of ``features``.

        Returns:
            Features of the same shape, dtype and device.
        """

    @abstractmethod
    def image_to_text(self, features: Tensor, generator: Generator) -> Tensor:
        """Carry image features to the text side; used at inference. As ``text_to_image``, the other way round.

        ``features`` may be un-normalised (a fusion of several unit vectors).
        """

    def state(self) -> dict[str, Tensor]:
        """What ``fit`` estimated, as named tensors; empty for a model without a fit."""
        return {}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over what an equal model's ``state`` gave."""
