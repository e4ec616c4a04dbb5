"""Train the dual encoder of the world: `python -m zsbench_pocket.train_encoder`."""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from zsbench_pocket.encoder_data import CONTEXT_LENGTH, SceneArrays, render_scenes
from zsbench_pocket.encoder_losses import (
    LabelHeads,
    Labels,
    WordSwapper,
    choose_slots,
    pool_patches,
    score_captions,
    score_labels,
    score_phrases,
)
from zsbench_pocket.plain_forward import encode_image_tokens, encode_text_rows
from zsbench_pocket.say import say
from zsbench_pocket.tokenizer import build_vocabulary, save_tokenizer
from zsbench_pocket.world.lexicon import IMAGE_SIDE
from zsbench_pocket.world.scenes import DEFAULT_SEED

PIXEL_MEAN = (0.55, 0.55, 0.55)
PIXEL_STD = (0.28, 0.28, 0.28)
EMBED_DIM = 128
VISION = {"image_size": IMAGE_SIDE, "patch_size": 12, "width": 160, "layers": 5, "head_width": 32}
TEXT = {"context_length": CONTEXT_LENGTH, "width": 160, "heads": 5, "layers": 3, "hf_tokenizer_name": "."}
PREPROCESSING = {
    "size": [IMAGE_SIDE, IMAGE_SIDE],
    "mode": "RGB",
    "mean": list(PIXEL_MEAN),
    "std": list(PIXEL_STD),
    "interpolation": "bicubic",
    "resize_mode": "squash",
}


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of one training; the defaults make the shipped weights."""

    steps: int = 3600
    scenes: int = 80_000
    batch_size: int = 256
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.05
    warmup: int = 200
    phrase_weight: float = 0.5
    label_weight: float = 0.4
    least_label_share: float = 0.1
    seed: int = DEFAULT_SEED
    preview_every: int = 400
    minutes: float = math.inf


def build_encoder() -> CLIP:
    """Build the encoder with fresh weights drawn from torch's global generator."""
    text = CLIPTextCfg(**TEXT, vocab_size=len(build_vocabulary()))
    return CLIP(embed_dim=EMBED_DIM, vision_cfg=CLIPVisionCfg(**VISION), text_cfg=text)


