"""What ``zsbench score`` is asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsbench.interfaces import GroupIdf

__all__ = ["ScoreRequest"]


@dataclass(frozen=True, kw_only=True)
class ScoreRequest:
    """A prediction file, what it is scored against, and how strictly.

    Attributes:
        file: The predictions.
        task: Id of the task that they are for; or
        references: the file of what is right; or neither, where the predictions hold their references.
        data_root: Where the task's data are: a folder, or the id of a data root.
        form: Form of the predictions; detected if empty.
        references_form: Form of the references; detected if empty.
        split: Which split of a reference file that holds several.
        subset_field: Field of references or predictions whose values are scored as groups.
        group_idf: Whose document frequencies the score of a group uses; None for what the task says, else shared.
        metrics: Ids; empty for those of the task, or of the kind of the references.
        limit: Only the first so many examples; document frequencies stay those of the whole split.
        allow_partial: Score although examples have no prediction.
        force: Leave out predictions for unknown ids instead of refusing them.
    """

    file: Path
    task: str = ""
    references: Path | None = None
    data_root: str = ""
    form: str = ""
    references_form: str = ""
    split: str = ""
    subset_field: str = ""
    group_idf: GroupIdf | None = None
    metrics: tuple[str, ...] = ()
    limit: int | None = None
    allow_partial: bool = False
    force: bool = False
