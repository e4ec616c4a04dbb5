"""Matrix files: YAML -> frozen, validated records, with line, key and suggestion for whatever is wrong.

A matrix file is untrusted text: safe YAML, a size limit, no code.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from zsbench.errors import ConfigError, MissingDataError
from zsbench.interfaces.gap import GapSetting
from zsbench.interfaces.language import GenerationSettings
from zsbench.interfaces.records import Frozen
from zsbench.interfaces.task import GroupIdf
from zsbench.registry import config_error, set_dotted

__all__ = [
    "AnswerRoute",
    "Answering",
    "CorpusTaskPair",
    "EncoderSetting",
    "GapAxisSetting",
    "GapFitSetting",
    "LanguageModelSetting",
    "Matrix",
    "parse_assignment",
    "read_matrix",
]

MAX_BYTES = 1_000_000
PATH_KEYS = (
    ("encoder", "settings", "model"),
    ("encoder", "settings", "pretrained"),
    ("scoring_encoder", "settings", "model"),
    ("scoring_encoder", "settings", "pretrained"),
    ("language_model", "model"),
)


class EncoderSetting(Frozen):
    """Which encoder, and how."""

    id: str = Field(default="open-clip", description="id of a registered encoder")
    settings: Mapping[str, str | int | float | bool | None] = Field(
        description="its settings, such as model and pretrained"
    )


class LanguageModelSetting(Frozen):
    """Which frozen causal language model, and how."""

    model: str = Field(description="hub name such as facebook/opt-1.3b, or a folder")
    precision: str = Field(default="float32", description="float32, bfloat16 or float16")


AnswerRoute = Literal["auto", "features", "caption"]
MissingTasks = Literal["error", "leave-out"]


class Answering(Frozen):
    """How the questions of a question-answering task are answered.

    Two routes, both of the paper's discussion: ``features`` lets the captioner answer from its own representation of
    the image; ``caption`` lets it caption the image, and the language model reads the caption. ``auto`` is
    ``features`` for a captioner that can answer, else ``caption``.
    """

    routes: tuple[AnswerRoute, ...] = Field(default=("auto",), min_length=1, description="auto, features, caption")
    prompt: str = Field(
        default="{caption} Question: {question} Short answer:",
        pattern=r"(?s)\{caption\}.*\{question\}",
        description="what the language model reads on the route `caption`",
    )
    decoding: GenerationSettings = Field(
        default=GenerationSettings(beams=5, max_new_tokens=10, min_new_tokens=1, length_penalty=-1.0),
        description="how it answers; beam 5, 1 to 10 tokens, length penalty -1 as in MacCap's code",
    )


class GapAxisSetting(GapSetting):
    """A gap model put under a captioner, in training and at inference; another one at inference on request."""

    inference: GapSetting | None = Field(default=None, description="the gap model at inference; none: the same one")

    @property
    def training_gap(self) -> GapSetting:
        """The gap model of training."""
        return GapSetting(id=self.id, settings=self.settings)

    @property
    def inference_gap(self) -> GapSetting:
        """The gap model of inference."""
        return self.inference or self.training_gap


class GapFitSetting(Frozen):
    """Images that gap models may be fitted on, where they require some; every table marks what used them."""

    task: str = Field(description="id of a captioning task, not one that is scored")
    limit: int | None = Field(default=None, ge=1, description="only its first N images")


class CorpusTaskPair(Frozen):
    """One combination of a training corpus and a task."""

    corpus: str = Field(description="id of a text corpus")
    task: str = Field(description="id of a task")


class Matrix(Frozen):
    """What to run: every captioner, on every corpus, with every gap model and seed, on every task."""

    name: str = Field(default="matrix", pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="names the run folder")
    captioners: tuple[str, ...] = Field(min_length=1, description="ids of captioners")
    tasks: tuple[str, ...] = Field(min_length=1, description="ids of tasks")
    corpora: tuple[str, ...] = Field(min_length=1, description="ids of the text corpora to train on or retrieve from")
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1, description="one run of everything for each")
    gap_models: tuple[GapAxisSetting, ...] = Field(
        default=(), description="gap models put under every captioner that takes one; none: each captioner's own"
    )
    encoder: EncoderSetting = Field(description="the frozen image-text encoder")
    language_model: LanguageModelSetting | None = Field(default=None, description="the frozen language model")
    settings: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict, description="settings by captioner id; those of a base reach its ablations"
    )
    pairs: tuple[CorpusTaskPair, ...] = Field(
        default=(), description="the combinations of corpus and task to run; none: all of them"
    )
    sweep: Mapping[str, tuple[Any, ...]] = Field(
        default_factory=dict, description="values by dotted setting, such as maccap.inference.candidates: [1, 2, 4]"
    )
    task_settings: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict, description="settings by task id, for tasks that have some"
    )
    corpus_settings: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict, description="settings by corpus id, for corpora that have some"
    )
    metrics: tuple[str, ...] = Field(
        default=(), description="metrics computed on every captioning task beside those of its card"
    )
    scoring_encoder: EncoderSetting | None = Field(
        default=None, description="the encoder of CLIPScore, better another one than the captioners'"
    )
    group_idf: GroupIdf | None = Field(
        default=None, description="document frequencies of group scores: shared or per-group; none: as the task's card"
    )
    answering: Answering = Field(default=Answering(), description="how questions are answered")
    gap_fit: GapFitSetting | None = Field(
        default=None, description="images for gap models whose fit requires images or pairs"
    )
    fail_on_error: bool = Field(
        default=False, description="an unreadable image fails its cells instead of being left out"
    )
    missing_tasks: MissingTasks = Field(
        default="error",
        description="what becomes of a task whose files are not under the data root: error, or leave-out with a note",
    )
    baseline: str | None = Field(default=None, description="captioner that the others are compared with")
    data_root: str | None = Field(
        default=None, description="folder of the data, or id of a data root written on demand"
    )
    limit: int | None = Field(default=None, ge=1, description="only the first N examples of each task")
    batch_size: int = Field(default=64, ge=1, description="images captioned together")
    device: str = Field(default="cpu", description="a torch device")
    threads: int | None = Field(
        default=None,
        ge=1,
        description="CPU threads that a stage computes with; given, a run uses the other cores for other stages",
    )
    checkpoint_seconds: float | None = Field(
        default=60.0,
        ge=0.0,
        description="seconds between the states that a training keeps to go on from if it is killed; 0: every step, "
        "none: never; changes no result",
    )

    @field_validator("captioners", "tasks", "corpora", "seeds", "metrics", "pairs")
    @classmethod
    def _without_repeats(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Refuse an axis that lists one thing twice."""
        repeated = sorted({str(value) for value in values if values.count(value) > 1})
        if repeated:
            raise ValueError(f"listed twice: {', '.join(repeated)}")
        return values