def save_encoder(model: CLIP, folder: Path) -> None:
    """Write config, weights and tokenizer as a folder that `local-dir:` of open_clip loads wherever it lies."""
    folder.mkdir(parents=True, exist_ok=True)
    text = {**TEXT, "vocab_size": len(build_vocabulary())}
    config = {
        "model_cfg": {"embed_dim": EMBED_DIM, "vision_cfg": VISION, "text_cfg": text},
        "preprocess_cfg": PREPROCESSING,
    }
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    weights = {name: value.detach().float().contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors", metadata={"format": "pt"})
    save_tokenizer(folder, for_encoder=True)


def normalise_pixels(pixels: NDArray[np.uint8]) -> Tensor:
    """Turn (B, side, side, 3) uint8 into normalised float32 (B, 3, side, side)."""
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    return (images - torch.tensor(PIXEL_MEAN).view(3, 1, 1)) / torch.tensor(PIXEL_STD).view(3, 1, 1)


class EncoderTrainer:
    """Runs the steps of one training on arrays of scenes."""

    def __init__(self, settings: TrainingSettings, arrays: SceneArrays) -> None:
        """Build model, heads and optimiser from the settings' seed."""
        self.settings, self.arrays = settings, arrays
        self.generator = torch.Generator().manual_seed(settings.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)  # noqa: TID251 - first weights come from the global generator, forked here
            self.model, self.heads = build_encoder(), LabelHeads(VISION["width"])
        self.swapper = WordSwapper()
        named = [*self.model.named_parameters(), *self.heads.named_parameters()]
        decayed = [p for _, p in named if p.ndim > 1]
        plain = [p for _, p in named if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": plain, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98))
        self.order = torch.empty(0, dtype=torch.long)

    def run_step(self, step: int) -> dict[str, float]:
        """Take one optimiser step and return its losses."""
        self._set_learning_rate(step)
        losses = self._compute_losses(self._next_rows())
        share = max(self.settings.least_label_share, 1 - step / (0.8 * self.settings.steps))
        weight = self.settings.label_weight * share
        weights = {"captions": 1.0, "phrases": self.settings.phrase_weight, "labels": weight}
        total = torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([*self.model.parameters(), *self.heads.parameters()], 1.0)
        self.optimizer.step()
        with torch.no_grad():
            self.model.logit_scale.clamp_(0, math.log(100))
        return {name: loss.item() for name, loss in losses.items()} | {"scale": self.model.logit_scale.exp().item()}

    def _next_rows(self) -> Tensor:
        size = self.settings.batch_size
        if len(self.order) < size:
            self.order = torch.randperm(len(self.arrays), generator=self.generator)
        rows, self.order = self.order[:size], self.order[size:]
        return rows

    def _set_learning_rate(self, step: int) -> None:
        progress = step / self.settings.steps
        rate = min(1.0, (step + 1) / self.settings.warmup) * 0.5 * (1 + math.cos(math.pi * progress))
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * max(rate, 0.005)

    def _augment(self, images: Tensor) -> Tensor:
        """Shift the batch by up to four pixels and change each image's brightness and contrast a little."""
        right, down = (int(v) for v in torch.randint(0, 9, (2,), generator=self.generator))
        side = images.shape[-1]
        padded = functional.pad(images, (4, 4, 4, 4), mode="replicate")
        shifted: Tensor = padded[:, :, down : down + side, right : right + side]
        gain, offset = 0.06 * torch.randn(2, len(images), 1, 1, 1, generator=self.generator)
        changed: Tensor = shifted * (1 + gain) + offset
        return changed

    def _compute_losses(self, rows: Tensor) -> dict[str, Tensor]:
        index = rows.numpy()
        arrays, batch = self.arrays, torch.arange(len(rows))
        labels = Labels(*(torch.from_numpy(a[index]).long() for a in (arrays.groups, arrays.owners, arrays.backdrops)))
        slots = choose_slots(labels, self.generator)
        turn = torch.randint(0, arrays.captions.shape[1], (len(rows),), generator=self.generator)
        captions = torch.from_numpy(arrays.captions[index]).long()[batch, turn]
        phrases = torch.from_numpy(arrays.phrases[index]).long()[batch, slots]
        with torch.autocast("cpu", torch.bfloat16):
            image = encode_image_tokens(self.model, self._augment(normalise_pixels(arrays.pixels[index])))
            false = self.swapper.falsify(captions, self.generator)
            text, negative = encode_text_rows(self.model, torch.cat([captions, false])).chunk(2)
            named = encode_text_rows(self.model, phrases)
            labelled = score_labels(self.heads, image.hidden, labels)
        scale = self.model.logit_scale.exp()
        mean, single = pool_patches(image.joint[:, 1:], labels.owners, slots, self.generator)
        same = (phrases.unsqueeze(0) == phrases.unsqueeze(1)).all(dim=-1)
        covered = (labels.owners == slots.unsqueeze(1)).any(dim=1)
        scores = [score_phrases(p[covered], named[covered], same[covered][:, covered], scale) for p in (mean, single)]
        return {
            "captions": score_captions(image.joint[:, 0], text, negative, scale),
            "phrases": (scores[0] + scores[1]) / 2,
            "labels": labelled,
        }


def train_encoder(settings: TrainingSettings, output: Path, *, preview: Path | None = None) -> None:
    """Draw the scenes, train for the set number of steps and save the encoder."""
    started = time.monotonic()
    arrays = render_scenes("encoder", settings.scenes, seed=settings.seed, patch_size=VISION["patch_size"])
    say(f"{len(arrays)} scenes drawn in {time.monotonic() - started:.0f} s")
    trainer, started = EncoderTrainer(settings, arrays), time.monotonic()
    for step in range(settings.steps):
        report = trainer.run_step(step)
        minutes = (time.monotonic() - started) / 60
        if step % 50 == 0:
            figures = " ".join(f"{name} {value:.3f}" for name, value in report.items())
            say(f"step {step} {minutes:.1f} min {figures}")
        if preview is not None and step and step % settings.preview_every == 0:
            save_encoder(trainer.model, preview)
        if minutes > settings.minutes:
            break
    save_encoder(trainer.model, output)
    say(f"trained {step + 1} steps in {minutes:.1f} min with {asdict(settings)}")


def main() -> None:
    """Read the options and train."""
    defaults = TrainingSettings()
    parser = argparse.ArgumentParser(description="Train the encoder of the embedded world.")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "weights" / "encoder")
    parser.add_argument("--preview", type=Path, help="folder for checkpoints during training")
    parser.add_argument("--steps", type=int, default=defaults.steps)
    parser.add_argument("--scenes", type=int, default=defaults.scenes)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop earlier, after so many minutes")
    options = parser.parse_args()
    settings = TrainingSettings(steps=options.steps, scenes=options.scenes, seed=options.seed, minutes=options.minutes)
    train_encoder(settings, options.output, preview=options.preview)


if __name__ == "__main__":
    main()
