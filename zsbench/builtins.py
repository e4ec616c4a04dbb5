"""The core's own plugin: what is built in comes in by the same door as a stranger's."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import EncoderSpec, EngineSpec, MetricSpec

__all__: list[str] = []

METRICS = {
    "bleu-1": "BLEU with unigrams (Papineni et al. 2002)",
    "bleu-2": "BLEU up to bigrams",
    "bleu-3": "BLEU up to trigrams",
    "bleu-4": "BLEU up to 4-grams",
    "meteor": "METEOR 1.5 (Denkowski and Lavie 2014)",
    "rouge-l": "ROUGE-L (Lin 2004)",
    "cider-d": "CIDEr-D with the idf of the whole split (Vedantam et al. 2015)",
    "spice": "SPICE (Anderson et al. 2016)",
    "clip-score": "CLIPScore of a scoring encoder (Hessel et al. 2021)",
    "ref-clip-score": "RefCLIPScore of a scoring encoder (Hessel et al. 2021)",
    "vqa-accuracy": "the official VQA accuracy (Antol et al. 2015)",
    "exact-match": "answers equal to a reference (Hudson and Manning 2019)",
}


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
        MetricSpec(id=id_, factory=f"zsbench.metrics.catalogue:{id_.replace('-', '_')}", summary=summary)
        for id_, summary in METRICS.items()
    ]


@hookimpl
def zsbench_engines() -> list[EngineSpec]:
    """The engine of one machine, and that of a Ray cluster."""
    return [
        EngineSpec(id="local", factory="zsbench.runner.local:LocalEngine", summary="processes on this machine"),
        EngineSpec(
            id="ray",
            factory="zsbench.runner.cluster.engine:RayEngine",
            summary="tasks on a Ray cluster whose nodes share the store (zsbench[ray])",
        ),
    ]
