"""The options that say which plugins are loaded, before the verb or after it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from zsbench.plugins import PluginControl, use_control

__all__ = ["PluginDirOption", "PluginOption", "StrictOption", "VerbGroup", "control_plugins", "move_to_front"]

WITH_VALUE = ("-p", "--plugin", "--plugins-dir")
FLAGS = ("--strict-plugins",)

PluginOption = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin", "-p", metavar="NAME", help="A plugin that must be active, no:NAME to block one, or a .py file."
    ),
]
PluginDirOption = Annotated[
    list[Path] | None, typer.Option("--plugins-dir", metavar="DIR", help="A folder of .py files that are plugins.")
]
StrictOption = Annotated[
    bool, typer.Option("--strict-plugins", help="Stop if any plugin is failed or incompatible, for CI.")
]


class VerbGroup(TyperGroup):
    """Takes the options of plugins also where they stand after the verb."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Move them to the front, unless the verb has an option of that name itself."""
        verb = next((self.commands[word] for word in args if word in self.commands), None)
        own = {option for parameter in getattr(verb, "params", ()) for option in parameter.opts}
        parsed: list[str] = super().parse_args(ctx, move_to_front(args, leave=own))
        return parsed


def move_to_front(args: Sequence[str], *, leave: set[str]) -> list[str]:
    """Options of plugins first, everything else after them, each in the order given; nothing moves past ``--``.

    Args:
        args: The command line.
        leave: Options that belong to the verb.
    """
    front: list[str] = []
    rest: list[str] = []
    position = 0
    while position < len(args):
        word = args[position]
        name = "-p" if word.startswith("-p") and not word.startswith("--") else word.partition("=")[0]
        if word == "--":
            return [*front, *rest, *args[position:]]
        taken = 2 if word in WITH_VALUE else 1
        movable = name in {*WITH_VALUE, *FLAGS} and name not in leave
        (front if movable else rest).extend(args[position : position + taken])
        position += taken
    return [*front, *rest]


def control_plugins(
    ctx: typer.Context, names: Sequence[str] | None, folders: Sequence[Path] | None, *, strict: bool
) -> None:
    """Have every ``load_plugins()`` of this command do as the options say."""
    control = PluginControl.from_environment().adjusted(names or (), folders=folders or (), strict=strict)
    ctx.with_resource(use_control(control))
