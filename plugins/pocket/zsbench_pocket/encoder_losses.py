"""Losses of the encoder: captions with hard negatives, phrases on patches, and auxiliary labels."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from zsbench_pocket.encoder_data import GROUP_SLOTS
from zsbench_pocket.tokenizer import build_vocabulary
from zsbench_pocket.world.lexicon import ALL_KINDS, BACKDROPS, COLOURS, COUNTS, KINDS, SIZES

BACKDROP_WORDS = ("meadow", "beach", "street", "room", "night", "snow")
OPPOSITES = (("left", "right"), ("above", "below"), ("over", "under"), ("top", "bottom"), ("higher", "lower"))


class WordSwapper:
    """Makes a false caption out of a true one: one word gives way to another of its sort, such as red to blue."""

    def __init__(self) -> None:
        vocabulary = build_vocabulary()
        swaps = {vocabulary[word]: [vocabulary[other] for other in others] for word, others in list_swaps().items()}
        most = max(len(others) for others in swaps.values())
        self.choices = torch.zeros(len(vocabulary), most, dtype=torch.long)
        self.counts = torch.zeros(len(vocabulary), dtype=torch.long)
        for word, others in swaps.items():
            self.choices[word, : len(others)] = torch.tensor(others)
            self.counts[word] = len(others)

    def falsify(self, ids: Tensor, generator: torch.Generator) -> Tensor:
        """Return ids (B, L) with one swappable word of each row swapped; rows without any stay as they are."""
        priority = torch.rand(ids.shape, generator=generator) * (self.counts[ids] > 0)
        where = priority.argmax(dim=1, keepdim=True)
        word = ids.gather(1, where)
        counts = self.counts[word]
        draw = (torch.rand(word.shape, generator=generator) * counts).long()
        swapped = torch.where(counts > 0, self.choices[word.squeeze(1)].gather(1, draw), word)
        return ids.scatter(1, where, swapped)


def list_swaps() -> dict[str, list[str]]:
    """List for every swappable word the words that make a caption false in its place."""
    sorts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for kind in KINDS:
        sorts["one"] += [(kind.name, noun.singular) for noun in kind.nouns]
        sorts["many"] += [(kind.name, noun.plural) for noun in kind.nouns if noun.plural != noun.singular]
    sorts["colour"] = [(colour, colour) for colour in COLOURS]
    sorts["size"] = [(size, word) for size, words in SIZES.items() for word in words]
    sorts["count"] = [(str(count), words[0]) for count, words in COUNTS.items()]
    sorts["backdrop"] = [(word, word) for word in BACKDROP_WORDS]
    for pair in OPPOSITES:
        sorts[pair[0]] = [(word, word) for word in pair]
    return {
        word: [other for other_meaning, other in members if other_meaning != meaning]
        for members in sorts.values()
        for meaning, word in members
    }


class LabelHeads(nn.Module):
    """Heads that read labels off the tokens during training and are thrown away after it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        kinds, colours = len(ALL_KINDS), len(COLOURS)
        self.patch = nn.Linear(width, kinds + 1 + colours + 2 + 3)
        self.scene = nn.Linear(width, kinds * colours + kinds * 2 + kinds * 3)
        self.backdrop = nn.Linear(width, len(BACKDROPS))
        nn.init.constant_(self.scene.bias, -3.0)


@dataclass(frozen=True)
class Labels:
    """Labels of a batch: `groups` (B, slots, 4), `owners` (B, P), `backdrops` (B,), all int64, -1 for none."""

    groups: Tensor
    owners: Tensor
    backdrops: Tensor


def score_captions(images: Tensor, captions: Tensor, negatives: Tensor, scale: Tensor) -> Tensor:
    """Symmetric contrastive loss; falsified captions stand as further wrong answers for every image.

    Args:
        images: class-token features (B, D), unit norm.
        captions: features of the true captions (B, D), unit norm.
        negatives: features of falsified captions (M, D), unit norm.
        scale: factor on the cosines, a scalar.
    """
    target = torch.arange(len(images))
    to_text = scale * images @ torch.cat([captions, negatives]).T
    to_image = scale * captions @ images.T
    return (functional.cross_entropy(to_text, target) + functional.cross_entropy(to_image, target)) / 2


