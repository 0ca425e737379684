"""Training: `train` runs the training loop, `Trainer` one step: a function of weights, seed and step number."""

from fastrcnn_core.training.data_loader import DataLoader, batch_names
from fastrcnn_core.training.loop import train
from fastrcnn_core.training.optimiser import learning_rate_at
from fastrcnn_core.training.trainer import Trainer

__all__ = [
    "DataLoader",
    "Trainer",
    "batch_names",
    "learning_rate_at",
    "train",
]
