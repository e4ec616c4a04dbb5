"""The stage text-features: features of a corpus, or of a task's references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zsbench.stages.row_file import write_text_features
from zsbench.stages.stage import Stage

if TYPE_CHECKING:
    from zsbench.components import EncoderChoice, TextSource
    from zsbench.interfaces.specs import Factory
    from zsbench.stages.context import StageContext

__all__ = ["TextEncoding"]


@dataclass(frozen=True, eq=False, kw_only=True)
class TextEncoding(Stage):
    """Writes ``features.npy``, ``(N, D)`` float32: one row a text.

    Attributes:
        encoder: Encodes.
        source: The texts.
    """

    kind: ClassVar[str] = "text-features"
    turn: ClassVar[int] = 0
    libraries: ClassVar[tuple[str, ...]] = ("torch", "numpy", "tokenizers", "transformers")

    encoder: EncoderChoice
    source: TextSource

    @property
    def label(self) -> str:
        """The texts' name."""
        return self.source.label

    @property
    def inputs(self) -> tuple[Stage, ...]:
        """None."""
        return ()

    @property
    def on_device(self) -> bool:
        """The encoder does."""
        return True

    @property
    def weights(self) -> Iterable[int]:
        """The encoder's."""
        return (self.encoder.encoder.weights_bytes,)

    def material(self) -> Mapping[str, Any]:
        """Encoder and texts."""
        return {"encoder": self.encoder.content, "texts": self.source.content}

    def components(self) -> Iterable[Factory]:
        """The encoder."""
        return self.encoder.factories

    def run(self, folder: Path, context: StageContext) -> bool:
        """Encode the texts; rows that an interrupted run finished are kept."""
        write_text_features(folder / "features.npy", self.source.texts, context.encoder(self.encoder), context.progress)
        return True
