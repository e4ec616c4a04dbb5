"""zsbench: the benchmark framework for zero-shot image captioners.

Nothing heavy is imported here; ``zsbench.interfaces`` holds the contracts, ``zsbench.hookspecs`` the hooks.
"""

from __future__ import annotations

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """Look the version up lazily, so that importing zsbench stays cheap."""
    if name == "__version__":
        from importlib.metadata import version

        return version("zsbench")
    message = f"module 'zsbench' has no attribute {name!r}"
    raise AttributeError(message)
