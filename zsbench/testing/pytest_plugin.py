"""The kit in pytest: each check a test of its own, and fakes as fixtures. Loaded wherever zsbench is installed.

::

    @pytest.mark.zsbench("captioner", "my-captioner", settings={"training": {"steps": 2}})
    def test_conformance(zsbench_check):
        assert zsbench_check().status == "passed"

``component`` is an id, a spec, or a list of them. Nothing but pytest is imported until a test asks for it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from zsbench.interfaces import CorpusFeatures, ImageBatch
    from zsbench.testing.fakes import FakeEncoder, FakeLanguageModel
    from zsbench.testing.kit import Check, CheckResult

__all__ = ["zsbench_batch", "zsbench_check", "zsbench_corpus", "zsbench_encoder", "zsbench_language_model"]

MARK = "zsbench"


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark."""
    config.addinivalue_line(
        "markers", "zsbench(kind, component, **options): the component, or list of them, that `zsbench_check` looks at"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a check and a component, for tests that take ``zsbench_check``."""
    if "zsbench_check" not in metafunc.fixturenames:
        return
    from zsbench.testing import iter_checks

    cases = []
    for mark in metafunc.definition.iter_markers(MARK):
        kind, components = mark.args
        for component in components if isinstance(components, (list, tuple)) else [components]:
            name = component if isinstance(component, str) else component.id
            open_it = functools.partial(_open, metafunc.config, kind, component, mark.kwargs)
            cases += [pytest.param((check, open_it), id=f"{name}-{check.name}") for check in iter_checks(kind)]
    metafunc.parametrize("zsbench_check", cases, indirect=True)


@pytest.fixture
def zsbench_check(request: pytest.FixtureRequest) -> Callable[[], CheckResult]:
    """Call it to run one check: the test fails, passes, or is skipped where the check does not apply."""
    check, open_it = request.param
    return functools.partial(_run, check, open_it)


@pytest.fixture
def zsbench_encoder() -> FakeEncoder:
    """A loaded fake encoder of 512 dimensions with patch tokens."""
    from zsbench.testing.fakes import FakeEncoder

    encoder = FakeEncoder()
    encoder.load()
    return encoder


@pytest.fixture
def zsbench_language_model() -> FakeLanguageModel:
    """A loaded fake language model of some dozens of words."""
    from zsbench.testing.fakes import FakeLanguageModel

    model = FakeLanguageModel()
    model.load()
    return model


@pytest.fixture
def zsbench_corpus(zsbench_encoder: FakeEncoder) -> CorpusFeatures:
    """Twelve captions with their features."""
    from zsbench.testing.fakes import make_corpus

    return make_corpus(zsbench_encoder)


@pytest.fixture
def zsbench_batch(zsbench_encoder: FakeEncoder) -> ImageBatch:
    """Six drawn images with features, pixels, references and fresh generators."""
    from zsbench.testing.fakes import make_batch

    return make_batch(zsbench_encoder, range(6), pixels=True, references=True)


def _run(check: Check, open_it: Callable[[], Any]) -> CheckResult:
    """One check as a test: its result, which is that it passed.

    Raises:
        ConformanceError: It fails.
    """
    from zsbench.testing.kit import raise_unless_passed, run_check

    result = run_check(check, open_it())
    if result.status == "not applicable":
        pytest.skip(result.found)
    raise_unless_passed(result)
    return result


_SUBJECTS = pytest.StashKey[dict[str, Any]]()


def _open(config: pytest.Config, kind: Any, component: Any, options: Mapping[str, Any]) -> Any:
    """The subject, opened once a session."""
    from zsbench.testing.suite import open_subject

    opened = config.stash.setdefault(_SUBJECTS, {})
    key = f"{kind} {component!r} {options!r}"
    if key not in opened:
        opened[key] = open_subject(kind, component, **options)
    return opened[key]
