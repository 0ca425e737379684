"""Numbers, durations and counts in words, and words as plain text, the same on every page."""

from __future__ import annotations

from typing import Any

from fastrcnn_core.flags import text

_PLURALS = {"person": "people", "box": "boxes"}


def share(value: float | None) -> str:
    """Write a number in [0, 1] with two decimals; a dash where there is none."""
    return "–" if value is None else f"{value:.2f}"


def counted(number: int, noun: str) -> str:
    """Write a count with its noun, such as "1 box" or "2,000 boxes"."""
    return f"{number:,} {noun if number == 1 else _PLURALS.get(noun, f'{noun}s')}"


def duration(seconds: float) -> str:
    """Write a duration as short as a reader needs: 8 ms, 0.31 s, 12 s, 2 min 5 s, 1 h 3 min."""
    if 0 < seconds < 0.1:
        return "under 1 ms" if seconds < 0.001 else f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.2g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"


def time_left(seconds: float | None) -> str:
    """Write how long work will go on, in whole seconds, for the end of a sentence; nothing where it is not known."""
    return "" if seconds is None else f", about {duration(max(1, round(seconds)))} left"


def significant(value: Any) -> str:
    """Write a knob's value with at most four significant digits."""
    if isinstance(value, tuple):
        return " ".join(map(significant, value))
    return f"{value:.4g}" if isinstance(value, float) else text(value)


def plain(sentence: str) -> str:
    """Escape Markdown, in one paragraph: a file may be called a_b_c or *.png, and bold ends at a blank line."""
    sentence = " ".join(sentence.split())
    for sign in "\\`*_[]$~<>#|":
        sentence = sentence.replace(sign, "\\" + sign)
    return sentence