@dataclasses.dataclass(frozen=True)
class _Source:
    """Where the keys of a matrix stand: for messages."""

    name: str
    root: yaml.Node | None

    def at(self, key: str) -> str:
        """``file, line n`` of a dotted key, as deep as it can be followed."""
        line = _line_of(self.root, key.split(".")) if self.root is not None and key else None
        return f"{self.name}, line {line}" if line else self.name


def read_matrix(path: Path, overrides: Mapping[str, Any]) -> Matrix:
    """Read a matrix file, put overrides over it, validate the whole.

    Args:
        path: The YAML file. Values of encoder, language model, ``settings``, ``task_settings`` and ``corpus_settings``
            that begin with ``./`` or ``../`` are paths relative to its folder, and so is such a ``data_root``.
        overrides: Values by dotted key, from the command line; they win.

    Raises:
        MissingDataError: There is no such file.
        ConfigError: It is not YAML, too large, or has an unknown key or a wrong value; line and key are named.
    """
    text = _read_text(path)
    data, root = _parse(text, path)
    _anchor_paths(data, path.parent)
    for key, value in overrides.items():
        set_dotted(data, key, value)
    try:
        return Matrix.model_validate(data)
    except ValidationError as error:
        overridden = str(error.errors()[0]["loc"][0]) in {key.split(".")[0] for key in overrides}
        where = "the command line" if overridden else _Source(str(path), root).at(_key_of(error))
        raise config_error(error, Matrix, source=where) from None


