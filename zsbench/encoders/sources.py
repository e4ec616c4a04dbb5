"""Where an encoder's weights, settings and tokenizer lie; resolved without loading any of them."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from zsbench.encoders.settings import OpenClipConfig
from zsbench.errors import ConfigError, CorruptDataError, MissingWeightsError, closest
from zsbench.fingerprints import FileHashes, hash_json
from zsbench.hub import fetch_snapshot

__all__ = ["EncoderSource", "fingerprint_source", "resolve_source"]

CONFIG_NAME = "open_clip_config.json"
WEIGHTS_NAMES = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors")
HUB_PREFIX = "hf-hub:"
QUICK_GELU_SUFFIX = "-quickgelu"
TOKENIZER_PATTERNS = (
    "*token*.json",
    "special_tokens_map.json",
    "vocab.*",
    "merges.txt",
    "*.model",
)
PREPROCESSING_KEYS = ("size", "mode", "mean", "std", "interpolation", "resize_mode", "fill_color")


@dataclass(frozen=True)
class EncoderSource:
    """An encoder on disk.

    Attributes:
        name: What open_clip calls it: an architecture, or ``local-dir:`` and a folder.
        weights: The safetensors file.
        model_settings: open_clip's ``model_cfg``.
        preprocessing: What the weights' own settings say about images; open_clip's defaults fill the rest.
        quick_gelu: Whether the weights were trained with QuickGELU.
        tokenizer: Folder of the tokenizer's files; None for open_clip's own BPE.
        text_tower: Settings file of a text tower from transformers; None for open_clip's own tower.
    """

    name: str
    weights: Path
    model_settings: Mapping[str, Any]
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    quick_gelu: bool = False
    tokenizer: Path | None = None
    text_tower: Path | None = None

    @property
    def text_settings(self) -> Mapping[str, Any]:
        """open_clip's ``text_cfg``."""
        settings: Mapping[str, Any] = self.model_settings.get("text_cfg", {})
        return settings


def resolve_source(config: OpenClipConfig, *, online: bool) -> EncoderSource:
    """Find weights, settings and tokenizer on this machine.

    Raises:
        ConfigError: The names or settings are wrong or contradict each other.
        MissingWeightsError: Something is not here, and downloads are not allowed.
        CorruptDataError: A settings file cannot be read.
    """
    source = _resolve(config, online=online)
    name = source.text_settings.get("hf_model_name")
    return replace(source, text_tower=_fetch_text_tower(name, online=online)) if name else source


def fingerprint_source(source: EncoderSource, *, precision: str, hashes: FileHashes) -> str:
    """Hash of weights, settings, tokenizer, precision and library version; paths do not enter."""
    files = [] if source.tokenizer is None else _list_tokenizer_files(source.tokenizer)
    tower = None if source.text_tower is None else hashes.hash_file(source.text_tower)
    return hash_json(
        {
            "weights": hashes.hash_file(source.weights),
            "model": dict(source.model_settings),
            "preprocessing": dict(source.preprocessing),
            "quick_gelu": source.quick_gelu,
            "tokenizer": {path.name: hashes.hash_file(path) for path in files},
            "text_tower": tower,
            "precision": precision,
            "open_clip": version("open_clip_torch"),
        }
    )


def _resolve(config: OpenClipConfig, *, online: bool) -> EncoderSource:
    folder = Path(config.model).expanduser()
    if config.model.startswith(HUB_PREFIX):
        _refuse_pretrained(config)
        return _resolve_hub(config.model.removeprefix(HUB_PREFIX), online=online)
    if folder.is_dir():
        _refuse_pretrained(config)
        return _resolve_folder(folder, folder)
    settings = _read_architecture(config.model)
    if config.pretrained is None:
        raise ConfigError(
            f"Encoder {config.model} has no weights: `pretrained` is not set.",
            "An architecture is named with a pretrained tag or a safetensors file.",
            "Add `pretrained: openai`, or another tag of `open_clip.list_pretrained()`.",
            key="pretrained",
        )
    if Path(config.pretrained).expanduser().is_file():
        return _resolve_file(config.model, Path(config.pretrained).expanduser(), settings, online=online)
    return _resolve_tag(config.model, config.pretrained, settings, online=online)


def _refuse_pretrained(config: OpenClipConfig) -> None:
    if config.pretrained is not None:
        raise ConfigError(
            f"Encoder {config.model} holds its own weights, and `pretrained: {config.pretrained}` names others.",
            "A folder or repository comes without `pretrained`.",
            "Remove `pretrained`, or name an architecture such as ViT-B-32.",
            key="pretrained",
        )


