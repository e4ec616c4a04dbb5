"""What a stage asks of the node that it is placed on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zsbench.cores import count_threads
from zsbench.interfaces import MachineNeeds, Resources

__all__ = ["Node", "TaskNeeds", "choose_threads", "find_needs"]

Node = Mapping[str, float]
"""What a node of the cluster has in all: ``CPU``, ``GPU``, and ``memory`` in bytes."""


@dataclass(frozen=True)
class TaskNeeds:
    """Room of one stage.

    Attributes:
        cpus: Cores; as many threads compute.
        gpus: Cards.
        memory: Bytes.
    """

    cpus: float
    gpus: int
    memory: int

    def fit(self, node: Node) -> bool:
        """Whether a node, with nothing else on it, has room."""
        enough = node.get("CPU", 0) >= self.cpus and node.get("memory", self.memory) >= self.memory
        return enough and node.get("GPU", 0) >= self.gpus


def find_needs(needs: MachineNeeds, threads: int, device: str, nodes: Iterable[Node]) -> TaskNeeds:
    """What a stage asks for; never more cores or memory than the largest node has, so that it can be placed.

    ``needs.alone`` makes no difference: each worker that scores starts a Java of its own, and asks for its memory.

    Args:
        needs: The stage's.
        threads: Threads that a stage computes with.
        device: The run's torch device.
        nodes: What each node has.
    """
    able = [node for node in nodes if node.get("CPU")]
    cpus = float(threads if needs.computes or needs.device else 1)
    return TaskNeeds(
        cpus=min([cpus, max((node["CPU"] for node in able), default=cpus)]),
        gpus=int(device.startswith("cuda") and needs.device),
        memory=int(min([needs.memory, max((node.get("memory", needs.memory) for node in able), default=needs.memory)])),
    )


def choose_threads(resources: Resources, nodes: Sequence[Node]) -> int:
    """Threads of a stage: the matrix's; else what a stage has on one machine, or a card's share of a node's cores."""
    if resources.threads is not None:
        return resources.threads
    if resources.device.startswith("cuda"):
        shares = [int(node.get("CPU", 1) // node["GPU"]) for node in nodes if node.get("GPU")]
        return max([1, *shares])
    return count_threads()
