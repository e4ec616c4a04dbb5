"""Where a language model's files lie, and what identifies them; nothing is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from zsbench.errors import MissingWeightsError
from zsbench.fingerprints import FileHashes, hash_json
from zsbench.hub import fetch_snapshot

__all__ = ["fingerprint_folder", "has_safetensors", "measure_weights", "resolve_folder"]

SETTINGS_PATTERNS = ("*.json", "*.txt", "*.model", "*.jinja")
SAFETENSORS_PATTERN = "model*.safetensors"
PICKLED_PATTERN = "pytorch_model*.bin"


def resolve_folder(model: str, *, online: bool) -> Path:
    """The folder of a model: the one named, or the cached copy of a repository.

    Raises:
        MissingWeightsError: The weights are not on this machine, and downloads are not allowed.
        ConfigError: The name is neither a folder nor a repository name.
    """
    folder = Path(model).expanduser()
    if not folder.is_dir():
        patterns = (*SETTINGS_PATTERNS, *_weights_patterns(model)) if online else SETTINGS_PATTERNS
        return fetch_snapshot(model, patterns=patterns, is_complete=_is_complete, online=online)
    if not _is_complete(folder):
        raise MissingWeightsError(
            f"{folder} does not hold a whole language model.",
            "Such a folder holds config.json, model.safetensors and the tokenizer's files.",
            "Write it with `save_pretrained` of model and tokenizer, or correct `model`.",
        )
    return folder


def has_safetensors(folder: Path) -> bool:
    """Whether the weights are there as safetensors, which are preferred to pickled ones."""
    return any(folder.glob(SAFETENSORS_PATTERN))


def fingerprint_folder(folder: Path, *, precision: str, hashes: FileHashes) -> str:
    """Hash of weights, settings, tokenizer, precision and library version; where the folder lies is no matter."""
    files = {path for pattern in (*SETTINGS_PATTERNS, _present_weights(folder)) for path in folder.glob(pattern)}
    return hash_json(
        {
            "files": {path.name: hashes.hash_file(path) for path in files},
            "precision": precision,
            "transformers": version("transformers"),
        }
    )


def measure_weights(folder: Path) -> int:
    """Bytes of the weights' files."""
    return sum(path.stat().st_size for path in folder.glob(_present_weights(folder)))


def _is_complete(folder: Path) -> bool:
    tokenizer = [*folder.glob("*token*.json"), *folder.glob("vocab.*"), *folder.glob("*.model")]
    return (folder / "config.json").is_file() and any(folder.glob(_present_weights(folder))) and bool(tokenizer)


def _present_weights(folder: Path) -> str:
    return SAFETENSORS_PATTERN if has_safetensors(folder) else PICKLED_PATTERN


def _weights_patterns(repository: str) -> Sequence[str]:
    """Safetensors where the repository has them, so that no second copy of the weights is fetched."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        names = HfApi().list_repo_files(repository)
    except (HfHubHTTPError, HFValidationError, OfflineModeIsEnabled, OSError):
        return (SAFETENSORS_PATTERN,)  # the fetch that follows reports what is wrong
    safe = any(Path(name).match(SAFETENSORS_PATTERN) for name in names)
    return (SAFETENSORS_PATTERN,) if safe else (PICKLED_PATTERN,)
