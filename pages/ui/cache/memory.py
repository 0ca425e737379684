"""A memory that forgets: what was used least recently goes when there is too much."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import RLock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Bounded(Generic[Key, Value]):
    """Values by key, at most so many bytes of them (but always the last one). Safe between threads.

    Args:
        limit: bytes. size: of a value, in bytes.
    """

    def __init__(self, limit: int, size: Callable[[Value], int]) -> None:
        self._limit, self._size = limit, size
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._total = 0
        self._lock = RLock()

    def get(self, key: Key) -> Value | None:
        """The value, if it is still there; it counts as used."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Key, value: Value) -> Value:
        """Keep the value, and forget others if there is too much; returns it."""
        with self._lock:
            if key in self._kept:
                self._total -= self._size(self._kept.pop(key))
            self._kept[key] = value
            self._total += self._size(value)
            while len(self._kept) > 1 and self._total > self._limit:
                self._total -= self._size(self._kept.popitem(last=False)[1])
        return value

    def get_or_make(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value, made if it is not there; two visitors may make the same at once."""
        kept = self.get(key)
        return self.put(key, make()) if kept is None else kept
