"""What this distribution registers."""

from __future__ import annotations

from zsbench.hookspecs import hookimpl
from zsbench.interfaces.specs import CorpusSpec, TaskSpec

__all__: list[str] = []


@hookimpl
def zsbench_tasks() -> list[TaskSpec]:
    """One spec a split."""
    return [
        TaskSpec(
            id="coco-karpathy-test",
            factory="zsbench_tasks.coco:coco_karpathy_test",
            summary="caption the COCO images of the Karpathy test split",
            tags=("captioning", "coco"),
        ),
        TaskSpec(
            id="coco-karpathy-val",
            factory="zsbench_tasks.coco:coco_karpathy_val",
            summary="caption the COCO images of the Karpathy validation split",
            tags=("captioning", "coco"),
        ),
        TaskSpec(
            id="vqav2-val",
            factory="zsbench_tasks.vqa:vqav2_val",
            summary="answer the questions of the VQAv2 validation split",
            tags=("question-answering", "coco"),
        ),
        TaskSpec(
            id="okvqa-val",
            factory="zsbench_tasks.vqa:okvqa_val",
            summary="answer the questions of OK-VQA, which need knowledge of the world",
            tags=("question-answering", "coco"),
        ),
        TaskSpec(
            id="gqa-testdev-balanced",
            factory="zsbench_tasks.gqa:GqaTask",
            summary="answer the questions of the balanced GQA test-dev split",
            tags=("question-answering",),
        ),
    ]


@hookimpl
def zsbench_corpora() -> list[CorpusSpec]:
    """One spec a corpus."""
    return [
        CorpusSpec(
            id="coco-karpathy-train",
            factory="zsbench_tasks.corpora:coco_karpathy_train",
            summary="the COCO captions of the Karpathy splits train and restval",
            tags=("coco",),
        ),
    ]
