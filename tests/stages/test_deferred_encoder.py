"""An encoder that is loaded only if it is asked to encode."""

from __future__ import annotations

import torch
from PIL import Image

from zsbench.stages.deferred_encoder import DeferredEncoder
from zsbench.testing.fakes import FakeEncoder


def make(loads):
    def load():
        encoder = FakeEncoder()
        encoder.load("cpu")
        loads.append(encoder)
        return encoder

    return DeferredEncoder("its-fingerprint", 16, load)


def test_width_and_fingerprint_load_nothing():
    """They are what a captioner builds its parts from; `load` itself waits too."""
    loads = []
    encoder = make(loads)
    encoder.load("cpu")
    assert (encoder.dim, encoder.fingerprint) == (16, "its-fingerprint")
    assert loads == []


def test_encoding_loads_and_does_what_the_encoder_does():
    """A captioner that encodes in its training gets what it asks for."""
    loads = []
    encoder, image = make(loads), Image.new("RGB", (32, 32))
    assert torch.equal(encoder.encode_texts(["a cat"]), loads[0].encode_texts(["a cat"]))
    assert torch.equal(encoder.encode_images([image]).pooled, loads[0].encode_images([image]).pooled)
    assert encoder.has_patches == loads[0].has_patches