def parse_assignment(text: str, known_captioners: Sequence[str]) -> tuple[str, Any]:
    """``key=value`` of ``--set``: the dotted key, and the value read as YAML.

    A key that begins with a captioner id is short for ``settings.<captioner>...``.

    Raises:
        ConfigError: There is no ``=``, or the value is not YAML.
    """
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise ConfigError(
            f"--set got {text!r}.",
            "It takes key=value.",
            "Example: `--set maccap.inference.candidates=8`.",
            source="the command line",
            key="set",
        )
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError:
        raise ConfigError(
            f"The value of --set {key} is {value!r}.",
            "It is read as YAML.",
            "Quote it.",
            source="the command line",
            key=key,
        ) from None
    return (f"settings.{key}" if key.split(".")[0] in known_captioners else key), parsed


def _read_text(path: Path) -> str:
    """The text of a matrix file, within the size limit."""
    if not path.is_file():
        raise MissingDataError(
            f"There is no matrix file {str(path)!r}.",
            "A matrix is a YAML file, or the id of one that ships with a plugin.",
            "Run `zsbench ls matrices` to see the shipped ones.",
            path=path,
        )
    if path.stat().st_size > MAX_BYTES:
        raise ConfigError(
            f"{path} has {path.stat().st_size} bytes.",
            f"A matrix has at most {MAX_BYTES}.",
            "Check that it is a matrix.",
            source=str(path),
        )
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is not UTF-8: {error.reason} at byte {error.start}.",
            "A matrix is a UTF-8 text.",
            "Save it as UTF-8.",
            source=str(path),
        ) from None


def _parse(text: str, path: Path) -> tuple[dict[str, Any], yaml.Node | None]:
    """The mapping in a YAML text, and its node tree, which knows the lines."""
    try:
        data = yaml.safe_load(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or "not YAML"
        raise ConfigError(
            f"{where}: {problem}.", "A matrix is a YAML mapping.", "Correct the line.", source=str(path)
        ) from None
    if not isinstance(data, dict):
        raise ConfigError(
            f"{path} holds {type(data).__name__}.",
            "A matrix is a YAML mapping with the keys captioners, tasks, corpora, encoder ...",
            "Start from `zsbench run --dry-run`, which prints the default matrix's plan.",
            source=str(path),
        )
    return data, root


def _anchor_paths(data: dict[str, Any], folder: Path) -> None:
    """Make paths that are relative to the matrix file absolute, in place."""
    for *path, last in (*PATH_KEYS, ("data_root",)):
        holder: Any = data
        for part in path:
            holder = holder.get(part) if isinstance(holder, dict) else None
        value = holder.get(last) if isinstance(holder, dict) else None
        if isinstance(value, str) and value.startswith(("./", "../")):
            holder[last] = str((folder / value).resolve())
    for kind in ("settings", "task_settings", "corpus_settings"):
        _anchor_values(data.get(kind), folder)


def _anchor_values(settings: Any, folder: Path) -> None:
    """Make the paths among settings absolute, in place, however deep they stand."""
    for key, value in settings.items() if isinstance(settings, dict) else ():
        if isinstance(value, str) and value.startswith(("./", "../")):
            settings[key] = str((folder / value).resolve())
        _anchor_values(value, folder)


def _key_of(error: ValidationError) -> str:
    """The dotted key of pydantic's first finding."""
    return ".".join(str(part) for part in error.errors()[0]["loc"])


def _line_of(node: yaml.Node, path: list[str]) -> int | None:
    """The line of the deepest part of a dotted path that is in the file."""
    line: int | None = None
    for part in path:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
            found = (node.value[int(part)],) * 2
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line
