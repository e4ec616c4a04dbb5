"""The options that say where the stages of a run are made."""

from __future__ import annotations

from typing import Annotated

import typer

from zsbench.errors import ConfigError

__all__ = ["AddressOption", "EngineOption", "StoreOption", "check_engine"]

EngineOption = Annotated[str, typer.Option(help="What places the stages: local, or an engine of a plugin.")]
AddressOption = Annotated[
    str, typer.Option(metavar="auto|HOST", help="Head of the engine's cluster; auto for the one that runs here.")
]
StoreOption = Annotated[
    str, typer.Option(metavar="URL", help="Where nodes without a common file system share, such as s3://bucket/dir.")
]


def check_engine(engine: str, address: str, store: str) -> None:
    """Refuse options of a cluster for the engine of one machine.

    Raises:
        ConfigError: One is given.
    """
    for name, value in (("address", address), ("store", store)):
        if value and engine == "local":
            raise ConfigError(
                f"--{name} {value} is given, and the engine is `local`.",
                "Only an engine of a cluster has it.",
                "Name such an engine, for example `--engine ray` of zsbench-ray, or leave it out.",
                source="the command line",
                key=name,
            )
