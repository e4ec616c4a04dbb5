"""The core's own plugin: what is built in comes in by the same door as a stranger's."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import EncoderSpec, EngineSpec, MetricSpec

__all__: list[str] = []

METRICS = {
    "bleu-1": ("bleu", "BLEU with unigrams (Papineni et al. 2002)"),
    "bleu-2": ("bleu", "BLEU up to bigrams"),
    "bleu-3": ("bleu", "BLEU up to trigrams"),
    "bleu-4": ("bleu", "BLEU up to 4-grams"),
    "meteor": ("meteor", "METEOR 1.5 (Denkowski and Lavie 2014)"),
    "rouge-l": ("rouge", "ROUGE-L (Lin 2004)"),
    "cider-d": ("cider", "CIDEr-D with the idf of the whole split (Vedantam et al. 2015)"),
    "spice": ("spice", "SPICE (Anderson et al. 2016)"),
    "clip-score": ("clip_score", "CLIPScore of a scoring encoder (Hessel et al. 2021)"),
    "ref-clip-score": ("clip_score", "RefCLIPScore of a scoring encoder (Hessel et al. 2021)"),
    "vqa-accuracy": ("answers", "the official VQA accuracy (Antol et al. 2015)"),
    "exact-match": ("answers", "answers equal to a reference (Hudson and Manning 2019)"),
}
"""Module and summary by id; each module has a function of the metric's name."""


@hookimpl
def zsbench_encoders() -> list[EncoderSpec]:
    """Any open_clip model."""
    return [
        EncoderSpec(
            id="open-clip",
            factory="zsbench.encoders.open_clip:OpenClipEncoder",
            config="zsbench.encoders.settings:OpenClipConfig",
            summary="any open_clip model, by name and pretrained tag or from a local folder",
        )
    ]


@hookimpl
def zsbench_metrics() -> list[MetricSpec]:
    """The metrics of the captioning literature."""
    return [
        MetricSpec(id=id_, factory=f"zsbench.metrics.{module}:{id_.replace('-', '_')}", summary=summary)
        for id_, (module, summary) in METRICS.items()
    ]


@hookimpl
def zsbench_engines() -> list[EngineSpec]:
    """The engine of one machine."""
    return [EngineSpec(id="local", factory="zsbench.runner.local:LocalEngine", summary="processes on this machine")]
