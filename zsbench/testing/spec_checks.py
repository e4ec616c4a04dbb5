"""Checks of every kind of component: its hook module, its spec, its constructor."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys

from zsbench.registry import KEBAB
from zsbench.testing.kit import NotApplicable, check_for, conforms
from zsbench.testing.subjects import CaptionerSubject, Subject
from zsbench.testing.watch import find_tensors, watched_doors

__all__ = ["check_constructor_stores_only", "check_hook_module_light", "check_spec_tidy"]

HEAVY = ("torch", "open_clip", "transformers", "matplotlib", "scipy", "pandas", "pycocoevalcap")
IMPORT_SECONDS = 120


@check_for("captioner", "gap-model", "task", "encoder", "metric")
def check_hook_module_light(subject: Subject) -> None:
    """Importing the hook module imports no framework, so that listing stays fast."""
    target = subject.owner.target.partition(":")[0]
    if not target:
        raise NotApplicable("It is not registered by a plugin.")
    code, printed, complaint = _import_alone(target, tuple(path for path in sys.path if path))
    conforms(
        code == 0,
        f"Importing {target} failed: {(complaint.strip().splitlines() or ['no message'])[-1]}",
        "The hook module can be imported",
        f'See why: `python -c "import {target}"`',
    )
    conforms(
        not printed.strip(),
        f"Importing {target} imports {', '.join(printed.split())}",
        "A hook module imports nothing heavy",
        "Name the factory as an import string, and import frameworks in the component's own module",
    )


@check_for("captioner", "gap-model", "task", "encoder", "metric")
def check_spec_tidy(subject: Subject) -> None:
    """The id and the tags are kebab-case, and the summary is one line."""
    spec = subject.spec
    conforms(
        KEBAB.fullmatch(spec.id),
        f"The id is {spec.id!r}",
        "Ids are kebab-case: lower-case letters, digits and hyphens",
        "Rename it before anybody uses it",
    )
    wrong = [tag for tag in spec.tags if not isinstance(tag, str) or not KEBAB.fullmatch(tag)]
    conforms(
        isinstance(spec.tags, tuple) and not wrong,
        f"The tags are {spec.tags!r}",
        "They are a tuple of words in kebab-case",
        "Write them as ('one', 'other-one')",
    )
    conforms(
        re.fullmatch(r"\S.*", spec.summary),
        f"The summary is {spec.summary!r}",
        "It is one line that says what the component does",
        "Give the spec a `summary`",
    )


@check_for("captioner", "gap-model", "task", "encoder", "metric")
def check_constructor_stores_only(subject: Subject) -> None:
    """The constructor stores what it is given: it opens no file, asks no network and makes no tensor."""
    subject.make()  # what this imports is not the constructor's doing
    with watched_doors() as opened:
        made = subject.make()
    conforms(
        not opened,
        f"The constructor did: {', '.join(opened[:3])}",
        "It opens nothing and starts nothing",
        "Move that to `load`, or to the first use",
    )
    held = sum(tensor.numel() for tensor in find_tensors(vars(made) if hasattr(made, "__dict__") else ()))
    conforms(
        not held,
        f"The constructor left tensors of {held} numbers",
        "It stores its config and nothing else",
        "Make tensors and modules in `load` or `fit`",
    )
    if isinstance(subject, CaptionerSubject):
        conforms(
            made.config is subject.config,
            "The captioner's `config` is not the config it was given",
            "The constructor stores the config",
            "Call `super().__init__(config)` and leave it as it is",
        )


@functools.cache
def _import_alone(target: str, paths: tuple[str, ...]) -> tuple[int, str, str]:
    """A hook module imported in a process of its own: exit code, the heavy packages that came along, complaints."""
    run = f"import runpy; runpy.run_path({target!r})" if target.endswith(".py") else f"import {target}"
    program = f"import sys; {run}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        check=False,
        timeout=IMPORT_SECONDS,
    )
    return done.returncode, done.stdout, done.stderr
