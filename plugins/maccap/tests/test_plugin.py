"""The hook: one spec, found without heavy imports."""

from __future__ import annotations

import subprocess
import sys

from zsbench.registry import load_object
from zsbench_maccap import plugin
from zsbench_maccap.captioner import MacCap
from zsbench_maccap.config import MacCapConfig


def test_the_spec_leads_to_the_captioner_and_its_config():
    """Both import strings resolve."""
    (spec,) = plugin.zsbench_captioners()
    assert spec.id == "maccap"
    assert load_object(spec.factory) is MacCap
    assert load_object(spec.config) is MacCapConfig


def test_listing_and_checking_settings_import_no_torch():
    """The hook module and the config are free of torch."""
    code = "import sys, zsbench_maccap.plugin as p, zsbench_maccap.config; p.zsbench_captioners(); print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
