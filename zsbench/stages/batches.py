"""What a captioner is given of some items: features from the store, and whatever else it needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zsbench.errors import ConfigError
from zsbench.images import read_image
from zsbench.interfaces.captioner import CaptionerNeeds, ImageBatch
from zsbench.interfaces.encoder import ImageFeatures
from zsbench.seeds import derive_seed
from zsbench.stages.context import StageContext, generator
from zsbench.stages.image_features import ImageFeatureReader

if TYPE_CHECKING:
    from zsbench.components import Item
    from zsbench.stages.prediction import Prediction

__all__ = ["BatchReader"]


class BatchReader:
    """Reads batches of a prediction's items.

    Attributes:
        unreadable: By row of the image features, why an image could not be read.
    """

    def __init__(self, work: Prediction, context: StageContext) -> None:
        self._work, self._context = work, context
        self._images = ImageFeatureReader(context.output(work.images))
        self.unreadable = self._images.unreadable

    def read(self, items: Sequence[Item], needs: CaptionerNeeds) -> ImageBatch:
        """The images of some items, with whatever the captioner needs.

        Raises:
            ConfigError: It needs patch tokens, and the encoder has none.
        """
        work = self._work
        features = self._images.read([item.row for item in items])
        if needs.patches:
            _need_patches(features, work.captioner.id, work.encoder.id)
        purpose = "caption" if items[0].question is None else "answer"
        references = self._context.references(*work.references) if work.references else None
        return ImageBatch(
            ids=tuple(item.id for item in items),
            features=features,
            generators=tuple(generator(derive_seed(work.seed, purpose, item.id)) for item in items),
            images=tuple(read_image(item.path, id=item.id) for item in items) if needs.pixels else None,
            references=tuple(references[item.row] for item in items) if references else None,
        )


def _need_patches(features: ImageFeatures, captioner: str, encoder: str) -> None:
    """Refuse features without patch tokens or attention.

    Raises:
        ConfigError: There are none.
    """
    if features.patches is None or features.attention is None:
        raise ConfigError(
            f"Captioner {captioner!r} needs patch tokens, and encoder {encoder!r} has none.",
            "Vision transformers have them; ResNet and pooled towers do not.",
            "Choose one that has, for example `--set encoder.settings.model=ViT-B-32`.",
            key="encoder",
        )
