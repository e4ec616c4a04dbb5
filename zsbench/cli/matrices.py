"""Which file a matrix's name on the command line means."""

from __future__ import annotations

from pathlib import Path

from zsbench.errors import ConfigError, UnknownIdError, closest
from zsbench.interfaces.specs import MatrixSpec
from zsbench.registry import Registry, load_object

__all__ = ["find_matrix"]


def find_matrix(name: str, registry: Registry) -> Path:
    """The file of a matrix: of the default one, of a shipped one by id, or the path itself.

    Raises:
        ConfigError: None is named, and no plugin ships a default one.
        UnknownIdError: It is no file, and near the id of a shipped one.
    """
    shipped = {spec.id: spec for spec in registry.specs(MatrixSpec)}
    if not name:
        defaults = [spec for spec in shipped.values() if "default" in spec.tags]
        if not defaults:
            raise ConfigError(
                "No matrix was named, and no installed plugin ships a default one.",
                "zsbench-pocket ships one.",
                "Install it, or name a matrix file: `zsbench run FILE.yaml`.",
                key="matrix",
            )
        return Path(load_object(defaults[0].factory)())
    if name in shipped:
        return Path(load_object(shipped[name].factory)())
    if not name.endswith((".yaml", ".yml")) and not Path(name).exists() and closest(name, shipped):
        raise UnknownIdError("matrix", name, shipped)
    return Path(name)
