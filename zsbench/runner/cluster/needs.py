"""What a stage needs of the node it is placed on, from what it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zsbench.plan import Stage
from zsbench.runner.side_by_side import Resources, count_cores

__all__ = ["Needs", "choose_threads", "find_needs", "fits"]

Node = Mapping[str, float]
"""What a node of the cluster has in all: ``CPU``, ``GPU``, and ``memory`` in bytes."""
GIGABYTE = 1_000_000_000
MEMORY = {
    "text-features": 1 * GIGABYTE,
    "image-features": 1 * GIGABYTE,
    "gap-fit": 1 * GIGABYTE,
    "train": 2 * GIGABYTE,
    "references": 2 * GIGABYTE,
    "predict": 2 * GIGABYTE,
    "read": 2 * GIGABYTE,
    "score": 3 * GIGABYTE,
    "compare": 1 * GIGABYTE,
}
"""Bytes beside the weights: Python with torch is half a gigabyte; METEOR's and CoreNLP's Java take 2 more."""
ON_DEVICE = frozenset({"text-features", "image-features", "train", "predict", "read"})
"""The kinds that compute on the device whatever they are asked."""
COPIES = 2
"""Weights stand in memory twice while they are loaded."""


@dataclass(frozen=True)
class Needs:
    """Room of one stage.

    Attributes:
        cpus: Cores; as many threads compute.
        gpus: Cards.
        memory: Bytes.
    """

    cpus: float
    gpus: int
    memory: int


def find_needs(stage: Stage, threads: int, device: str, nodes: Iterable[Node]) -> Needs:
    """What a stage asks for; never more cores or memory than the largest node has, so that it can be placed.

    Args:
        stage: The stage.
        threads: Threads that it computes with.
        device: The run's torch device.
        nodes: What each node has.
    """
    able = [node for node in nodes if node.get("CPU")]
    needed = MEMORY[stage.kind] + COPIES * _weights_bytes(stage)
    return Needs(
        cpus=min([float(threads), max((node["CPU"] for node in able), default=float(threads))]),
        gpus=int(device.startswith("cuda") and _computes_on_device(stage)),
        memory=int(min([needed, max((node.get("memory", needed) for node in able), default=needed)])),
    )


def choose_threads(resources: Resources, nodes: Sequence[Node]) -> int:
    """Threads of a stage: the matrix's; else what a stage has on one machine, or a card's share of a node's cores."""
    if resources.threads is not None:
        return resources.threads
    if resources.device.startswith("cuda"):
        shares = [int(node.get("CPU", 1) // node["GPU"]) for node in nodes if node.get("GPU")]
        return max([1, *shares])
    return count_cores()


def fits(needs: Needs, node: Node) -> bool:
    """Whether a node, with nothing else on it, has room."""
    enough = node.get("CPU", 0) >= needs.cpus and node.get("memory", needs.memory) >= needs.memory
    return enough and node.get("GPU", 0) >= needs.gpus


def _computes_on_device(stage: Stage) -> bool:
    """Whether a stage uses the card: those that run a model, and scoring with an encoder."""
    return stage.kind in ON_DEVICE or getattr(stage.work, "similarity", None) is not None


def _weights_bytes(stage: Stage) -> int:
    """Size of the weights' files of the models that a stage may load."""
    holders = (stage.work, getattr(stage.work, "similarity", None))
    models = [choice.encoder for holder in holders if (choice := getattr(holder, "encoder", None)) is not None]
    if (choice := getattr(stage.work, "language_model", None)) is not None:
        models.append(choice.model)
    return sum(model.weights_bytes for model in models)
