"""Import strings to objects."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from zsbench.errors import PluginContractError

if TYPE_CHECKING:
    from zsbench.interfaces.specs import Factory

__all__ = ["load_object"]


def load_object(reference: Factory) -> Any:
    """The object an import string (``package.module:name``) names, or the callable itself.

    Raises:
        PluginContractError: The module cannot be imported, or has no such name.
    """
    if not isinstance(reference, str):
        return reference
    module, _, name = reference.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:
        raise PluginContractError(
            f"The factory {reference!r} cannot be loaded: {type(error).__name__}: {error}.",
            "A factory is `package.module:name` of something that can be imported.",
            f"Correct or reinstall the plugin that provides {module.partition('.')[0]!r}.",
            plugin=module.partition(".")[0],
        ) from error
