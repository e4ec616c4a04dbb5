"""The contract of a stage: a piece of a run whose output is kept under a key of everything it depends on.

Each kind of stage is one class in a file of its own: what its inputs are, what else its output depends on, how it runs,
and what it needs of a machine. Whoever plans, keys, orders, places or runs stages reads these classes.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zsbench.code.closure import CodeHashes
from zsbench.code.factories import code_modules, name_factory
from zsbench.cores import count_threads
from zsbench.fingerprints import hash_json
from zsbench.interfaces.machine import MachineNeeds

if TYPE_CHECKING:
    from zsbench.code import Code
    from zsbench.fingerprints import FileHashes
    from zsbench.interfaces.specs import Factory
    from zsbench.stages.context import StageContext

__all__ = ["Setup", "Stage"]

KEY_DIGITS = 32
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
GIGABYTE = 1_000_000_000
COPIES = 2
"""Weights stand in memory twice while they are loaded."""


@dataclass(frozen=True)
class Setup:
    """What all stages of a plan have in common.

    Attributes:
        code: Hashes of code.
        hashes: Hashes of files that settings name.
        device: The run's torch device.
        threads: CPU threads that a stage computes with: the matrix's, or what torch takes by itself here.
    """

    code: CodeHashes
    hashes: FileHashes
    device: str = "cpu"
    threads: int = field(default_factory=count_threads)


@dataclass(frozen=True, eq=False, kw_only=True)
class Stage(ABC):
    """One piece of work.

    A subclass is a frozen dataclass of what it works on. Its output depends on nothing but its ``material``, its
    inputs, the device it computes on, its libraries and its code; all of them are in its key.

    Attributes:
        kind: What people call such a stage; its folder in the store.
        turn: Where several stages are ready, the lowest turn goes first: what most others wait for, then what ends a
            cell.
        memory: Bytes that it takes beside weights.
        libraries: Distributions whose arithmetic or decoding touches the output, beyond those that its code imports.
        computes: Whether it runs torch at all; what does not can be made beside the stages that do.
        alone: Whether one worker makes all stages of the kind, so that a program that it starts serves the run.
        setup: What it has in common with the other stages of its plan.
    """

    kind: ClassVar[str]
    turn: ClassVar[int]
    memory: ClassVar[int] = GIGABYTE
    libraries: ClassVar[tuple[str, ...]] = ()
    computes: ClassVar[bool] = True
    alone: ClassVar[bool] = False

    setup: Setup

    @property
    @abstractmethod
    def label(self) -> str:
        """What people read; the same in every plan that asks for the same."""

    @property
    @abstractmethod
    def inputs(self) -> tuple[Stage, ...]:
        """The stages whose outputs it reads."""

    @abstractmethod
    def material(self) -> Mapping[str, Any]:
        """What else its output depends on, as JSON: settings, and content of data and weights by hash."""

    @abstractmethod
    def components(self) -> Iterable[Factory]:
        """The factories of the components that it runs; their code, and what that imports, counts."""

    @abstractmethod
    def run(self, folder: Path, context: StageContext) -> bool:
        """Write the output into a folder, where an interrupted run may have left finished parts.

        Returns:
            Whether the output is final; one that is not is made again by the next run.
        """

    @property
    def on_device(self) -> bool:
        """Whether it computes on the run's device; otherwise on the CPU."""
        return False

    @property
    def weights(self) -> Iterable[int]:
        """Bytes of the weights of each model that it may load."""
        return ()

    @property
    def seen(self) -> tuple[Stage, ...]:
        """The stages whose keys count: its inputs, unless it reads a part of one that another stage makes alike."""
        return self.inputs

    def without(self) -> Iterable[str]:
        """Modules that its components import and that it does not run."""
        return ()

    @property
    def input_keys(self) -> tuple[str, ...]:
        """Keys of its inputs."""
        return tuple(stage.key for stage in self.inputs)

    @cached_property
    def code(self) -> Code:
        """The import closure of this class and of its components."""
        modules = code_modules(type(self)).union(*map(code_modules, self.components()))
        return self.setup.code.find(modules, without=self.without())

    @cached_property
    def depends_on(self) -> Mapping[str, Any]:
        """Everything that the key is made from, by part; kept beside the output, so that a change can be named."""
        libraries = {"python": PYTHON, **self.setup.code.versions(self.libraries), **self.code.libraries}
        arithmetic = {"device": self.setup.device.partition(":")[0] if self.on_device else "cpu"}
        if (self.computes or self.on_device) and arithmetic["device"] == "cpu":
            arithmetic["threads"] = str(self.setup.threads)  # sums may round otherwise
        return {
            "material": self.material(),
            "inputs": _name_inputs(self.seen),
            "components": sorted({name_factory(factory) for factory in self.components() if factory}),
            "arithmetic": arithmetic,
            "libraries": dict(sorted(libraries.items())),
            "code": self.code.modules,
        }

    @cached_property
    def key(self) -> str:
        """Hash of the kind and of everything that the output depends on, 32 hex digits."""
        inputs = [stage.key for stage in self.seen]  # in order: a difference has a sign
        parts = {**self.depends_on, "inputs": inputs, "code": self.code.digest}
        return hash_json({"kind": self.kind, **parts})[:KEY_DIGITS]

    def find_edits(self) -> list[str]:
        """Modules and files whose content is no longer what the key holds; looked at anew on the disk."""
        now = replace(self, setup=replace(self.setup, code=CodeHashes(self.setup.hashes)))
        code = {**self.code.modules, **_files(self.depends_on)}, {**now.code.modules, **_files(now.depends_on)}
        return sorted({name for name in {*code[0], *code[1]} if code[0].get(name) != code[1].get(name)})

    @property
    def needs(self) -> MachineNeeds:
        """What it needs of the machine that makes it."""
        return MachineNeeds(
            memory=self.memory + COPIES * sum(self.weights),
            device=self.on_device,
            computes=self.computes,
            alone=self.alone,
        )


def _files(depends_on: Mapping[str, Any]) -> Mapping[str, str]:
    """Hash by setting of the files that settings name."""
    found: Mapping[str, str] = depends_on["material"].get("files", {})
    return found


def _name_inputs(stages: Sequence[Stage]) -> dict[str, str]:
    """Keys of stages by their names; several of one name are numbered."""
    names = [f"{stage.kind} of {stage.label}" for stage in stages]
    numbers = [names[:place].count(name) + 1 for place, name in enumerate(names)]
    named = [name if number == 1 else f"{name} ({number})" for name, number in zip(names, numbers, strict=True)]
    return {name: stage.key for name, stage in zip(named, stages, strict=True)}
