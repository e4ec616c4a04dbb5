"""The contract of an engine: it places the stages of a run, and what they compute does not depend on where.

A run gives its engine a ``Work``: the stages that are missing, as they become ready. The engine takes ready stages,
has each made somewhere, and says how it went::

    class OneByOne(Engine):
        def run(self, work: Work, resources: Resources) -> None:
            while ready := work.ready():
                work.start(ready[0])
                work.finish(ready[0], work.make(ready[0]))

``work.make`` makes a stage in this process. A process elsewhere plans the same run from the ``RunRequest`` and makes
the stage with the same key: see ``zsbench.runner.worker``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from zsbench.interfaces.machine import MachineNeeds

if TYPE_CHECKING:
    from zsbench.config import Matrix
    from zsbench.flops import FlopCount
    from zsbench.plugins import PluginControl
    from zsbench.store import Store

__all__ = [
    "Advance",
    "Engine",
    "MachineNeeds",
    "Resources",
    "RunRequest",
    "StageRecord",
    "StageState",
    "StageView",
    "Work",
]

StageState = Literal["cached", "done", "failed", "skipped", "not needed", "missing"]


class StageView(Protocol):
    """What an engine sees of a stage."""

    @property
    def kind(self) -> str:
        """Such as ``train``."""

    @property
    def label(self) -> str:
        """What people read."""

    @property
    def key(self) -> str:
        """Hash of everything that its output depends on; the same wherever the same run is planned."""

    @property
    def depends_on(self) -> Mapping[str, Any]:
        """Everything that the key is made from, by part, as JSON; two machines compare it to say what differs."""

    @property
    def turn(self) -> int:
        """Of several ready stages the lowest turn should go first."""

    @property
    def input_keys(self) -> tuple[str, ...]:
        """Keys of the stages whose outputs it reads."""

    @property
    def needs(self) -> MachineNeeds:
        """What it needs of a machine."""


@dataclass(frozen=True)
class StageRecord:
    """How one stage went.

    Attributes:
        state: cached, done, failed, skipped (an input failed) or not needed (what it feeds is cached).
        seconds: Time it took when it was made, now or in an earlier run.
        reason: Why it failed or was skipped.
        traceback: The failure's traceback.
        work: What a profiled run counted of it.
        remarks: What is worth saying of how it was made, such as a batch that was halved because memory ran out.
    """

    state: StageState
    seconds: float = 0.0
    reason: str = ""
    traceback: str = ""
    work: tuple[FlopCount, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resources:
    """What a run may use of this machine.

    Attributes:
        device: A torch device.
        threads: CPU threads that a stage computes with; None for torch's default.
        workers: Processes that make stages side by side.
        scorers: Processes beside them that only tokenise, score and compare: one where an accelerator captions, which
            then goes on with the next cell.
    """

    device: str = "cpu"
    threads: int | None = None
    workers: int = 1
    scorers: int = 0

    @property
    def processes(self) -> int:
        """Workers and scorers."""
        return self.workers + self.scorers


@dataclass(frozen=True)
class RunRequest:
    """A run as its command gave it: enough to plan the same run again on another machine.

    Attributes:
        matrix: What is run.
        data_root: Folder of the data, found already; None where a machine is to find its own, by the matrix.
        cache: Folder of the store and of file hashes.
        control: Which plugins are wanted and blocked.
        online: Whether weights may be downloaded.
        address: Of a cluster; empty for whatever the engine does without one.
        store_url: Where machines share stage outputs; empty if they share the cache's file system.
        workers: Stages that may be made at once; None for as many as there is room for.
        profile: Whether work is counted.
    """

    matrix: Matrix
    data_root: Path | None
    cache: Path
    control: PluginControl
    online: bool = False
    address: str = ""
    store_url: str = ""
    workers: int | None = None
    profile: bool = False


class Advance(Protocol):
    """Called by a stage as it advances."""

    def __call__(self, done: int, total: int, tokens: int = 0) -> None:
        """So much is done of so much; a training adds how many tokens it has learned from since it was started."""


class Work(ABC):
    """The stages of a run that are missing; every engine is given one.

    A process that was forked has a copy in which ``make`` works; it sends what ``make`` gives to the process that
    calls ``finish``.
    """

    @property
    @abstractmethod
    def stages(self) -> Sequence[StageView]:
        """Every stage that was missing when the run began, inputs before what reads them."""

    @abstractmethod
    def stage(self, key: str) -> StageView:
        """The stage with a key."""

    @abstractmethod
    def ready(self) -> Sequence[StageView]:
        """The stages whose inputs are there and that nobody has started, in the order in which they should go.

        Stages that wait for one that failed are skipped and told by themselves.
        """

    @property
    @abstractmethod
    def unfinished(self) -> int:
        """How many stages have no result yet, started ones included; the engine's work is done when there are none."""

    @abstractmethod
    def start(self, stage: StageView) -> None:
        """Note that a ready stage is being made; the person who waits is told, once however often it is started."""

    @abstractmethod
    def make(
        self,
        stage: StageView,
        *,
        cores: int | None = None,
        advance: Advance | None = None,
        remark: Callable[[str], None] | None = None,
    ) -> StageRecord:
        """Make a stage in this process; slow. Never raises for the stage's own failure.

        Args:
            stage: A stage whose inputs are there.
            cores: Cores that it may use; None for all that this process may use.
            advance: Told how far it has come; None tells the person who waits.
            remark: Told of what is worth saying; None tells the person who waits.
        """

    @abstractmethod
    def finish(self, stage: StageView, record: StageRecord) -> None:
        """Note how a started stage went; if it is done, its output is in the store."""

    @abstractmethod
    def give_up(self, stage: StageView) -> None:
        """Put a started stage back among the ready ones, such as after the loss of its worker."""

    @abstractmethod
    def advance(self, stage: StageView, done: int, total: int, tokens: int = 0) -> None:
        """Tell how far a stage that is made elsewhere has come."""

    @abstractmethod
    def remark(self, text: str) -> None:
        """Tell the person who waits something that is no failure."""

    @abstractmethod
    def note_process(self, memory: int) -> None:
        """Note the largest resident set, in bytes, of a process that made stages."""

    @abstractmethod
    def close(self) -> None:
        """Release what a forked process keeps for its stages, such as Java; a run closes its own."""


class Engine(ABC):
    """Places the stages of a run.

    Args:
        request: The run, as its command gave it.
    """

    def __init__(self, request: RunRequest) -> None:
        self.request = request

    def open_store(self, root: Path) -> Store | None:
        """Where outputs are kept, if the machines of the engine share another place than a folder.

        Args:
            root: The folder of this machine's own store.

        Returns:
            The store; None for the folder.
        """
        return None

    @abstractmethod
    def run(self, work: Work, resources: Resources) -> None:
        """Have every stage made; a stage that fails takes down only what waits for it.

        Args:
            work: What is missing.
            resources: What this machine has for it.

        Raises:
            ZsbenchError: The engine itself cannot go on.
        """