def score_phrases(patches: Tensor, phrases: Tensor, same: Tensor, scale: Tensor) -> Tensor:
    """Symmetric contrastive loss of patch features (B, D) and phrase features (B, D).

    Args:
        patches: one feature a row, unit norm.
        phrases: the phrase of each row, unit norm.
        same: (B, B) true where two rows have the very same phrase; such pairs are not wrong answers.
        scale: factor on the cosines, a scalar.
    """
    logits = scale * patches @ phrases.T
    logits = logits.masked_fill(same & ~torch.eye(len(same), dtype=torch.bool), -1e4)
    target = torch.arange(len(patches))
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def score_labels(heads: LabelHeads, hidden: Tensor, labels: Labels) -> Tensor:
    """Cross-entropy of every label that the heads read off `hidden` (B, 1+P, width)."""
    patch = heads.patch(hidden[:, 1:]).float().flatten(0, 1)
    kind, colour, size, count = patch.split([len(ALL_KINDS) + 1, len(COLOURS), 2, 3], dim=1)
    target = _label_patches(labels)
    loss = functional.cross_entropy(kind, torch.where(target[:, 0] < 0, len(ALL_KINDS), target[:, 0]))
    for logits, column in ((colour, 1), (size, 2), (count, 3)):
        loss = loss + 0.5 * functional.cross_entropy(logits, target[:, column], ignore_index=-1)
    present = functional.binary_cross_entropy_with_logits(
        heads.scene(hidden[:, 0]).float(), mark_presence(labels.groups), reduction="sum"
    )
    backdrop = functional.cross_entropy(heads.backdrop(hidden[:, 0]).float(), labels.backdrops)
    return loss + 0.15 * present / len(hidden) + backdrop


def mark_presence(groups: Tensor) -> Tensor:
    """Mark which kind-colour, kind-size and kind-count pairs a scene holds: (B, kinds * (8 + 2 + 3)) of 0 and 1."""
    kind, filled = groups[..., 0].clamp(min=0), groups[..., 0] >= 0
    parts = []
    for column, values in ((1, len(COLOURS)), (2, 2), (3, 3)):
        slot = kind * values + groups[..., column].clamp(min=0)
        parts.append(torch.zeros(len(groups), len(ALL_KINDS) * values).scatter_add(1, slot, filled.float()))
    return torch.cat(parts, dim=1).clamp(max=1.0)


def _label_patches(labels: Labels) -> Tensor:
    """Give kind, colour, size, count of the group on every patch: (B * P, 4), -1 on the background."""
    slot = labels.owners.clamp(min=0).unsqueeze(-1).expand(-1, -1, 4)
    table = labels.groups.gather(1, slot)
    return torch.where(labels.owners.unsqueeze(-1) >= 0, table, -1).flatten(0, 1)


def choose_slots(labels: Labels, generator: torch.Generator) -> Tensor:
    """Choose for each scene one group that covers at least a patch (0 if none does): (B,)."""
    covered = torch.stack([(labels.owners == slot).any(dim=1) for slot in range(GROUP_SLOTS)], dim=1)
    return (torch.rand(covered.shape, generator=generator) * covered).argmax(dim=1)


def pool_patches(joint: Tensor, owners: Tensor, slots: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Give the mean and one random member of the patches (B, P, D) that belong to the chosen group, unit norm."""
    mine = (owners == slots.unsqueeze(1)).float()
    mean = functional.normalize((joint * mine.unsqueeze(-1)).sum(dim=1), dim=-1)
    pick = (torch.rand(mine.shape, generator=generator) * mine).argmax(dim=1)
    return mean, joint[torch.arange(len(joint)), pick]
