"""What code makes an output: the modules behind a component, hashed without being imported."""

from __future__ import annotations

from zsbench.code.closure import Code, CodeHashes
from zsbench.code.factories import check_factory, code_modules, name_factory

__all__ = ["Code", "CodeHashes", "check_factory", "code_modules", "name_factory"]
