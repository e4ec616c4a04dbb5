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
            id="coco-captions",
            factory="zsbench_tasks.captions_folder:coco_captions",
            config="zsbench_tasks.captions_folder:CocoCaptionsConfig",
            summary="caption the images of any captions_*.json of COCO",
            tags=("captioning", "coco"),
        ),
        TaskSpec(
            id="flickr30k-karpathy-test",
            factory="zsbench_tasks.flickr30k:flickr30k_karpathy_test",
            summary="caption the Flickr30k images of the Karpathy test split",
            tags=("captioning", "flickr30k"),
        ),
        TaskSpec(
            id="flickr30k-karpathy-val",
            factory="zsbench_tasks.flickr30k:flickr30k_karpathy_val",
            summary="caption the Flickr30k images of the Karpathy validation split",
            tags=("captioning", "flickr30k"),
        ),
        TaskSpec(
            id="nocaps-val",
            factory="zsbench_tasks.nocaps:nocaps_val",
            summary="caption the NoCaps validation images, in-domain, near-domain and out-domain",
            tags=("captioning", "nocaps"),
        ),
        TaskSpec(
            id="captions-folder",
            factory="zsbench_tasks.captions_folder:captions_folder",
            config="zsbench_tasks.captions_folder:CaptionsFolderConfig",
            summary="caption any folder of images with a file of captions",
            tags=("captioning", "own-data"),
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
        CorpusSpec(
            id="flickr30k-karpathy-train",
            factory="zsbench_tasks.corpora:flickr30k_karpathy_train",
            summary="the Flickr30k captions of the Karpathy split train",
            tags=("flickr30k",),
        ),
        CorpusSpec(
            id="cc3m",
            factory="zsbench_tasks.web_text:cc3m",
            config="zsbench_tasks.web_text:WebTextConfig",
            summary="the captions of Conceptual Captions, training split",
            tags=("web-text",),
        ),
        CorpusSpec(
            id="ss1m",
            factory="zsbench_tasks.web_text:ss1m",
            config="zsbench_tasks.web_text:Ss1mConfig",
            summary="captions crawled from Shutterstock for the object names of COCO",
            tags=("web-text",),
        ),
        CorpusSpec(
            id="text-file",
            factory="zsbench_tasks.web_text:text_file",
            config="zsbench_tasks.web_text:TextFileConfig",
            summary="the texts of any .txt, .csv, .tsv, .jsonl or .json file",
            tags=("own-data",),
        ),
    ]
