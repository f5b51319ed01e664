"""What a sitting holds beside what is seen: the document, the engines, and who steers both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.session.documents import Documents
    from explorer.session.point_query import PointQuery
    from explorer.session.run_keeper import RunKeeper
    from explorer.session.run_restorer import RunRestorer
    from explorer.session.store import Store
    from explorer.session.training_actions import TrainingActions
    from explorer.training.controller import Controller


@dataclass(frozen=True)
class Session:
    """One document and its engines.

    Attributes:
        store: The document, and every edit of it.
        controller: The engines.
        documents: The files.
        training: Train, pause, step, reset, new start.
        points: The point that is asked about.
        runs: Decides when a run has ended.
        restorer: Brings a run back.
    """

    store: Store
    controller: Controller
    documents: Documents
    training: TrainingActions
    points: PointQuery
    runs: RunKeeper
    restorer: RunRestorer
