"""``zsbench score``: a file of predictions to scores with intervals, signatures and records."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from zsbench.errors import DataError
from zsbench.plugins import load_plugins
from zsbench.store import default_cache

if TYPE_CHECKING:
    from zsbench.rescoring import ScoredFile

__all__ = ["score_predictions_file"]


def score_predictions_file(  # noqa: PLR0913  one parameter a flag
    file: Annotated[Path, typer.Argument(help="The predictions: COCO results, JSON Lines, CSV, VQA results, ...")],
    task: Annotated[str, typer.Option("--task", "-t", help="Id of the task that they are for.")] = "",
    references: Annotated[
        Path | None, typer.Option("--references", "-r", help="File of references, instead of a task.")
    ] = None,
    data_root: Annotated[str, typer.Option(help="Folder of the task's data, or id of a data root.")] = "",
    form: Annotated[str, typer.Option(help="Form of the predictions. Default: detected.")] = "",
    references_form: Annotated[str, typer.Option(help="Form of the references. Default: detected.")] = "",
    split: Annotated[str, typer.Option(help="Split of a reference file that holds several.")] = "",
    subset_field: Annotated[str, typer.Option(help="Field that groups examples, such as domain.")] = "",
    group_idf: Annotated[
        Literal["shared", "per-group"] | None, typer.Option(help="Document frequencies of a group's score.")
    ] = None,
    metrics: Annotated[str, typer.Option("--metrics", "-m", help="Ids, comma-separated. Default: the task's.")] = "",
    limit: Annotated[int | None, typer.Option("--limit", "-L", min=1, help="Only the first N examples.")] = None,
    name: Annotated[str, typer.Option(help="What the system is called. Default: the file's name.")] = "",
    output: Annotated[Path, typer.Option("--output", "-o", help="The results folder.")] = Path("results"),
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Score although examples have no prediction; labelled.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Leave out predictions for unknown ids; labelled.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,  # noqa: ARG001  read by main
) -> None:
    """Score a file of predictions, print every metric with its interval, and keep records as a run does."""
    from zsbench.rescoring import FileScorer, ScoreRequest, write_scored

    began = time.monotonic()
    plugins = load_plugins()
    request = ScoreRequest(
        file=file,
        task=task,
        references=references,
        data_root=data_root,
        form=form,
        references_form=references_form,
        split=split,
        subset_field=subset_field,
        group_idf=group_idf,
        metrics=tuple(part.strip() for part in metrics.split(",") if part.strip()),
        limit=limit,
        allow_partial=allow_partial,
        force=force,
    )
    with FileScorer(plugins.registry, default_cache()) as scorer:
        scored = scorer.score(request)
    for remark in scorer.remarks:
        typer.echo(f"note: {remark}", err=True)
    folder, failure = None, None
    try:
        folder = write_scored(scored, output, plugins, name=name, seconds=time.monotonic() - began)
    except DataError as error:
        failure = error
    document = scored_document(scored, folder)
    typer.echo(json.dumps(document, indent=1, ensure_ascii=False) if as_json else scored_text(scored, folder))
    if failure is not None:  # the scores are printed all the same
        raise failure


def scored_document(scored: ScoredFile, folder: Path | None) -> dict[str, Any]:
    """A scored file as JSON."""
    from zsbench.metrics.rows import metric_row

    return {
        "run": None if folder is None else str(folder),
        "file": str(scored.file.path),
        "form": scored.file.form.id,
        "task": scored.card.id,
        "references_form": scored.target.form,
        "ids": scored.matching.rule,
        "n": len(scored.predictions),
        "labels": list(scored.labels),
        "metrics": [metric_row(result) for result in scored.results],
        "descriptives": scored.descriptives,
    }


def scored_text(scored: ScoredFile, folder: Path | None) -> str:
    """A scored file for people: a table, what was not run, the signatures, where the records are."""
    from tabulate import tabulate

    parts = [f"{scored.card.title}: {len(scored.predictions)} predictions ({scored.file.form.id})."]
    parts += [f"LABELLED {label}." for label in scored.labels]
    rows = [
        [
            result.title + (f" ({result.group})" if result.group else ""),
            _number(result.score, result.factor),
            _number(result.standard_error, result.factor),
            f"{_number(result.low, result.factor)} to {_number(result.high, result.factor)}",
            len(result.ids),
        ]
        for result in scored.results
        if not result.not_run
    ]
    head = ["Metric", "Score", "Standard error", "95 % interval", "n"]
    parts += ["", tabulate(rows, head, tablefmt="github", disable_numparse=True, colalign=("left", *["right"] * 4)), ""]
    parts += [f"{result.title} not run: {result.not_run}" for result in scored.results if _told(result)]
    parts += [result.signature for result in scored.results if result.signature]
    parts += [f"Records: {folder}"] if folder is not None else []
    return "\n".join(parts)


def _told(result: Any) -> bool:
    """Whether to say why a metric was not run: once, not for each group."""
    return bool(result.not_run) and result.group is None


def _number(value: float | None, factor: float) -> str:
    """A score as it is printed."""
    return "none" if value is None else f"{value * factor:.2f}"
