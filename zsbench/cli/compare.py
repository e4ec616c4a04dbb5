"""``zsbench compare``: two runs, cells or prediction files, example by example."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from zsbench.plugins import load_plugins
from zsbench.store import default_cache

if TYPE_CHECKING:
    from zsbench.comparison import Comparison, MetricComparison, System
    from zsbench.plugins import Plugins
    from zsbench.rescoring import ScoreRequest

__all__ = ["compare_two"]


def compare_two(  # noqa: PLR0913  one parameter a flag
    a: Annotated[Path, typer.Argument(help="A run, RUN/CELL, or a file of predictions.")],
    b: Annotated[Path, typer.Argument(help="The other one; differences are B less A.")],
    task: Annotated[str, typer.Option("--task", "-t", help="For files: id of the task that they are for.")] = "",
    references: Annotated[
        Path | None, typer.Option("--references", "-r", help="For files: file of references, instead of a task.")
    ] = None,
    data_root: Annotated[str, typer.Option(help="Folder of the task's data, or id of a data root.")] = "",
    form: Annotated[str, typer.Option(help="Form of the predictions. Default: detected.")] = "",
    references_form: Annotated[str, typer.Option(help="Form of the references. Default: detected.")] = "",
    split: Annotated[str, typer.Option(help="Split of a reference file that holds several.")] = "",
    subset_field: Annotated[str, typer.Option(help="Field that groups examples, such as domain.")] = "",
    group_idf: Annotated[
        Literal["shared", "per-group"] | None, typer.Option(help="Document frequencies of a group's score.")
    ] = None,
    metrics: Annotated[str, typer.Option("--metrics", "-m", help="For files: ids, comma-separated.")] = "",
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Score files although examples have no prediction; labelled.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Compare scores of different signatures on common examples; labelled.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,  # noqa: ARG001  read by main
) -> None:
    """Say whether B is better than A, on which metric, by how much, how surely, and on which examples."""
    from zsbench.comparison import CompareOptions, compare_pairs, describe_comparison, pair_systems
    from zsbench.rescoring import ScoreRequest

    plugins = load_plugins()
    request = ScoreRequest(
        file=a,
        task=task,
        references=references,
        data_root=data_root,
        form=form,
        references_form=references_form,
        split=split,
        subset_field=subset_field,
        group_idf=group_idf,
        metrics=tuple(part.strip() for part in metrics.split(",") if part.strip()),
        allow_partial=allow_partial,
        force=force,
    )
    first, second = _load_sides(a, b, request, plugins)
    pairs, alone = pair_systems(first, second)
    known = _known_metrics(plugins)
    comparisons = compare_pairs(pairs, known, CompareOptions(force=force))
    if as_json:
        document = {"comparisons": [comparison_document(one) for one in comparisons], "unmatched": alone}
        typer.echo(json.dumps(document, indent=1, ensure_ascii=False))
        return
    texts = [describe_comparison(comparison) for comparison in comparisons]
    typer.echo("\n\n".join([*texts, *([f"Not compared: {'; '.join(alone)}."] if alone else [])]))


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """A comparison as JSON; what is no number is null."""
    examples = {"gains": comparison.gains, "losses": comparison.losses}
    return {
        "a": comparison.a.name,
        "b": comparison.b.name,
        "task": comparison.a.task,
        "n": comparison.n,
        "seeds": {"a": len(comparison.a.cells), "b": len(comparison.b.cells)},
        "labels": list(comparison.labels),
        "metrics": [_metric_document(row) for row in comparison.metrics],
        "not_compared": list(comparison.apart),
        "predictions_changed": comparison.changed,
        "main_metric": comparison.main,
        **{key: [vars(one) for one in found] for key, found in examples.items()},
    }


def _metric_document(row: MetricComparison) -> dict[str, Any]:
    """One metric as JSON."""
    from zsbench.comparison import sentence

    numbers = {
        "a": row.a,
        "b": row.b,
        "difference": row.found.difference,
        "standard_error": row.found.standard_error,
        "low": row.found.low,
        "high": row.found.high,
        "p_bootstrap": row.p_value,
        "p_randomization": row.p_randomization,
        "p_corrected": row.corrected,
        "detectable": row.detectable,
        "needed_n": row.needed,
    }
    return {
        "metric": row.key,
        "title": row.title,
        "factor": row.factor,
        "n": row.n,
        **{key: value if math.isfinite(value) else None for key, value in numbers.items()},
        "wins": row.wins,
        "losses": row.losses,
        "ties": row.ties,
        "differs": row.significant,
        "family": row.family,
        "sentence": sentence(row),
    }


def _load_sides(a: Path, b: Path, request: ScoreRequest, plugins: Plugins) -> tuple[list[System], list[System]]:
    """The systems of both sides; files are scored, one Java process for both."""
    import dataclasses

    from zsbench.comparison import load_run_systems, scored_system
    from zsbench.registry import make_metric
    from zsbench.rescoring import FileScorer

    def load(place: Path) -> list[System]:
        if not place.is_file() or place.name == "latest":
            return load_run_systems(place, partial(make_metric, plugins.registry))
        return [scored_system(scorer.score(dataclasses.replace(request, file=place)))]

    with FileScorer(plugins.registry, default_cache()) as scorer:
        return load(a), load(b)


def _known_metrics(plugins: Plugins) -> dict[str, Any]:
    """Every metric that is installed, by id."""
    from zsbench.interfaces import MetricSpec
    from zsbench.registry import load_object

    return {spec.id: load_object(spec.factory)() for spec in plugins.registry.specs(MetricSpec)}
