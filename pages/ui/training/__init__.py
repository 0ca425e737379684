"""The Training page: runs, their curves, steps and checkpoints."""
