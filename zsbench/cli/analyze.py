"""``zsbench analyze``: what features say about the modality gap, without any captioner."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zsbench.config import EncoderSetting, Matrix, read_matrix
from zsbench.errors import ConfigError
from zsbench.interfaces.specs import MatrixSpec
from zsbench.plugins import load_plugins
from zsbench.registry import Registry, build_config, load_object
from zsbench.store import default_cache

if TYPE_CHECKING:
    from zsbench.analysis.pairs import Pairs
    from zsbench.tables.sweeps import Curve

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Analyse the modality gap of an encoder on a paired split.")
TAG = "gap-analysis"
"""The shipped matrix with this tag gives the defaults: its encoder, its data root, and the task of its gap fits."""
HUB = "hf-hub:"
"""A model of the hub is named by this and its repository, weights included."""

EncoderOption = Annotated[
    str, typer.Option("--encoder", help="MODEL[:PRETRAINED] of open_clip, or a folder. Default: the embedded one.")
]
TaskOption = Annotated[str, typer.Option("--task", "-t", help="A captioning task. Default: the embedded one.")]
RootOption = Annotated[str, typer.Option("--data-root", help="Folder of the data, or id of a data root.")]
LimitOption = Annotated[int | None, typer.Option("--limit", "-L", help="Only the first N images.")]
DeviceOption = Annotated[str, typer.Option(help="A torch device, such as cpu or cuda:0.")]
OnlineOption = Annotated[bool, typer.Option("--online", help="Allow downloads of model weights.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the record instead of the page.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


@app.command("gap")
def analyze_gap(  # noqa: PLR0913  one parameter a flag
    encoder: EncoderOption = "",
    task: TaskOption = "",
    data_root: RootOption = "",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the report.")] = Path("results/gap"),
    regions: Annotated[int, typer.Option(min=1, help="K, sub-regions an image.")] = 10,
    region_weight: Annotated[float, typer.Option(help="w of the fusion v + w r.")] = 1.0,
    attention_weights: Annotated[str, typer.Option(help="row, or softmax-of-row.")] = "softmax-of-row",
    allow_class_token: Annotated[bool, typer.Option("--allow-class-token", help="It may be a sub-region.")] = False,
    umap: Annotated[bool, typer.Option("--umap", help="Project by UMAP (extra `umap`).")] = False,
    limit: LimitOption = None,
    device: DeviceOption = "cpu",
    online: OnlineOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,  # noqa: ARG001  main reads it
) -> None:
    """Test the paper's two findings: is text - image zero-mean Gaussian, and are sub-regions closer to captions?"""
    from zsbench.analysis.page import markdown_page
    from zsbench.analysis.report import analyse_gap, build_page, build_record, write_analysis

    given = {
        "regions": regions,
        "region_weight": region_weight,
        "attention_weights": attention_weights,
        "allow_class_token": allow_class_token,
    }
    settings: Any = build_config("zsbench.analysis.closeness:RegionSettings", given, source="the command line")
    pairs = _load(encoder, task, data_root, limit=limit, device=device, online=online)
    analysis = analyse_gap(pairs, settings)
    write_analysis(analysis, output, umap=umap)
    if as_json:
        typer.echo(json.dumps(build_record(analysis), indent=1, ensure_ascii=False))
        return
    typer.echo(markdown_page(build_page(analysis, ())))
    typer.echo(f"Report: {output / 'gap.html'}")


