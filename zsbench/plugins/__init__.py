"""Plugins: found without importing, controlled by name, each loaded in its guard."""

from __future__ import annotations

from zsbench.plugins.control import PluginControl, current_control, use_control
from zsbench.plugins.loading import Plugins, load_plugins
from zsbench.plugins.record import PluginRecord
from zsbench.plugins.sources import GROUP, iter_entry_points

__all__ = [
    "GROUP",
    "PluginControl",
    "PluginRecord",
    "Plugins",
    "current_control",
    "iter_entry_points",
    "load_plugins",
    "use_control",
]
