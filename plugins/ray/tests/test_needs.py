"""What stages ask of a node."""

from __future__ import annotations

import pytest

from zsbench.interfaces import MachineNeeds, Resources
from zsbench_ray import needs
from zsbench_ray.needs import TaskNeeds, choose_threads, find_needs

BIG = {"CPU": 8.0, "GPU": 2.0, "memory": 64e9}
SMALL = {"CPU": 2.0, "memory": 1e9}
STAGE = MachineNeeds(memory=3_000_000_000)


@pytest.mark.parametrize(("device", "gpus"), [(True, 1), (False, 0)])
def test_a_card_is_for_stages_that_compute_on_the_device(device, gpus):
    """On a CPU nothing needs one."""
    stage = MachineNeeds(memory=1, device=device)
    assert find_needs(stage, 1, "cuda", [BIG]).gpus == gpus
    assert find_needs(stage, 1, "cpu", [BIG]).gpus == 0


def test_threads_are_for_stages_that_compute():
    """What only tokenises and counts takes one core, unless it has a model to run."""
    assert find_needs(STAGE, 4, "cpu", [BIG]).cpus == 4.0
    assert find_needs(MachineNeeds(memory=1, computes=False), 4, "cpu", [BIG]).cpus == 1.0
    assert find_needs(MachineNeeds(memory=1, computes=False, device=True), 4, "cpu", [BIG]).cpus == 4.0


def test_no_stage_asks_for_more_than_the_largest_node_has():
    """So that it is placed somewhere; nodes without CPUs do not count."""
    nodes = [SMALL, {"memory": 99e9}]
    assert find_needs(STAGE, 4, "cpu", nodes) == TaskNeeds(2.0, 0, 1_000_000_000)
    assert find_needs(STAGE, 4, "cpu", []) == TaskNeeds(4.0, 0, 3_000_000_000)


def test_a_node_fits_if_it_has_all_of_it():
    """Cores, cards and memory."""
    asked = TaskNeeds(2.0, 1, 2_000_000_000)
    assert asked.fit(BIG)
    assert not asked.fit({**BIG, "GPU": 0.0})
    assert not asked.fit({**BIG, "memory": 1e9})
    assert not asked.fit({**BIG, "CPU": 1.0})


def test_threads_are_the_matrix_s_or_a_machine_s_or_a_card_s_share(monkeypatch):
    """As many as the local engine would compute with, so that sums round alike."""
    monkeypatch.setattr(needs, "count_threads", lambda: 6)
    assert choose_threads(Resources("cpu", 3), [BIG]) == 3
    assert choose_threads(Resources("cpu", None), [BIG]) == 6
    assert choose_threads(Resources("cuda", None), [BIG, SMALL]) == 4
    assert choose_threads(Resources("cuda", None), [SMALL]) == 1
