"""Checks of an encoder: unit features on the CPU, each text's and image's its own, and a fingerprint."""

from __future__ import annotations

import torch
from torch import Tensor

from zsbench.testing.fakes import TEXTS, draw_images
from zsbench.testing.kit import check_for, conforms
from zsbench.testing.subjects import EncoderSubject
from zsbench.testing.watch import disturbed_randomness, untouched_randomness

__all__: list[str] = []

IMAGES = 6
TOLERANCE = 1e-4
NORM_TOLERANCE = 1e-3


@check_for("encoder")
def check_encoder_fingerprint_stable(subject: EncoderSubject) -> None:
    """The fingerprint needs no loaded weights, and is the same before and after loading and in two instances."""
    unloaded, loaded = subject.make().fingerprint, subject.ready.fingerprint
    conforms(
        isinstance(unloaded, str) and unloaded and unloaded == loaded == subject.make().fingerprint,
        f"The fingerprint is {unloaded!r} before loading and {loaded!r} after",
        "It is a hash of weights content, preprocessing and library version, and nothing else",
        "Hash contents with hashlib; use no id(), hash(), time or path",
    )


@check_for("encoder")
def check_encoder_features_well_formed(subject: EncoderSubject) -> None:
    """Texts and images become finite float32 unit vectors of width ``dim`` on the CPU, in the order given."""
    encoder = subject.ready
    images = encoder.encode_images(draw_images(IMAGES))
    found = {"texts": (encoder.encode_texts(TEXTS), len(TEXTS)), "images": (images.pooled, IMAGES)}
    for name, (features, count) in found.items():
        conforms(
            features.shape == (count, encoder.dim)
            and features.dtype == torch.float32
            and features.device.type == "cpu",
            f"The {name} became {tuple(features.shape)}, {features.dtype}, on {features.device}",
            f"{count} {name} become ({count}, {encoder.dim}) float32 on the CPU",
            "Project to the joint width, and end with `.float().cpu()`",
        )
        worst = float((features.double().norm(dim=-1) - 1).abs().max())
        conforms(
            worst <= NORM_TOLERANCE,
            f"The features of {name} have a norm that is {worst:.3g} away from 1",
            "Features have unit norm",
            "Normalise along the last axis",
        )


@check_for("encoder")
def check_encoder_patches_declared(subject: EncoderSubject) -> None:
    """With ``has_patches`` there are unit patch tokens and attention whose rows sum to 1; without, neither."""
    encoder = subject.ready
    images = encoder.encode_images(draw_images(IMAGES))
    if not encoder.has_patches:
        conforms(
            images.patches is None and images.attention is None,
            "It gives patch tokens or attention, and `has_patches` is False",
            "`has_patches` says what `encode_images` gives",
            "Correct `has_patches`",
        )
        return
    shapes = [None if t is None else tuple(t.shape) for t in (images.patches, images.attention)]
    count = 0 if images.patches is None else images.patches.shape[1]
    conforms(
        shapes == [(IMAGES, count, encoder.dim), (IMAGES, 1 + count, 1 + count)],
        f"Patch tokens and attention have shapes {shapes}",
        f"They are (B, P, {encoder.dim}) and (B, 1+P, 1+P)",
        "Project patch tokens to the joint space, and average attention over heads",
    )
    assert images.patches is not None  # noqa: S101  their shapes are right
    assert images.attention is not None  # noqa: S101  as above
    worst = float((images.patches.norm(dim=-1) - 1).abs().max())
    sums = float((images.attention.sum(-1) - 1).abs().max())
    conforms(
        worst <= NORM_TOLERANCE and sums <= NORM_TOLERANCE,
        f"Patch norms are up to {worst:.3g}, and sums of attention rows up to {sums:.3g}, away from 1",
        "Patch tokens have unit norm, and rows of attention sum to 1",
        "Normalise both",
    )


@check_for("encoder")
def check_encoder_batch_invariant(subject: EncoderSubject) -> None:
    """No text's and no image's features depend on what is encoded with it, or in which order."""
    encoder, images = subject.ready, draw_images(IMAGES)
    _same(
        encoder.encode_texts(TEXTS),
        torch.cat([encoder.encode_texts([text]) for text in reversed(TEXTS)]).flip(0),
        "texts",
    )
    _same(
        encoder.encode_images(images).pooled,
        torch.cat([encoder.encode_images([image]).pooled for image in reversed(images)]).flip(0),
        "images",
    )


@check_for("encoder")
def check_encoder_prepared_equal(subject: EncoderSubject) -> None:
    """Images prepared ahead have the features of the images themselves, with patch tokens and without."""
    encoder, images = subject.ready, draw_images(IMAGES)
    prepare = encoder.image_preparation()
    prepared = [prepare(image) for image in images]
    expected = encoder.encode_images(images).pooled
    _same(expected, encoder.encode_prepared(prepared).pooled, "images and of prepared images")
    conforms(
        torch.equal(
            encoder.encode_prepared(prepared, patches=True).pooled,
            encoder.encode_prepared(prepared, patches=False).pooled,
        ),
        "Global features change with whether patch tokens are wanted",
        "They are the same bits, so that captioners without and with patch tokens see one image",
        "Compute them in the same way, and leave out only what is made of patch tokens",
    )


@check_for("encoder")
def check_encoder_reproducible(subject: EncoderSubject) -> None:
    """Two instances give equal features, whatever the global random state: dropout is off."""
    with disturbed_randomness(1):
        first = subject.ready.encode_texts(TEXTS)
    with disturbed_randomness(2):
        second = subject.ready.encode_texts(TEXTS)
    conforms(
        torch.equal(first, second),
        "Two instances gave other features of the same texts",
        "The encoder is frozen, and every weight comes from its files",
        "Call `.eval()`, and load every weight",
    )


@check_for("encoder")
def check_encoder_global_randomness_untouched(subject: EncoderSubject) -> None:
    """Encoding moves no global random state."""
    encoder = subject.ready
    with untouched_randomness():
        encoder.encode_texts(TEXTS)
        encoder.encode_images(draw_images(IMAGES))


@check_for("encoder")
def check_encoder_inputs_unmodified(subject: EncoderSubject) -> None:
    """The images passed in are left as they are, and so is a list of texts."""
    encoder, images, texts = subject.ready, draw_images(IMAGES), list(TEXTS)
    before = [image.tobytes() for image in images]
    encoder.encode_images(images)
    encoder.encode_texts(texts)
    conforms(
        before == [image.tobytes() for image in images] and texts == list(TEXTS),
        "Encoding changed the images or the list of texts",
        "Inputs are not modified",
        "Work on copies: `image.copy()`, `image.convert('RGB')`",
    )


def _same(together: Tensor, alone: Tensor, name: str) -> None:
    """Refuse features that depend on their company."""
    worst = float((together - alone).abs().max())
    conforms(
        worst <= TOLERANCE,
        f"Features of {name} encoded together and one by one differ by up to {worst:.3g}",
        f"They are equal within {TOLERANCE}, in the order given",
        "Mask padding, use no batch statistics, and keep the order",
    )
