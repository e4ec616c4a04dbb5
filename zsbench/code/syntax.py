"""One source file: a hash of its syntax tree without words, and what it imports."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["FORMAT", "LISTED", "Import", "Syntax", "parse_source"]

FORMAT = f"syntax 3, Python {sys.version_info.major}.{sys.version_info.minor}"
"""Remembered analyses count for this format alone: Python's own syntax trees differ between versions."""
FACTORY = re.compile(r"([A-Za-z_]\w*(?:\.\w+)*):[A-Za-z_]\w*")
"""An import string, such as ``package.module:name``."""
BY_NAME = frozenset({"import_module", "__import__"})
LISTED = "__all__"


@dataclass(frozen=True)
class Import:
    """One import of a file, as it stands there.

    Attributes:
        module: The dotted name; empty for ``from . import x``.
        level: Leading dots.
        name: What is taken from the module, ``*`` for everything; empty for ``import module``.
        bound: The name that it has in the file.
    """

    module: str
    level: int = 0
    name: str = ""
    bound: str = ""


@dataclass(frozen=True)
class Syntax:
    """What is kept of a file.

    Attributes:
        digest: Of the syntax tree without comments, docstrings and formatting; of the bytes where it does not parse.
        imports: Every import that runs, in functions too; those for type checkers alone are left out.
        only_imports: Whether the file does nothing but import names and list them, as a package's face does.
    """

    digest: str
    imports: tuple[Import, ...] = ()
    only_imports: bool = False

    def to_json(self) -> str:
        """As text, to be remembered."""
        rows = [[one.module, one.level, one.name, one.bound] for one in self.imports]
        return json.dumps([self.digest, rows, self.only_imports], separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Syntax:
        """What ``to_json`` gave."""
        digest, rows, only_imports = json.loads(text)
        return cls(digest, tuple(Import(*row) for row in rows), only_imports)


def parse_source(content: bytes) -> Syntax:
    """The syntax of a Python file.

    A file that does not parse, such as one for a newer Python behind a condition, is hashed by its bytes.
    """
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return Syntax(hashlib.sha256(content).hexdigest())
    imports = (*_iter_imports(tree, _find_importers(tree)), *_iter_listed(tree))
    only_imports = all(_is_face(node) for node in tree.body)
    if not _uses_words(tree):
        _drop_words(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.kind = None  # u"text" is "text"
    text = ast.dump(tree, annotate_fields=False)
    return Syntax(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), imports, only_imports)


def _uses_words(tree: ast.Module) -> bool:
    """Whether a file reads docstrings, or makes ``TYPE_CHECKING`` its own."""
    attributes = any(isinstance(node, ast.Attribute) and node.attr == "__doc__" for node in ast.walk(tree))
    names = {(node.id, type(node.ctx)) for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return attributes or ("__doc__", ast.Load) in names or ("TYPE_CHECKING", ast.Store) in names


def _drop_words(tree: ast.Module) -> None:
    """Remove what does not run: docstrings, those below attributes too, and imports for type checkers."""
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                setattr(node, field, [one for one in block if not (_is_text(one) or _is_for_types(one))])


def _is_text(node: ast.AST) -> bool:
    """Whether a statement is a string that nothing uses."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_face(node: ast.stmt) -> bool:
    """Whether a statement of a package's ``__init__`` imports or lists names, or is words."""
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets)
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name) and node.target.id == "__all__"
    return isinstance(node, ast.Import | ast.ImportFrom) or _is_text(node) or _is_for_types(node)


def _is_for_types(node: ast.AST) -> bool:
    """Whether a statement is ``if TYPE_CHECKING:`` without an else."""
    if not isinstance(node, ast.If) or node.orelse:
        return False
    test = node.test
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _iter_imports(node: ast.AST, importers: frozenset[str]) -> Iterator[Import]:
    """Imports below a node that run, by statement, by ``import_module`` and by import string."""
    if _is_for_types(node):
        return
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, bound=alias.asname or alias.name.partition(".")[0])
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield Import(node.module or "", node.level, alias.name, alias.asname or alias.name)
    elif isinstance(node, ast.Call):
        yield from _iter_called(node, importers)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and (found := FACTORY.fullmatch(node.value)):
        yield Import(found[1])
    for child in ast.iter_child_nodes(node):
        yield from _iter_imports(child, importers)


def _iter_called(node: ast.Call, importers: frozenset[str]) -> Iterator[Import]:
    """The module that ``import_module("package.module")`` names, whatever the function is called there."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    named = [keyword.value for keyword in node.keywords if keyword.arg == "name"]
    first = next(iter([*node.args, *named]), None)
    if called in importers and isinstance(first, ast.Constant) and isinstance(first.value, str):
        level = len(first.value) - len(first.value.lstrip("."))
        yield Import(first.value.lstrip("."), level)


def _find_importers(tree: ast.Module) -> frozenset[str]:
    """What a file calls the functions that import by name."""
    froms = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "importlib")
    return BY_NAME | {alias.asname for node in froms for alias in node.names if alias.asname and alias.name in BY_NAME}


def _iter_listed(tree: ast.Module) -> Iterator[Import]:
    """Names that ``__all__`` lists: of a package, ``from package import *`` imports the modules among them."""
    for node in tree.body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) and _is_face(node) else None
        if isinstance(value, ast.List | ast.Tuple):
            names = (part.value for part in value.elts if isinstance(part, ast.Constant))
            yield from (Import("", 1, name, LISTED) for name in names if isinstance(name, str))
