"""Into a Ray cluster and out of it, without a word on the terminal."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from zsbench.cores import count_cores
from zsbench.errors import ConfigError, MissingDependencyError

__all__ = ["connect", "import_ray", "whole_address"]

PORT = 6379
"""Ray's own default."""
OBJECT_STORE_BYTES = 100_000_000
"""Of a cluster that is started for one run: stages hand on files, not objects."""
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""No statistics to anyone, and no tip about accelerators."""


def import_ray() -> Any:
    """The package.

    Raises:
        MissingDependencyError: It is not installed.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise MissingDependencyError(
            f"The engine `ray` cannot be used: {error}.",
            "It needs the package ray.",
            'Install it, on a Python that it has wheels for: `pip install "ray>=2.49"`.',
        ) from error
    return ray


def whole_address(address: str) -> str:
    """``auto``, ``local``, or a host with its port.

    Raises:
        ConfigError: The address is a URL: Ray's client has no place on the cluster's file system.
    """
    if "://" in address:
        raise ConfigError(
            f"--address got {address!r}.",
            "It takes auto, local or HOST[:PORT] of the head; the command itself runs on a node of the cluster.",
            "Log in to a node and give `--address auto`, or send the command with `ray job submit`.",
            source="--address",
            key="address",
        )
    return address if address in {"", "auto", "local"} or ":" in address else f"{address}:{PORT}"


@contextlib.contextmanager
def connect(address: str, tell: Callable[[str], None]) -> Iterator[Any]:
    """Ray, connected to a cluster for the length of the block.

    Args:
        address: Of the cluster; ``auto`` for the one that runs here, ``local`` to start one on this machine for this
            run, empty for one of the two, whichever is possible.
        tell: Told if a cluster is started.

    Raises:
        MissingDependencyError: Ray is not installed.
        ConfigError: There is no such cluster, it runs another Ray or Python, or it was lost.
    """
    ray = import_ray()
    chosen = whole_address(address)
    if ray.is_initialized():  # by the program that calls us: it will also end it
        yield ray
        return
    with contextlib.redirect_stdout(io.StringIO()):  # Ray's threads print what raylets say
        _join(ray, chosen, tell)
        try:
            yield ray
        except ray.exceptions.RayError as error:
            raise ConfigError(
                f"The Ray cluster was lost: {_first_line(error)}",
                "The head and this node live as long as the run.",
                "Start the cluster again, and run the same command: it continues.",
                source="--address",
                key="address",
            ) from error
        finally:
            ray.shutdown()


def _join(ray: Any, address: str, tell: Callable[[str], None]) -> None:
    """Connect to a cluster, or start one."""
    if address != "local":
        try:
            _start(ray, address=address or "auto")
        except ConnectionError as error:
            if address:
                raise _no_cluster(address, error) from error
        except (RuntimeError, ValueError) as error:
            raise _unfit(address or "auto", error) from error
        else:
            return
    cores = count_cores()
    tell(f"A Ray cluster of this run alone is started on this machine, with {cores} CPUs.")
    _start(ray, address="local", num_cpus=cores, object_store_memory=OBJECT_STORE_BYTES, include_dashboard=False)


def _start(ray: Any, **settings: Any) -> None:
    """``ray.init`` without output."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Ray about itself
        ray.init(log_to_driver=False, logging_level=logging.CRITICAL, **settings)


def _no_cluster(address: str, error: Exception) -> ConfigError:
    """Nobody answers."""
    return ConfigError(
        f"There is no Ray cluster at {address!r}: {_first_line(error)}",
        "--address names the head of a cluster that runs, and this machine is one of its nodes.",
        "Start one with `ray start --head` here and `ray start --address HOST:6379` on the others.",
        source="--address",
        key="address",
    )


def _unfit(address: str, error: Exception) -> ConfigError:
    """Somebody answers who cannot be worked with; Ray compares its own version and Python's."""
    told = " ".join(str(error).split())
    return ConfigError(
        f"The Ray cluster at {address!r} cannot be joined: {told.rstrip('.')}.",
        "Every node and the command run the same Ray and Python, and this machine is a node.",
        "Start the cluster from the environment that runs this command.",
        source="--address",
        key="address",
    )


def _first_line(error: Exception) -> str:
    """The first sentence of what Ray says."""
    line = str(error).strip().partition("\n")[0]
    return line if line.endswith(".") else f"{line}."
