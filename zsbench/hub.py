"""Model repositories of the Hugging Face Hub: the cached copy first, a download only where it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from zsbench.errors import ConfigError, MissingWeightsError

__all__ = ["fetch_snapshot"]


def fetch_snapshot(
    repository: str, *, patterns: Sequence[str], is_complete: Callable[[Path], bool], online: bool
) -> Path:
    """The folder of a repository's cached files; what is cached and complete is taken without any connection.

    Args:
        repository: ``owner/name``.
        patterns: Which files to fetch if it must be fetched.
        is_complete: Whether a cached folder holds all that is needed.
        online: Whether a download is allowed.

    Raises:
        ConfigError: The name is no repository name.
        MissingWeightsError: The files are not cached, and downloads are not allowed or failed.
    """
    folder = _find(repository)
    if folder is not None and is_complete(folder):
        return folder
    if not online:
        raise _missing(repository, "is not complete on this machine" if folder else "is not on this machine")
    folder = _download(repository, patterns)
    if not is_complete(folder):
        raise _missing(repository, "does not hold the files that are needed")
    return folder


def _find(repository: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(repository, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise ConfigError(
            f"{repository!r} is neither a folder on this machine nor the name of a repository.",
            "A model is a folder or a name such as facebook/opt-1.3b.",
            "Correct the path or the name in the matrix.",
            key="model",
        ) from error


def _download(repository: str, patterns: Sequence[str]) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        return Path(snapshot_download(repository, allow_patterns=list(patterns)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        raise _missing(repository, f"could not be fetched ({type(error).__name__})") from error


def _missing(repository: str, what: str) -> MissingWeightsError:
    return MissingWeightsError(
        f"The model repository {repository} {what}.",
        "Weights are read from this machine unless a download is allowed.",
        f"Run `hf download {repository}` once, or add `--online` to `zsbench run`.",
    )
