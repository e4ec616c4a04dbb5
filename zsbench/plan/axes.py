"""The points of a matrix: captioner x swept settings x gap model x corpus x seed, before tasks come in."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from zsbench.components import CorpusChoice
from zsbench.config import GapAxisSetting, Matrix
from zsbench.errors import ConfigError
from zsbench.interfaces import CaptionerNeeds, CaptionerSpec, Frozen, GapSetting
from zsbench.registry import Registry, ResolvedCaptioner, set_dotted

__all__ = ["Axis", "check_sweep", "find_gap_setting", "iter_axes"]


@dataclass(frozen=True)
class Axis:
    """One point of the matrix but for the task.

    Attributes:
        captioner: With its config.
        needs: Of the captioner.
        gap_model: The matrix's gap model as people read it; None for the captioner's own.
        corpus: To train on or to read.
        seed: Of training and prediction.
        variant: The swept settings, as people read them.
    """

    captioner: ResolvedCaptioner
    needs: CaptionerNeeds
    gap_model: str | None
    corpus: CorpusChoice
    seed: int
    variant: str = ""

    @property
    def corpus_id(self) -> str | None:
        """The corpus, if the captioner uses one at all."""
        return self.corpus.id if self.needs.training or self.needs.memory else None


def iter_axes(matrix: Matrix, registry: Registry, corpora: Sequence[CorpusChoice]) -> Iterator[Axis]:
    """Every point of a matrix; a captioner stands once on an axis that does not concern it.

    Raises:
        ConfigError: A setting is unknown or wrong, or a captioner needs a language model and there is none.
    """
    check_sweep(matrix, registry)
    for id_ in matrix.captioners:
        for variant, settings in _iter_variants(id_, matrix, registry):
            captioner = registry.resolve_captioner(id_, settings)
            needs = captioner.needs
            _check_language_model(captioner, needs, matrix)
            gaps: Sequence[GapAxisSetting | None] = matrix.gap_models if needs.gap_model else ()
            chosen = corpora if needs.training or needs.memory else corpora[:1]
            for gap, corpus, seed in itertools.product(gaps or (None,), chosen, matrix.seeds):
                carried = captioner if gap is None else replace(captioner, config=_with_gap(captioner.config, gap))
                yield Axis(carried, needs, _gap_label(gap, matrix.gap_models), corpus, seed, variant)


def _iter_variants(
    id_: str, matrix: Matrix, registry: Registry
) -> Iterator[tuple[str, Mapping[str, Mapping[str, Any]]]]:
    """Each combination of the sweeps that concern a captioner: as people read it, and all settings with it in place."""
    own = [(key, values) for key, values in matrix.sweep.items() if key.partition(".")[0] in registry.bases(id_)]
    for values in itertools.product(*(values for _, values in own)):
        settings: dict[str, Any] = {name: _copied(settings) for name, settings in matrix.settings.items()}
        for (key, _), value in zip(own, values, strict=True):
            set_dotted(settings, key, value)
        pairs = zip(own, values, strict=True)
        yield ", ".join(f"{key.partition('.')[2]}={value}" for (key, _), value in pairs), settings


def find_gap_setting(config: Frozen, part: str) -> GapSetting | None:
    """The gap model that ``training.gap`` or ``inference.gap`` of a captioner's config names; None if it has none."""
    setting = getattr(getattr(config, part, None), "gap", None)
    return setting if isinstance(setting, GapSetting) else None


def check_sweep(matrix: Matrix, registry: Registry) -> None:
    """Refuse a sweep that concerns no captioner of the matrix, or has no values.

    Raises:
        ConfigError: There is one.
    """
    registered = registry.ids(CaptionerSpec)
    known = {base for id_ in matrix.captioners if id_ in registered for base in registry.bases(id_)}
    for key, values in matrix.sweep.items():
        captioner, _, setting = key.partition(".")
        if captioner not in known or not setting or not values:
            raise ConfigError(
                f"The sweep {key!r} with {len(values)} values concerns no captioner of the matrix.",
                f"A sweep is `CAPTIONER.setting: [values]` with one of: {', '.join(sorted(known))}.",
                "Example: `--set 'sweep={maccap.inference.candidates: [1, 2, 4]}'`.",
                key="sweep",
            )


def _check_language_model(captioner: ResolvedCaptioner, needs: CaptionerNeeds, matrix: Matrix) -> None:
    """Refuse a captioner whose language model the matrix does not name."""
    if needs.language_model and matrix.language_model is None:
        raise ConfigError(
            f"Captioner {captioner.id!r} needs a language model, and the matrix names none.",
            "`language_model: {model: NAME}` names a hub model or a folder.",
            "Add it, for example `--set language_model.model=facebook/opt-1.3b`.",
            key="language_model",
        )


def _gap_label(gap: GapAxisSetting | None, all_gaps: Sequence[GapAxisSetting]) -> str | None:
    """A gap model's id, with its settings if the matrix has another of the same id; ``training / inference``."""
    if gap is None:
        return None
    label = _one_label(gap.training_gap, [other.training_gap for other in all_gaps])
    if gap.inference is None:
        return label
    same = [other.inference for other in all_gaps if other.inference and other.training_gap == gap.training_gap]
    return f"{label} / {_one_label(gap.inference, same)}"


def _one_label(gap: GapSetting, all_gaps: Sequence[GapSetting]) -> str:
    """An id, with its settings if another is of the same id."""
    if sum(other.id == gap.id for other in all_gaps) == 1:
        return gap.id
    settings = ", ".join(f"{key}={value}" for key, value in gap.settings.items()) or "defaults"
    return f"{gap.id} ({settings})"


def _with_gap(config: Frozen, gap: GapAxisSetting) -> Frozen:
    """A captioner's config with a gap model of the matrix in training and at inference."""
    gaps = {"training": gap.training_gap, "inference": gap.inference_gap}
    parts = {
        name: part.model_copy(update={"gap": chosen})
        for name, chosen in gaps.items()
        if isinstance(part := getattr(config, name, None), Frozen) and hasattr(part, "gap")
    }
    return config.model_copy(update=parts)


def _copied(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings that may be changed."""
    return {key: _copied(value) if isinstance(value, Mapping) else value for key, value in settings.items()}
