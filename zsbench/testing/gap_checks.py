"""Checks of a gap model: shape, norm, dtype, randomness, and the data that it declares it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import torch
from torch import Generator, Tensor

from zsbench.interfaces import GapModel, GapRequirement
from zsbench.testing.fakes import unit
from zsbench.testing.kit import NotApplicable, check_for, conforms
from zsbench.testing.subjects import GapModelSubject
from zsbench.testing.watch import disturbed_randomness, untouched_randomness

__all__ = ["FREE_NORM", "fit_as_declared"]

D = 32
FITTED_ON = 64
NORM_TOLERANCE = 1e-3
FREE_NORM = "free-norm"
"""The tag of a gap model whose docstring states another norm than 1."""


@check_for("gap-model")
def check_gap_model_shape_kept(subject: GapModelSubject) -> None:
    """Features come back in the shape, dtype and device they came in, one or a set an item."""
    for direction, features, carried in _iter_carried(subject):
        found = (tuple(carried.shape), carried.dtype, str(carried.device))
        wanted = (tuple(features.shape), features.dtype, str(features.device))
        conforms(
            found == wanted,
            f"`{direction}` made {found} of {wanted}",
            "Shape, dtype and device stay as they are, for (N, D) and for (N, K, D)",
            "Work along the last axis, and end in the dtype of the input",
        )


@check_for("gap-model")
def check_gap_model_norm_kept(subject: GapModelSubject) -> None:
    """What comes out is finite and of unit norm; any norm above 0 if it is tagged ``free-norm``."""
    for direction, _, carried in _iter_carried(subject):
        norms = carried.double().norm(dim=-1)
        conforms(
            bool(carried.isfinite().all()) and bool((norms > 0).all()),
            f"`{direction}` gave values that are not finite, or zero vectors",
            "Every feature is finite and has a norm above 0",
            "Guard divisions: `norm.clamp_min(1e-12)`",
        )
        worst = float((norms - 1).abs().max())
        conforms(
            worst <= NORM_TOLERANCE or FREE_NORM in subject.spec.tags,
            f"`{direction}` gave a norm that is {worst:.3g} away from 1",
            "Features keep unit norm",
            f"Normalise at the end; or state the norm in the docstring and tag the spec {FREE_NORM!r}",
        )


@check_for("gap-model")
def check_gap_model_seed_reproducible(subject: GapModelSubject) -> None:
    """Equal generators give equal features, whatever the global random state."""
    model = subject.ready
    with disturbed_randomness(1):
        first = [carried for _, carried in _carry_all(model)]
    with disturbed_randomness(2):
        second = [carried for _, carried in _carry_all(model)]
    conforms(
        all(torch.equal(a, b) for a, b in zip(first, second, strict=True)),
        "Equal seeds gave other features",
        "All randomness comes from the generator that is passed in",
        "Give `generator=generator` to every draw",
    )


@check_for("gap-model")
def check_gap_model_global_randomness_untouched(subject: GapModelSubject) -> None:
    """Neither fitting nor carrying moves a global random state."""
    with untouched_randomness():
        _carry_all(subject.ready)


@check_for("gap-model")
def check_gap_model_inputs_unmodified(subject: GapModelSubject) -> None:
    """The features passed in are not written to, neither by ``fit`` nor when they are carried."""
    for direction, features, _ in _iter_carried(subject):
        conforms(
            torch.equal(features, _features()[direction, features.ndim]),
            f"`{direction}` changed the features it was given",
            "Inputs are not modified",
            "Use no in-place operation (`mul_`, `add_`, item assignment) on `features`",
        )
    texts, images = _paired()
    fit_as_declared(subject.make(), texts, images)
    unchanged = all(torch.equal(a, b) for a, b in zip((texts, images), _paired(), strict=True))
    conforms(
        unchanged,
        "`fit` changed the features it was given",
        "Inputs are not modified: they may be memory-mapped and shared",
        "Use no in-place operation on `texts` and `images`",
    )


@check_for("gap-model")
def check_gap_model_requirement_honoured(subject: GapModelSubject) -> None:
    """With exactly the data that ``requires`` declares it can be fitted and used; with ``none``, without a fit."""
    model = subject.make()
    conforms(
        model.requires in get_args(GapRequirement),
        f"`requires` is {model.requires!r}",
        f"It is one of {', '.join(get_args(GapRequirement))}",
        "Declare the data that a fit needs: it is marked in every table",
    )
    try:
        fit_as_declared(model)
        _carry_all(model)
    except Exception as error:  # noqa: BLE001  whatever it raises, the declaration is wrong
        problem = f"{type(error).__name__}: {error}"
    else:
        problem = ""
    conforms(
        not problem,
        f"It declares {model.requires!r} and, given that, fails with {problem.rstrip('.')}",
        "A fit is given exactly what is declared and nothing else",
        "Declare what the fit really needs",
    )


@check_for("gap-model")
def check_gap_model_state_round_trip(subject: GapModelSubject) -> None:
    """``state`` holds everything that ``fit`` estimated: a fresh model with that state does the same."""
    fitted = subject.ready
    if fitted.requires == "none":
        raise NotApplicable("It needs no fit.")
    state = fitted.state()
    conforms(
        state and all(isinstance(value, Tensor) for value in state.values()),
        f"`state` gave {list(state)} after a fit",
        "It gives named tensors",
        "Return everything that `fit` estimated",
    )
    fresh: GapModel = subject.make()
    fresh.load_state({name: value.clone().contiguous() for name, value in state.items()})
    same = all(torch.equal(a, b) for (_, a), (_, b) in zip(_carry_all(fitted), _carry_all(fresh), strict=True))
    conforms(
        same,
        "A fresh model with the state of a fitted one gives other features",
        "`load_state` takes over everything that `state` gives",
        "Put what is missing into `state`",
    )


def fit_as_declared(model: GapModel, texts: Tensor | None = None, images: Tensor | None = None) -> None:
    """Fit a model on exactly what it requires: text features, image features, both unpaired, or pairs."""
    paired_texts, paired_images = _paired()
    texts = paired_texts if texts is None else texts
    images = paired_images if images is None else images
    if model.requires == "none":
        return
    wants_texts, wants_images = model.requires != "image", model.requires != "text"
    unpaired = model.requires == "unpaired"
    model.fit(
        texts=texts if wants_texts else None,
        images=(images[: FITTED_ON // 2] if unpaired else images) if wants_images else None,
    )


def _features() -> dict[tuple[str, int], Tensor]:
    """Features by direction and number of axes; those of images are fusions of two unit vectors, as in use."""
    g = Generator().manual_seed(3)
    rows = {(direction, 2): unit(torch.randn(5, D, generator=g)) for direction in ("text_to_image", "image_to_text")}
    sets = {(direction, 3): unit(torch.randn(5, 4, D, generator=g)) for direction, _ in rows}
    sets["image_to_text", 3] = sets["image_to_text", 3] + unit(torch.randn(5, 4, D, generator=g))
    return {**rows, **sets}


def _paired() -> tuple[Tensor, Tensor]:
    """``(N, D)`` texts and images, row by row about the same, with a gap between the means."""
    g = Generator().manual_seed(4)
    common = torch.randn(FITTED_ON, D, generator=g)
    gap = torch.randn(D, generator=g)
    return unit(common + gap), unit(common - gap + 0.1 * torch.randn(FITTED_ON, D, generator=g))


def _carry_all(model: GapModel) -> list[tuple[Tensor, Tensor]]:
    """Every input, and what became of it."""
    carried = []
    for (direction, _), features in _features().items():
        carried.append((features, getattr(model, direction)(features, Generator().manual_seed(5))))
    return carried


def _iter_carried(subject: GapModelSubject) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Direction, input after use, output."""
    results = zip(_features(), _carry_all(subject.ready), strict=True)
    return ((direction, features, carried) for (direction, _), (features, carried) in results)
