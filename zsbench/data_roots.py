"""Where data lie: a folder that is given, or one that a plugin writes on demand."""

from __future__ import annotations

from pathlib import Path

from zsbench.errors import ConfigError, MissingDataError
from zsbench.interfaces.specs import DataRootSpec
from zsbench.registry import Registry, load_object

__all__ = ["find_data_root"]


def find_data_root(given: str | None, registry: Registry, cache: Path) -> Path:
    """The folder of the data.

    Args:
        given: A folder, or the id of a data root that a plugin offers.
        registry: Knows the data roots.
        cache: Where data written on demand go.

    Raises:
        ConfigError: Nothing is given.
        MissingDataError: There is no such folder.
    """
    if given is None:
        raise ConfigError(
            "The matrix names no data root.",
            f"It is a folder, or one of: {', '.join(registry.ids(DataRootSpec))}.",
            "Say where the data are: `--data-root DIR`.",
            key="data_root",
        )
    if given in registry.ids(DataRootSpec):
        written: Path = load_object(registry.get(DataRootSpec, given).factory)(cache / "data")
        return written
    path = Path(given).expanduser()
    if not path.is_dir():
        raise MissingDataError(
            f"There is no folder {str(path)!r}.",
            "The data root holds the tasks' files.",
            "Check --data-root.",
            path=path,
        )
    return path
