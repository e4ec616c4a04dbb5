"""What must be equal for two scores to be comparable, in one printable line."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from zsbench.errors import ConfigError

__all__ = ["Signature", "short_hash"]

_SEPARATOR = "|"
_HASH_LENGTH = 8


@dataclass(frozen=True)
class Signature:
    """A metric and what its score depends on, beside the captions.

    Printed as ``CIDEr-D|tok:ptb-3.4.1|idf:coco-karpathy-test:5000:ab12cd34|refs:all:98fe7612|n:5000|ids:...``.

    Attributes:
        metric: The metric's title.
        fields: Names and values, in the order of printing.
    """

    metric: str
    fields: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not be read back.

        Raises:
            ConfigError: A name or a value holds a separator.
        """
        for name, value in (("metric", self.metric), *self.fields):
            if _SEPARATOR in value or _SEPARATOR in name or ":" in name or not name:
                raise ConfigError(
                    f"A signature cannot hold {name!r} with the value {value!r}.",
                    "Names and values are expected to be free of '|', and names of ':'.",
                    "Rename it in the metric's `signature_fields`.",
                )

    @classmethod
    def of(cls, metric: str, fields: Mapping[str, str]) -> Signature:
        """A signature from a mapping, in its order."""
        return cls(metric, tuple(fields.items()))

    @classmethod
    def parse(cls, text: str) -> Signature:
        """The signature that prints as ``text``.

        Raises:
            ConfigError: The text is not a signature.
        """
        metric, *parts = text.strip().split(_SEPARATOR)
        pairs = [part.partition(":") for part in parts]
        if not metric or any(not colon for _, colon, _ in pairs):
            raise ConfigError(
                f"{text!r} is not a signature.",
                "Expected a metric's title and fields such as 'CIDEr-D|tok:ptb-3.4.1|n:5000'.",
                "Copy the signature from a result file.",
            )
        return cls(metric, tuple((name, value) for name, _, value in pairs))

    def __str__(self) -> str:
        return _SEPARATOR.join([self.metric, *(f"{name}:{value}" for name, value in self.fields)])

    def differences(self, other: Signature, *, ignore: Collection[str] = ()) -> list[str]:
        """One line for each field that differs, empty if scores may be compared.

        Args:
            other: The signature of the other score.
            ignore: Names of fields that may differ, such as ``zsbench``.
        """
        mine = {"metric": self.metric, **dict(self.fields)}
        theirs = {"metric": other.metric, **dict(other.fields)}
        names = [name for name in {**mine, **theirs} if name not in ignore]
        return [
            f"{name}: {mine.get(name, 'none')} against {theirs.get(name, 'none')}"
            for name in names
            if mine.get(name) != theirs.get(name)
        ]


def short_hash(lines: Iterable[str]) -> str:
    """The first 8 hexadecimal digits of the SHA-256 of the lines, joined by newlines."""
    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()[:_HASH_LENGTH]
