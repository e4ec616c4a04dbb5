"""Records of version 1 to version 2: run folders and baselines of a results folder, in place.

Captions, scores and statistics stay as they are, to the last bit. Of the baselines of a cell the newest stays, and the
scores of all go to the history.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from zsbench.errors import CorruptDataError, DataError, MissingDataError
from zsbench.records.cell import CellRecord
from zsbench.records.models import CellResult, RunRecord
from zsbench.records.origin import MatrixRecord, Origin, Provenance
from zsbench.records.parsing import (
    BASELINE,
    OFFICIAL,
    RESULT,
    RUN,
    SAMPLES,
    STATISTICS,
    parse_samples,
    parse_statistics,
    unpack,
)
from zsbench.records.reader import find_baselines
from zsbench.records.seal import check_seal, hash_bytes
from zsbench.records.writer import tell_history, write_baselines, write_history, write_sealed

__all__ = ["Migration", "migrate_results"]

OLD_VERSION = 1


@dataclass
class Migration:
    """What became of a results folder.

    Attributes:
        runs: Run folders that were migrated.
        baselines: Baselines that were.
        history: Baselines of which the scores alone were kept.
        problems: One line for each record that could not be migrated and stays as it is.
    """

    runs: int = 0
    baselines: int = 0
    history: int = 0
    problems: list[str] = field(default_factory=list)


def migrate_results(results: Path) -> Migration:
    """Migrate every record of a results folder, or of a run folder, that is of version 1.

    Raises:
        MissingDataError: There is no such folder.
    """
    if not results.is_dir():
        raise MissingDataError(
            f"There is no folder {results}.", "Records lie in a results folder.", "Name one.", path=results
        )
    done = Migration()
    single = [results / RUN] if (results / RUN).is_file() else sorted(results.glob(f"*/{RUN}"))
    for run in (path.parent for path in single):
        if not run.is_symlink() and run.name != "latest":
            done.runs += _attempt(partial(_migrate_run, run), done)
    folders = sorted({note.parent.parent for note in find_baselines(results).glob(f"*/*/{BASELINE}")})
    for folder in folders:
        done.baselines += _attempt(partial(_migrate_cell, folder, results, done), done)
    return done


def _attempt(migrate: Callable[[], bool], done: Migration) -> bool:
    """Whether something was migrated; a problem is noted."""
    try:
        return migrate()
    except (DataError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        done.problems.append(" ".join(f"{error}".split()))
        return False


def _migrate_run(run: Path) -> bool:
    """Migrate a run folder; false if it is of this version."""
    record = _read_json(run / RUN)
    if record.pop("schema_version", None) != OLD_VERSION:
        return False
    names = list(record["cells"])
    facts = {**record, "provenance": _provenance(record.get("provenance") or {})}
    written = RunRecord.model_validate(facts)
    results = {name: _old_result(_read_json(run / "cells" / name / RESULT)) for name in written.cells}
    contents = {name: _contents(run / "cells" / name) for name in names}
    for name, files in contents.items():
        parse_samples(run / "cells" / name / SAMPLES, files[SAMPLES])
    for name, files in contents.items():
        write_sealed(run / "cells" / name / RESULT, results[name], files)
    write_sealed(run / RUN, written)
    return True


def _migrate_cell(folder: Path, results: Path, done: Migration) -> bool:
    """Migrate the baselines of one cell: the newest is written anew, the scores of the others go to the history."""
    notes = list(folder.glob(f"*/{BASELINE}"))
    found = sorted((_read_baseline(note.parent) for note in notes), key=lambda cell: (cell.started, cell.revision))
    kept = [path for path in folder.iterdir() if not (path / BASELINE).is_file()]
    if (folder / BASELINE).exists() or kept:
        raise CorruptDataError(
            f"{folder} holds other files than baselines of version 1.",
            "A migration replaces the folder.",
            "Move them away and run it again.",
            path=folder,
        )
    root = find_baselines(results).parent
    write_history(root, [tell_history(cell, cell.revision) for cell in found[:-1]])
    write_baselines(found[-1:], root, revision=found[-1].revision)
    done.history += len(found) - 1
    return True


def _read_baseline(folder: Path) -> CellRecord:
    """One baseline of version 1, every byte compared with its checksum."""
    note = _read_json(folder / BASELINE)
    check_seal(note, folder / BASELINE)
    content = {}
    for name, expected in note["sha256"].items():
        content[name] = (folder / Path(name).name).read_bytes()
        if hash_bytes(content[name]) != expected:
            raise _damaged(folder / Path(name).name, "its checksum is another one")
    result = _old_result(json.loads(content[RESULT]))
    place = folder / SAMPLES
    samples = parse_samples(place, unpack(place, content[f"{SAMPLES}.gz"]))
    arrays = parse_statistics(folder / STATISTICS, gzip.decompress(content[f"{STATISTICS}.gz"]), result, samples)
    run = note.get("run") or {}
    return CellRecord(
        result=result,
        samples=samples,
        statistics=arrays,
        place=folder,
        revision=str(note["revision"]),
        started=str(note["started"]),
        run=Origin(matrix=_matrix(run.get("matrix")), provenance=_provenance(run.get("provenance") or {})),
    )


def _old_result(document: Mapping[str, Any]) -> CellResult:
    """The result of version 1 as one of this version; what it did not tell is empty."""
    known = {key: value for key, value in document.items() if key in CellResult.model_fields}
    known |= {"schema_version": 2, "sha256": {}, "seal": ""}
    training = document["cell"].get("corpus") is not None
    marks = " ".join(document.get("data_used") or ())
    supervision = "paired" if "paired images" in marks.replace("unpaired images", "") else "unpaired" if marks else ""
    told = supervision if "fitted on" in marks else ""
    return CellResult.model_validate({**known, "supervision": told or ("text" if training else "none")})


def _matrix(document: Mapping[str, Any] | None) -> MatrixRecord:
    """The matrix of version 1."""
    return MatrixRecord.model_validate(document or {})


def _provenance(document: Mapping[str, Any]) -> Provenance:
    """The provenance of version 1, whose commit was that of the checkout of zsbench."""
    known = {key: value for key, value in document.items() if key in Provenance.model_fields}
    packages = known.get("packages") or {}
    zsbench: dict[str, Any] = {"name": "zsbench", "version": str(packages.get("zsbench", "")), "local": False}
    if git := document.get("git"):
        zsbench |= {"local": True, "commit": git["commit"], "dirty": git["dirty"]}
    return Provenance.model_validate({**known, "distributions": [zsbench]})


def _contents(folder: Path) -> dict[str, bytes]:
    """The files beside a result."""
    return {name: (folder / name).read_bytes() for name in (SAMPLES, STATISTICS, OFFICIAL) if (folder / name).is_file()}


def _read_json(path: Path) -> dict[str, Any]:
    """A JSON file of version 1."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict):
        raise _damaged(path, "it is no record")
    return document


def _damaged(path: Path, reason: str) -> CorruptDataError:
    """The error of a file that is not what zsbench wrote."""
    return CorruptDataError(
        f"{path} cannot be migrated: {reason}.", "A record is what zsbench wrote.", "Run again.", path=path
    )