def _resolve_hub(repository: str, *, online: bool) -> EncoderSource:
    patterns = (CONFIG_NAME, *WEIGHTS_NAMES, *TOKENIZER_PATTERNS)
    folder = fetch_snapshot(
        repository, patterns=patterns, is_complete=lambda f: _find_weights(f) is not None, online=online
    )
    named = _read_settings(folder)[0].get("text_cfg", {}).get("hf_tokenizer_name")
    own = named and _list_tokenizer_files(folder)
    return _resolve_folder(folder, folder if own or not named else _fetch_tokenizer(named, online=online))


def _resolve_folder(folder: Path, tokenizer: Path) -> EncoderSource:
    settings, preprocessing = _read_settings(folder)
    weights = _find_weights(folder)
    if weights is None:
        raise MissingWeightsError(
            f"There is no {WEIGHTS_NAMES[0]} in {folder}.",
            "Weights are read from safetensors files only; pickled ones are not opened.",
            f"Put {WEIGHTS_NAMES[0]} beside {CONFIG_NAME}, or correct `model`.",
        )
    named = settings.get("text_cfg", {}).get("hf_tokenizer_name")
    if named and not _list_tokenizer_files(tokenizer):
        raise MissingWeightsError(
            f"{folder / CONFIG_NAME} names a tokenizer, and {tokenizer} holds no tokenizer files.",
            "A folder with `hf_tokenizer_name` holds tokenizer.json and tokenizer_config.json.",
            f"Copy the files of the tokenizer {named!r} into {tokenizer}.",
        )
    _check_size(settings, preprocessing, folder / CONFIG_NAME)
    quick = bool(settings.get("quick_gelu", False))
    own = tokenizer if named else None
    return EncoderSource(f"local-dir:{folder}", weights, settings, preprocessing, quick, own)


def _resolve_file(model: str, weights: Path, settings: Mapping[str, Any], *, online: bool) -> EncoderSource:
    if weights.suffix != ".safetensors":
        raise ConfigError(
            f"The weights {weights} are no safetensors file.",
            "Weights are read from safetensors files only; pickled ones are not opened.",
            "Convert them with `open_clip.push_to_hf_hub.save_for_hf`, or name a pretrained tag.",
            key="pretrained",
        )
    tokenizer = _find_named_tokenizer(settings, online=online)
    quick = bool(settings.get("quick_gelu", False))
    return EncoderSource(model, weights, settings, _agreed_preprocessing(model), quick, tokenizer)


def _resolve_tag(model: str, tag: str, settings: Mapping[str, Any], *, online: bool) -> EncoderSource:
    tag_settings = _read_tag(model, tag)
    if tag_settings.get("quick_gelu") is False and settings.get("quick_gelu"):
        raise _contradiction(model, tag)
    repository, _, name = tag_settings.get("hf_hub", "").rpartition("/")
    if not repository:
        raise ConfigError(
            f"The weights of {model} {tag!r} are not on the Hub.",
            "Only weights in a repository of the Hub are fetched, as safetensors.",
            f"Fetch {tag_settings.get('url', 'them')} yourself and convert them to safetensors.",
            key="pretrained",
        )
    names = (f"{Path(name).stem}.safetensors",) if name else WEIGHTS_NAMES
    folder = fetch_snapshot(
        repository, patterns=names, is_complete=lambda f: _find_weights(f, names) is not None, online=online
    )
    weights = _find_weights(folder, names)
    assert weights is not None  # noqa: S101  the snapshot is complete
    preprocessing = {key: tag_settings[key] for key in PREPROCESSING_KEYS if key in tag_settings}
    quick = bool(tag_settings.get("quick_gelu") or settings.get("quick_gelu"))
    return EncoderSource(model, weights, settings, preprocessing, quick, _find_named_tokenizer(settings, online=online))


def _read_tag(model: str, tag: str) -> Mapping[str, Any]:
    from open_clip.pretrained import get_pretrained_cfg, list_pretrained_tags_by_model

    settings: Mapping[str, Any] = get_pretrained_cfg(model, tag)
    if settings:
        return settings
    base = model.removesuffix(QUICK_GELU_SUFFIX)
    if base != model and get_pretrained_cfg(base, tag):
        raise _contradiction(model, tag)
    tags = list_pretrained_tags_by_model(model)
    near = closest(tag, tags)
    raise ConfigError(
        f"{tag!r} is neither a pretrained tag of {model} nor a file.",
        f"Its tags: {', '.join(tags) or 'none'}.",
        f"Did you mean {near!r}?" if near else "Name one of these, or the path of a safetensors file.",
        key="pretrained",
    )


