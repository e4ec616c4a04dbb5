"""A training under way: everything that a step changes, to be kept in a journal and taken up again.

The place in the data is no more than the number of steps, because the order of the data comes from a stream of its own
that is drawn again from the start. What is drawn step by step, noise and masks of dropout, goes on from the state of
its generator.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor
from torch.amp import GradScaler
from torch.optim import Optimizer

from zsbench.interfaces import TrainingState
from zsbench_maccap.adaptor import Adaptor

__all__ = ["Course", "Streams"]

WEIGHTS, MOMENTS, RANDOM = "adaptor.", "optimiser.", "random."


@dataclass(frozen=True)
class Streams:
    """Independent random streams, so that settings of one do not move another; all from one generator."""

    initialisation: Generator
    order: Generator
    noise: Generator
    dropout: Generator

    @classmethod
    def fork(cls, generator: Generator, *, device: str) -> Streams:
        """Four seeds are drawn; masks of dropout are made where the activations are, all else on the CPU."""
        seeds = torch.randint(2**63 - 1, (4,), generator=generator).tolist()
        places = ("cpu", "cpu", "cpu", device)
        return cls(*(Generator(place).manual_seed(seed) for place, seed in zip(places, seeds, strict=True)))

    @property
    def drawn_by_step(self) -> dict[str, Generator]:
        """The streams whose place is not told by the number of steps."""
        return {"noise": self.noise, "dropout": self.dropout}


@dataclass
class Course:
    """What a training has come to.

    Attributes:
        adaptor: What is trained.
        optimiser: Its moments.
        scaler: The scale of the loss in float16.
        streams: Randomness.
        mask_seed: What the stream of dropout was seeded with; several processes derive the seed of each step from it.
        steps: Steps done.
        examples: Texts seen, repetitions counted.
        losses: Summed loss of each step, scalars on the device.
        counts: Tokens of each step.
    """

    adaptor: Adaptor
    optimiser: Optimizer
    scaler: GradScaler
    streams: Streams
    mask_seed: int
    steps: int = 0
    examples: int = 0
    losses: list[Tensor] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def note(self, loss: Tensor, count: int, examples: int) -> None:
        """One more step is done."""
        self.losses.append(loss)
        self.counts.append(count)
        self.steps += 1
        self.examples += examples

    def state(self) -> TrainingState:
        """Everything, for a journal."""
        tensors = {f"{WEIGHTS}{name}": tensor for name, tensor in self.adaptor.state_dict().items()}
        for index, moments in self.optimiser.state_dict()["state"].items():
            tensors.update({f"{MOMENTS}{index}.{name}": tensor for name, tensor in moments.items()})
        for name, generator in self.streams.drawn_by_step.items():
            tensors[f"{RANDOM}{name}"] = generator.get_state()
        tensors["losses"], tensors["counts"] = torch.stack(self.losses), torch.tensor(self.counts)
        facts: dict[str, int | float | str] = {
            "examples": self.examples,
            "scaler": json.dumps(self.scaler.state_dict()),
        }
        return TrainingState(self.steps, tensors, facts)

    def take_up(self, state: TrainingState) -> None:
        """Go on from what ``state`` of an equal training gave."""
        tensors = state.tensors
        self.adaptor.load_state_dict(_under(WEIGHTS, tensors))
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under(MOMENTS, tensors).items():
            index, _, moment = name.partition(".")
            moments.setdefault(int(index), {})[moment] = tensor
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": moments})
        for name, generator in self.streams.drawn_by_step.items():
            generator.set_state(tensors[f"{RANDOM}{name}"])
        scaled: dict[str, Any] = json.loads(str(state.facts["scaler"]))
        if scaled:
            self.scaler.load_state_dict(scaled)
        self.steps, self.examples = state.steps, int(state.facts["examples"])
        device = next(self.adaptor.parameters()).device
        self.losses, self.counts = list(tensors["losses"].to(device).unbind()), tensors["counts"].tolist()


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin so, without the beginning."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
