"""What the gap models with a fit share: checks of the data, and the state that is saved and restored.

Shapes: N texts, M images, D joint width. Nothing here imports torch at module level.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from zsbench.errors import FeatureError
from zsbench.interfaces.gap import GapModel, GapRequirement
from zsbench_gaps.features import check_width

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["FittedGapModel"]

NEEDED: Mapping[GapRequirement, tuple[str, ...]] = {
    "text": ("text",),
    "image": ("image",),
    "unpaired": ("text", "image"),
    "paired": ("text", "image"),
}
"""Which features a fit sees, by requirement; it refuses what it does not require."""


class FittedGapModel(GapModel):
    """A gap model whose state is estimated from features.

    Attributes:
        state_names: The tensors of the state; the last axis of each that has one is D.
    """

    state_names: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        self._state: dict[str, Tensor] = {}

    def fit(self, *, texts: Tensor | None = None, images: Tensor | None = None) -> None:
        """Estimate the state from ``(N, D)`` texts and ``(M, D)`` images, as ``requires`` says.

        Raises:
            FeatureError: Something required is missing, something that is not required is given, or features are
                empty, of another width, not finite or not of unit norm. What was estimated before is kept.
        """
        import torch

        _check_given(self.requires, {"text": texts, "image": images})
        if texts is not None and images is not None:
            check_width(images, texts.shape[-1], name="image")
            if self.requires == "paired":
                _check_pairs(texts, images)
        absent = torch.empty(0)
        estimated = self._estimate(absent if texts is None else texts, absent if images is None else images)
        self._state = {name: tensor.contiguous() for name, tensor in estimated.items()}

    @abstractmethod
    def _estimate(self, texts: Tensor, images: Tensor) -> dict[str, Tensor]:
        """The state under ``state_names``; what ``requires`` does not name is an empty tensor."""

    def state(self) -> dict[str, Tensor]:
        """What ``fit`` estimated, by the names of the class; empty before the fit."""
        return dict(self._state)

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over what ``state`` gave.

        Raises:
            FeatureError: A tensor is missing, not finite, or of another width than the others.
        """
        if missing := set(self.state_names) - set(state):
            raise FeatureError(f"The state lacks {sorted(missing)}.", f"It holds {list(self.state_names)}.", _REFIT)
        found = {name: state[name] for name in self.state_names}
        if broken := [name for name, tensor in found.items() if not bool(tensor.isfinite().all())]:
            raise FeatureError(f"{broken} of the state is not finite.", "A fit gives finite numbers.", _REFIT)
        if len({tensor.shape[-1] for tensor in found.values() if tensor.ndim}) > 1:
            shapes = {name: tuple(tensor.shape) for name, tensor in found.items()}
            raise FeatureError(f"The state has shapes {shapes}.", "All are of one width.", _REFIT)
        self._state = found

    def _fitted(self, name: str, features: Tensor) -> Tensor:
        """A tensor of the state as it was estimated, for features that are as wide.

        Raises:
            FeatureError: There is no state, or the features are of another width.
        """
        if not self._state:
            found = f"The gap model {type(self).__name__} has no state."
            raise FeatureError(found, "It is fitted before it is used.", _REFIT)
        tensor = self._state[name]
        if tensor.ndim:
            check_width(features, tensor.shape[-1], name="given")
        return tensor


def _check_given(requires: GapRequirement, given: Mapping[str, Tensor | None]) -> None:
    """Refuse a fit without what it requires, or with what its declared requirement forbids."""
    for name, features in given.items():
        needed = name in NEEDED[requires]
        if needed and features is None:
            raise FeatureError(
                f"There are no {name} features.", f"The fit requires {requires} data, {name}s among them.", _REFIT
            )
        if not needed and features is not None:
            raise FeatureError(
                f"The fit was given {name} features.",
                f"It declares that it requires {requires} data and nothing else.",
                f"Leave the {name}s out: what a fit sees must be what tables say it saw.",
            )


def _check_pairs(texts: Tensor, images: Tensor) -> None:
    """Refuse texts and images that are not one to one."""
    if len(texts) != len(images):
        raise FeatureError(
            f"There are {len(texts)} texts and {len(images)} images.",
            "Row i of the images belongs to text i.",
            "Repeat an image for each of its texts.",
        )


_REFIT = "Fit it again: `zsbench run` does so from the corpus, and from the images that `gap_fit` names."
