"""The vocabulary of the world and its tokenizer: whole words, single characters for anything else."""

from __future__ import annotations

import json
import string
from functools import cache
from pathlib import Path

from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import WordPiece
from tokenizers.processors import TemplateProcessing

from zsbench_pocket.world.grammar import COCO_STYLE, PROSE_STYLE, describe_scene
from zsbench_pocket.world.questions import PLACE_WORDS, ask_questions
from zsbench_pocket.world.scenes import iter_scenes, open_stream

START, PAD, END, UNKNOWN, LAST = "<s>", "<pad>", "</s>", "<unk>", "<eot>"
SPECIALS = (START, PAD, END, UNKNOWN)
PAD_ID = 1
END_ID = 2
SAMPLED_SCENES = 4000


def collect_words() -> list[str]:
    """List every word of captions and questions in alphabetic order, from a large fixed sample of the world."""
    words = {"question", "short", "answer"}
    for index, scene in enumerate(iter_scenes("vocabulary", SAMPLED_SCENES)):
        rng = open_stream("vocabulary-text", index)
        texts = [describe_scene(rng, scene, style=style).text for style in (COCO_STYLE, PROSE_STYLE) for _ in range(3)]
        for question in ask_questions(rng, scene):
            texts += [question.text, *question.answers]
        for text in texts:
            words.update(_split_words(text))
    words.update(word for phrases in PLACE_WORDS.values() for phrase in phrases for word in phrase.split())
    return sorted(words)


@cache
def build_vocabulary() -> dict[str, int]:
    """Give every token its id: specials, words, characters, inner characters; `<eot>` comes last (highest id).

    The words are read from `vocabulary.txt`, so that shipped weights keep their ids when the grammar changes.
    """
    words = (Path(__file__).parent / "vocabulary.txt").read_text(encoding="utf-8").split()
    marks = [*string.ascii_lowercase, *string.digits, *string.punctuation]
    pieces = [f"##{mark}" for mark in (*string.ascii_lowercase, *string.digits)]
    tokens = dict.fromkeys([*SPECIALS, *words, *marks, *pieces, LAST])
    return {token: index for index, token in enumerate(tokens)}


def build_tokenizer(*, for_encoder: bool) -> Tokenizer:
    """Build the tokenizer; both uses share the ids and differ in the marks that they add.

    For the encoder a text becomes `<s> ... <eot>` (features are read at `<eot>`, the highest id); for the
    language model it becomes `</s> ...`, as OPT does.
    """
    vocabulary = build_vocabulary()
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=60))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=True)
    tokenizer.add_special_tokens([*SPECIALS, LAST])
    template = f"{START} $A {LAST}" if for_encoder else f"{END} $A"
    marks = (START, LAST) if for_encoder else (END,)
    tokenizer.post_processor = TemplateProcessing(single=template, special_tokens=[(m, vocabulary[m]) for m in marks])
    return tokenizer


def save_tokenizer(folder: Path, *, for_encoder: bool) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json`, as transformers' AutoTokenizer reads them offline."""
    folder.mkdir(parents=True, exist_ok=True)
    build_tokenizer(for_encoder=for_encoder).save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": START if for_encoder else END,
        "eos_token": LAST if for_encoder else END,
        "pad_token": PAD,
        "unk_token": UNKNOWN,
        "padding_side": "right",
        "clean_up_tokenization_spaces": False,
        "model_max_length": 1_000_000,
    }
    text = json.dumps(config, indent=2) + "\n"
    (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")


def _split_words(text: str) -> list[str]:
    kept = "".join(mark if mark.isalnum() else " " for mark in text.lower())
    return kept.split()
