"""What a stage needs of the machine that makes it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MachineNeeds"]


@dataclass(frozen=True)
class MachineNeeds:
    """What a stage needs of the machine that makes it.

    Attributes:
        memory: Bytes of main memory, weights included.
        device: Whether it computes on the run's device, an accelerator where there is one.
        computes: Whether it runs torch; what does not can be made beside the stages that do.
        alone: Whether one process should make all stages of its kind: it keeps a program that serves them all.
    """

    memory: int
    device: bool = False
    computes: bool = True
    alone: bool = False
