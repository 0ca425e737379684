"""A trained model in one file: safetensors for the weights, JSON beside them for everything else.

Nothing in such a file is ever executed. Vectors stay in float32; matrices and filters may be stored in float16.
"""

from fastrcnn_core.checkpoints.format import FORMAT_VERSION
from fastrcnn_core.checkpoints.loading import load_checkpoint, read_card
from fastrcnn_core.checkpoints.saving import save_checkpoint

__all__ = ["FORMAT_VERSION", "load_checkpoint", "read_card", "save_checkpoint"]
