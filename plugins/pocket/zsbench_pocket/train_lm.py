"""Train the language model of the world: `python -m zsbench_pocket.train_lm`."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import OPTConfig, OPTForCausalLM

from zsbench_pocket.language_data import LINE_SORTS, NOT_LEARNED, encode_line, write_line
from zsbench_pocket.say import say
from zsbench_pocket.tokenizer import END_ID, PAD_ID, build_tokenizer, build_vocabulary, save_tokenizer
from zsbench_pocket.world.scenes import DEFAULT_SEED

POOL_BATCHES = 12


@dataclass(frozen=True)
class LanguageSettings:
    """Settings of one training; the defaults make the shipped weights."""

    steps: int = 3000
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warmup: int = 150
    hidden_size: int = 160
    layers: int = 4
    heads: int = 5
    seed: int = DEFAULT_SEED
    preview_every: int = 600


def build_language_model(settings: LanguageSettings) -> Any:
    """Build an OPT model with fresh weights drawn from torch's global generator."""
    config = OPTConfig(
        vocab_size=len(build_vocabulary()),
        hidden_size=settings.hidden_size,
        word_embed_proj_dim=settings.hidden_size,
        ffn_dim=4 * settings.hidden_size,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        max_position_embeddings=192,
        dropout=0.0,
        attention_dropout=0.0,
        layerdrop=0.0,
        bos_token_id=END_ID,
        eos_token_id=END_ID,
        pad_token_id=PAD_ID,
    )
    return OPTForCausalLM(config)


def save_language_model(model: Any, folder: Path) -> None:
    """Write config, weights and tokenizer as a folder that transformers loads offline."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    save_tokenizer(folder, for_encoder=False)


def iter_batches(settings: LanguageSettings) -> Iterator[tuple[Tensor, Tensor, list[str]]]:
    """Yield ids and labels (B, L), padded with `<pad>` and -100, and the sort of every row.

    Lines of like length share a batch, which halves the padding; the batches of a pool come in random order.
    """
    tokenizer = build_tokenizer(for_encoder=False)
    generator = torch.Generator().manual_seed(settings.seed)
    size = settings.batch_size
    for pool in range(0, settings.steps, POOL_BATCHES):
        indices = range(pool * size, (pool + POOL_BATCHES) * size)
        lines = [write_line(index, seed=settings.seed) for index in indices]
        rows = [(line.sort, *encode_line(tokenizer, line)) for line in lines]
        rows.sort(key=lambda row: len(row[1]))
        for batch in torch.randperm(POOL_BATCHES, generator=generator)[: settings.steps - pool].tolist():
            yield pad_rows(rows[batch * size : (batch + 1) * size])


def pad_rows(rows: list[tuple[str, list[int], list[int]]]) -> tuple[Tensor, Tensor, list[str]]:
    """Bring rows of (sort, ids, labels) to one length with `<pad>` and -100: two tensors (B, L) and the sorts."""
    longest = max(len(ids) for _, ids, _ in rows)
    padded = torch.tensor([ids + [PAD_ID] * (longest - len(ids)) for _, ids, _ in rows])
    labels = torch.tensor([wanted + [NOT_LEARNED] * (longest - len(wanted)) for _, _, wanted in rows])
    return padded, labels, [sort for sort, _, _ in rows]


def score_rows(model: Any, ids: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Give the summed loss and the number of learned tokens of every row: (B,), (B,)."""
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(input_ids=ids, attention_mask=(ids != PAD_ID).long()).logits
    wanted = labels[:, 1:]
    losses = torch.nn.functional.cross_entropy(
        logits[:, :-1].float().transpose(1, 2), wanted, ignore_index=NOT_LEARNED, reduction="none"
    )
    return losses.sum(dim=1), (wanted != NOT_LEARNED).sum(dim=1)


def train_language_model(settings: LanguageSettings, output: Path, *, preview: Path | None = None) -> None:
    """Train for the set number of steps and save the model."""
    started = time.monotonic()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)  # noqa: TID251 - first weights come from the global generator, forked here
        model = build_language_model(settings).train()
    model.set_attn_implementation("eager")  # the fastest at this size on a CPU
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, betas=(0.9, 0.98)
    )
    for step, (ids, labels, sorts) in enumerate(iter_batches(settings)):
        rate = min(1.0, (step + 1) / settings.warmup) * 0.5 * (1 + math.cos(math.pi * step / settings.steps))
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * max(rate, 0.005)
        losses, counts = score_rows(model, ids, labels)
        optimizer.zero_grad(set_to_none=True)
        (losses.sum() / counts.sum()).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 0:
            _report(step, started, losses.detach(), counts, sorts)
        if preview is not None and step and step % settings.preview_every == 0:
            save_language_model(model, preview)
    save_language_model(model, output)
    say(f"trained in {(time.monotonic() - started) / 60:.1f} min with {asdict(settings)}")


def _report(step: int, started: float, losses: Tensor, counts: Tensor, sorts: list[str]) -> None:
    figures = []
    for sort in LINE_SORTS:
        rows = torch.tensor([name == sort for name in sorts])
        figures.append(f"{sort} {float(losses[rows].sum() / counts[rows].sum().clamp(min=1)):.3f}")
    say(f"step {step} {(time.monotonic() - started) / 60:.1f} min loss by sort: {' '.join(figures)}")


def main() -> None:
    """Read the options and train."""
    defaults = LanguageSettings()
    parser = argparse.ArgumentParser(description="Train the language model of the embedded world.")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "weights" / "language-model")
    parser.add_argument("--preview", type=Path, help="folder for checkpoints during training")
    parser.add_argument("--steps", type=int, default=defaults.steps)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    options = parser.parse_args()
    settings = LanguageSettings(steps=options.steps, seed=options.seed)
    train_language_model(settings, options.output, preview=options.preview)


if __name__ == "__main__":
    main()
