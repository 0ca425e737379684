"""The parts of the Proposals page: its first screen, and one module for each section below it."""