@app.command("noise")
def analyze_noise(  # noqa: PLR0913  one parameter a flag
    encoder: EncoderOption = "",
    task: TaskOption = "",
    data_root: RootOption = "",
    run: Annotated[
        Path | None, typer.Option("--run", help="A run that swept `noise_variance`: what each choice costs there.")
    ] = None,
    limit: LimitOption = None,
    device: DeviceOption = "cpu",
    online: OnlineOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,  # noqa: ARG001  main reads it
) -> None:
    """Say which noise variance texts alone suggest, beside what pairs would say and what a sweep found best."""
    from zsbench.analysis.difference import analyse_difference
    from zsbench.analysis.noise import compare_with_sweep, estimate_noise

    pairs = _load(encoder, task, data_root, limit=limit, device=device, online=online)
    estimates = estimate_noise(pairs, analyse_difference(pairs))
    choices = [
        {"curve": f"{curve.task}, {curve.system}: {curve.title}", **dataclasses.asdict(choice)}
        for curve in _noise_curves(run)
        for choice in compare_with_sweep(estimates, curve)
    ]
    if as_json:
        document = {"estimates": [dataclasses.asdict(one) for one in estimates], "choices": choices}
        typer.echo(json.dumps(document, indent=1, ensure_ascii=False))
        return
    for one in estimates:
        mark = "text only" if one.text_only else "NOT text-only"
        typer.echo(f"{one.name:<18} {one.variance}  {one.formula}  [{mark}: {one.uses}]")
    for choice in choices:
        at, best = choice["point"], choice["best"]
        typer.echo(
            f"{choice['curve']}: {choice['name']} chooses {choice['swept']:g}: {at['score']:.1f} [{at['low']:.1f}, "
            f"{at['high']:.1f}]; the best of the sweep is {best['value']:g}: {best['score']:.1f}"
        )


def _noise_curves(run: Path | None) -> list[Curve]:
    """The curves of a run's sweeps over an amount of noise.

    Raises:
        ConfigError: The run swept none.
    """
    from zsbench.records import read_results, read_run
    from zsbench.tables.sweeps import build_curves

    if run is None:
        return []
    keys = [key for key in read_run(run).matrix.sweep if key.endswith("noise_variance")]
    results = read_results(run)
    curves = [curve for key in keys for curve in build_curves(results, key.partition(".")[2])]
    if not curves:
        raise ConfigError(
            f"{run} has no sweep over a `noise_variance` with two scored values.",
            "The shipped matrix noise-sweep has one.",
            "Run `zsbench run noise-sweep` and name its folder.",
            source="the command line",
            key="--run",
        )
    return curves


def _load(encoder: str, task: str, data_root: str, *, limit: int | None, device: str, online: bool) -> Pairs:
    """The pairs that the flags name, or the defaults'."""
    from zsbench.analysis.pairs import PairRequest, load_pairs

    registry = load_plugins().registry
    default = _default_matrix(registry)
    setting = _encoder_setting(encoder) if encoder else _needed(default and default.encoder, "--encoder")
    fit = default.gap_fit if default else None
    chosen = task or _needed(fit and fit.task, "--task")
    root = data_root or (default.data_root if default else None)
    request = PairRequest(setting, chosen, root, default_cache(), limit=limit, device=device, online=online)
    return load_pairs(request, registry)


def _default_matrix(registry: Registry) -> Matrix | None:
    """The shipped matrix that gives the defaults; None if no plugin ships one."""
    tagged = [spec for spec in registry.specs(MatrixSpec) if TAG in spec.tags]
    return read_matrix(Path(load_object(tagged[0].factory)()), {}) if tagged else None


def _encoder_setting(text: str) -> EncoderSetting:
    """``MODEL``, ``MODEL:PRETRAINED`` or a folder as an encoder of open_clip."""
    if Path(text).is_dir():
        return EncoderSetting(settings={"model": str(Path(text).resolve())})
    model, _, pretrained = (text, "", "") if text.startswith(HUB) else text.partition(":")
    return EncoderSetting(settings={"model": model, **({"pretrained": pretrained} if pretrained else {})})


def _needed(value: Any, flag: str) -> Any:
    """A default that is there."""
    if value is None:
        raise ConfigError(
            f"{flag} was not given, and no installed plugin ships a default.",
            "zsbench-pocket ships one.",
            f"Install it, or give {flag}.",
            source="the command line",
            key=flag,
        )
    return value
