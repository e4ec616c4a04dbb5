"""What a captioner is given of some items: features and sub-regions from the store, and whatever else it needs."""

from __future__ import annotations

from collections.abc import Sequence

from zsbench.images import read_image
from zsbench.interfaces import CaptionerNeeds, ImageBatch, ImageFeatures
from zsbench.plan import Item, Prediction
from zsbench.runner.features import ImageFeatureReader
from zsbench.runner.patches import need_patches
from zsbench.runner.regions import RegionReader
from zsbench.runner.workbench import Workbench, generator
from zsbench.seeds import derive_seed

__all__ = ["BatchReader"]


class BatchReader:
    """Reads batches of a prediction's items.

    Attributes:
        unreadable: By row of the image features, why an image could not be read.
    """

    def __init__(self, work: Prediction, bench: Workbench) -> None:
        self._work, self._bench = work, bench
        self._images = ImageFeatureReader(bench.places[work.images])
        self._regions = RegionReader(bench.places[work.regions]) if work.regions else None
        self.unreadable = self._images.unreadable

    def read(self, items: Sequence[Item], needs: CaptionerNeeds) -> ImageBatch:
        """The images of some items, with whatever the captioner needs.

        Raises:
            ConfigError: It needs patch tokens, and the encoder has none.
        """
        work, rows = self._work, [item.row for item in items]
        regions = None if self._regions is None else self._regions.read(rows)
        features = self._images.read(rows) if regions is None else ImageFeatures(self._images.pooled(rows))
        if needs.patches and regions is None:
            need_patches(features, work.captioner.id, work.encoder.id)
        purpose = "caption" if items[0].question is None else "answer"
        references = self._bench.references(*work.references) if work.references else None
        return ImageBatch(
            ids=tuple(item.id for item in items),
            features=features,
            generators=tuple(generator(derive_seed(work.seed, purpose, item.id)) for item in items),
            images=tuple(read_image(item.path, id=item.id) for item in items) if needs.pixels else None,
            references=tuple(references[item.row] for item in items) if references else None,
            regions=regions,
        )
