"""Renderer of street scenes: `python assets/street_scenes/render.py --count 60 --seed 0 --out FOLDER`.

Writes the scenes in Penn-Fudan's layout, so that FOLDER can be opened by `--data FOLDER`. The app itself renders
nothing: the 60 scenes of seed 0 beside this file are shipped as data (README.md).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from renderer.scene import set_scene
from renderer.writing import write_scene


def main() -> None:
    """Render the scenes that the command line asks for."""
    parser = argparse.ArgumentParser(description="Render street scenes in Penn-Fudan's layout.")
    parser.add_argument("--count", type=int, default=60, help="number of scenes (default: 60)")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same scenes (default: 0)")
    parser.add_argument("--out", type=Path, required=True, help="new or empty folder to write to")
    arguments = parser.parse_args()
    if arguments.count < 1 or arguments.seed < 0:
        parser.error("--count must be at least 1 and --seed at least 0.")
    if arguments.out.exists() and any(arguments.out.iterdir()):
        parser.error(f"{arguments.out} is not empty: name a new folder.")
    for index in range(1, arguments.count + 1):
        write_scene(arguments.out, set_scene(arguments.seed, index))
        print(f"\r{index} of {arguments.count} scenes", end="", flush=True)
    print(f" written to {arguments.out}")


if __name__ == "__main__":
    main()
