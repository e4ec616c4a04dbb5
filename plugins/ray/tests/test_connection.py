"""Into a cluster: addresses, and what is said where there is none."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from zsbench.errors import ConfigError, MissingDependencyError
from zsbench_ray import connection
from zsbench_ray.connection import connect, whole_address


class RayError(Exception):
    """What Ray's errors have in common."""


class FakeRay:
    """Remembers how it was started; raises where it is told to."""

    exceptions = SimpleNamespace(RayError=RayError)

    def __init__(self, *errors):
        self.errors, self.started, self.ended = list(errors), [], 0

    def is_initialized(self):
        return False

    def init(self, **settings):
        self.started.append(settings)
        sys.stdout.write("Ray says something\n")
        if self.errors:
            raise self.errors.pop()

    def shutdown(self):
        self.ended += 1


@pytest.fixture
def ray(monkeypatch):
    """Put a fake in the place of ray."""

    def _ray(*errors):
        fake = FakeRay(*errors)
        monkeypatch.setattr(connection, "import_ray", lambda: fake)
        return fake

    return _ray


def test_a_host_gets_ray_s_port():
    """Unless it has one, or is a word."""
    assert whole_address("head") == "head:6379"
    assert [whole_address(word) for word in ("head:1", "auto", "local", "")] == ["head:1", "auto", "local", ""]


def test_ray_s_client_is_refused():
    """It does not stand on the cluster's file system."""
    with pytest.raises(ConfigError, match="ray job submit"):
        whole_address("ray://head:10001")


def test_missing_ray_names_the_command_that_installs_it(monkeypatch):
    """An error of the tree."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "ray>=2\.49"'):
        connect("", print).__enter__()


def test_a_cluster_that_is_named_is_joined_without_a_word(ray, capsys):
    """And left at the end of the block."""
    fake = ray()
    with connect("auto", print) as joined:
        assert joined is fake
        assert fake.started[0]["address"] == "auto"
        assert fake.ended == 0
    assert fake.ended == 1
    assert capsys.readouterr().out == ""


def test_a_cluster_that_is_named_and_not_there_is_an_error(ray):
    """The message says how one is started."""
    ray(ConnectionError("Nobody home\nand more"))
    with pytest.raises(ConfigError, match=r"at 'auto': Nobody home\. .*ray start --head"):
        connect("auto", print).__enter__()


def test_without_an_address_one_is_started_on_this_machine(ray):
    """With this machine's cores and no dashboard."""
    fake = ray(ConnectionError("Nobody home"))
    with connect("", print):
        assert [settings["address"] for settings in fake.started] == ["auto", "local"]
        assert fake.started[1]["include_dashboard"] is False
        assert fake.started[1]["num_cpus"] >= 1


def test_another_version_of_ray_or_python_is_told(ray):
    """In Ray's own words."""
    ray(RuntimeError("Version mismatch: The cluster was started with:\n    Ray: 2.50.0"))
    with pytest.raises(ConfigError, match=r"Version mismatch: .* Ray: 2\.50\.0"):
        connect("auto", print).__enter__()


def test_a_cluster_that_is_lost_is_an_error_that_says_how_to_go_on(ray):
    """And Ray is left all the same."""
    fake = ray()
    with (
        pytest.raises(ConfigError, match=r"The Ray cluster was lost: No head\. .* it continues"),
        connect("", print),
    ):
        raise RayError("No head")
    assert fake.ended == 1
