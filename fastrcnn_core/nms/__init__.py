"""Non-maximum suppression that remembers who silenced, or lowered, whom."""

from fastrcnn_core.nms.greedy import suppress
from fastrcnn_core.nms.soft import gaussian, linear, soften

__all__ = ["gaussian", "linear", "soften", "suppress"]
