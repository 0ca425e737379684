"""The detection page: which boxes survive, who was missed, and one box's story."""
