"""The conformance kit: every check catches a component that breaks its promise, and passes one that keeps it."""

from __future__ import annotations

from dataclasses import replace

import pytest

import zsbench_nonconforming as fakes
from zsbench.builtins import zsbench_metrics
from zsbench.registry import Owner, Registry
from zsbench.testing import KINDS
from zsbench.testing.subjects import SUBJECTS, SubjectOptions
from zsbench.testing.suite import CHECKS, run_check

ALL = [(kind, check) for kind, checks in CHECKS.items() for check in checks]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    return fakes.draw_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture
def subject(pictures):
    """The subject of a case."""

    def _subject(kind, case):
        registry = Registry()
        owner = Owner("fakes", "", "", case.hooks)
        for spec in zsbench_metrics():
            registry.add(spec, Owner("core"))
        registry.add(case.spec, owner)
        return SUBJECTS[KINDS[kind]](case.spec, owner, registry, SubjectOptions(data_root=pictures, **case.options))

    return _subject


def test_every_check_has_a_broken_fake_and_no_fake_is_left_over():
    """The pairing is complete, so a new check cannot come without its counterexample."""
    assert {(kind, check.name) for kind, check in ALL} == set(fakes.BROKEN)


@pytest.mark.parametrize(("kind", "check"), ALL, ids=lambda value: getattr(value, "name", value))
def test_a_check_catches_its_broken_fake(subject, kind, check):
    """The result says what was found, what was expected and how to fix it."""
    result = run_check(check, subject(kind, fakes.BROKEN[kind, check.name]))
    assert result.status == "failed", result
    assert all((result.found, result.expected, result.fix))


@pytest.mark.parametrize(("kind", "check"), ALL, ids=lambda value: getattr(value, "name", value))
def test_a_check_passes_a_good_component(subject, kind, check):
    """No check applies to the good ones in vain."""
    result = run_check(check, subject(kind, fakes.GOOD[kind]))
    assert result.status == "passed", result


@pytest.mark.parametrize(("kind", "name", "spec"), fakes.ALSO_BROKEN)
def test_a_check_catches_other_faults_too(subject, kind, name, spec):
    """More than one way to break a promise."""
    check = next(check for check in CHECKS[kind] if check.name == name)
    assert run_check(check, subject(kind, fakes.Case(spec))).status == "failed"


class Exits(fakes.GoodGap):
    """Ends the process that uses it."""

    def text_to_image(self, features, generator):
        raise SystemExit(3)


def test_a_component_that_raises_fails_the_check_and_is_located(subject):
    """Not even an exit stops the kit."""
    check = next(check for check in CHECKS["gap-model"] if check.name == "shape-kept")
    result = run_check(check, subject("gap-model", fakes.Case(fakes.gap(Exits))))
    assert result.status == "failed"
    assert "SystemExit" in result.found
    assert "test_checks.py:" in result.fix


@pytest.mark.parametrize("kind", CHECKS)
def test_every_check_says_what_it_promises(kind):
    """One sentence each, for the documentation."""
    assert all(check.promise.endswith(".") for check in CHECKS[kind])
    assert len({check.name for check in CHECKS[kind]}) == len(CHECKS[kind])


@pytest.mark.parametrize("kind", CHECKS)
def test_checks_of_every_kind_run_first(kind):
    """A hook module that does not import would fail all others."""
    assert CHECKS[kind][0].name == "hook-module-light"


def test_a_free_norm_is_a_matter_of_a_tag(subject):
    """A gap model may keep another norm, if it says so."""
    check = next(check for check in CHECKS["gap-model"] if check.name == "norm-kept")
    tagged = replace(fakes.gap(fakes.Unnormalised), tags=("free-norm",))
    assert run_check(check, subject("gap-model", fakes.Case(tagged))).status == "passed"