def _contradiction(model: str, tag: str) -> ConfigError:
    return ConfigError(
        f"Encoder {model} computes QuickGELU, and the weights {tag!r} were trained without.",
        "An encoder computes what its weights were trained for.",
        f"Set `model: {model.removesuffix(QUICK_GELU_SUFFIX)}`; the activation then follows the weights.",
        key="model",
    )


def _agreed_preprocessing(model: str) -> Mapping[str, Any]:
    """What all pretrained tags of an architecture say about images; a bare weights file says nothing itself."""
    from open_clip.pretrained import get_pretrained_cfg, list_pretrained_tags_by_model

    tags = [get_pretrained_cfg(model, tag) for tag in list_pretrained_tags_by_model(model)]
    choices = [{key: tag[key] for key in PREPROCESSING_KEYS if key in tag} for tag in tags]
    if any(choice != choices[0] for choice in choices):
        raise ConfigError(
            f"The weights of {model} prepare images in more than one way, and a bare weights file does not say how.",
            f"A folder with {CONFIG_NAME} says it.",
            f"Put the file beside an {CONFIG_NAME} with `preprocess_cfg`, and set `model` to that folder.",
            key="pretrained",
        )
    return choices[0] if choices else {}


def _read_architecture(model: str) -> Mapping[str, Any]:
    """open_clip's settings of an architecture, read from its package without importing it."""
    spec = importlib.util.find_spec("open_clip")
    roots: Sequence[str] = list(spec.submodule_search_locations or ()) if spec else ()
    names = {path.stem: path for root in roots for path in Path(root, "model_configs").glob("*.json")}
    if model in names:
        return _read_json(names[model])
    near = closest(model, names)
    raise ConfigError(
        f"There is no folder and no open_clip architecture {model!r}.",
        "An encoder is an architecture name, `hf-hub:owner/name` or a folder.",
        f"Did you mean {near!r}?" if near else "See `open_clip.list_models()` for the names.",
        key="model",
    )


def _read_settings(folder: Path) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """``model_cfg`` and ``preprocess_cfg`` of a folder."""
    path = folder / CONFIG_NAME
    content = _read_json(path)
    settings = content.get("model_cfg")
    if not isinstance(settings, dict) or not {"embed_dim", "vision_cfg", "text_cfg"} <= set(settings):
        raise _corrupt(path, "has no complete `model_cfg`")
    return settings, content.get("preprocess_cfg") or {}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MissingWeightsError(
            f"There is no {path.name} in {path.parent}.",
            f"An encoder's folder holds {CONFIG_NAME} and {WEIGHTS_NAMES[0]}.",
            "Correct `model`, or complete the folder.",
        ) from error
    except ValueError as error:
        raise _corrupt(path, f"is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise _corrupt(path, "is not a JSON object")
    return content


def _check_size(settings: Mapping[str, Any], preprocessing: Mapping[str, Any], path: Path) -> None:
    """Refuse preprocessing to another size than the tower's."""
    tower, prepared = settings["vision_cfg"].get("image_size", 224), preprocessing.get("size")
    if prepared is not None and _pair(prepared) != _pair(tower):
        raise ConfigError(
            f"{path} prepares images at size {prepared}, and its tower takes {tower}.",
            "Both sizes are the same.",
            "Correct `size` in `preprocess_cfg`.",
            source=str(path),
            key="preprocess_cfg",
        )


def _pair(size: int | Sequence[int]) -> list[int]:
    return [size, size] if isinstance(size, int) else [size[0], size[-1]]


def _find_weights(folder: Path, names: Sequence[str] = WEIGHTS_NAMES) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _find_named_tokenizer(settings: Mapping[str, Any], *, online: bool) -> Path | None:
    named = settings.get("text_cfg", {}).get("hf_tokenizer_name")
    return _fetch_tokenizer(named, online=online) if named else None


def _fetch_tokenizer(repository: str, *, online: bool) -> Path:
    return fetch_snapshot(
        repository, patterns=TOKENIZER_PATTERNS, is_complete=lambda f: bool(_list_tokenizer_files(f)), online=online
    )


def _fetch_text_tower(repository: str, *, online: bool) -> Path:
    """The settings file from which open_clip builds a text tower of transformers."""
    name = "config.json"
    folder = fetch_snapshot(repository, patterns=(name,), is_complete=lambda f: (f / name).is_file(), online=online)
    return folder / name


def _list_tokenizer_files(folder: Path) -> list[Path]:
    return sorted({path for pattern in TOKENIZER_PATTERNS for path in folder.glob(pattern)})


def _corrupt(path: Path, what: str) -> CorruptDataError:
    return CorruptDataError(
        f"{path} {what}.",
        "It holds an open_clip model's settings.",
        "Write the file again with `open_clip.push_to_hf_hub.save_for_hf`, or fetch it again.",
        path=path,
    )
