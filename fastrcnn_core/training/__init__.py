"""How the network learns: one step at a time, each a function of the weights, the seed and the step's number."""

from fastrcnn_core.plan import steps_of_run, validation_split
from fastrcnn_core.training.order import names_of_step
from fastrcnn_core.training.schedule import learning_rate_at
from fastrcnn_core.training.trainer import Trainer

__all__ = [
    "Trainer",
    "learning_rate_at",
    "names_of_step",
    "steps_of_run",
    "validation_split",
]
