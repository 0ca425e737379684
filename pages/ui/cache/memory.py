"""An LRU cache that is bounded in bytes and shared by the server's threads."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import RLock
from typing import Generic, TypeVar

from cachetools import LRUCache

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class BytesCache(Generic[Key, Value]):
    """Values by key, at most `limit` bytes of them; the least recently used are evicted, but never the newest.

    Args:
        limit: in bytes. size: of a value, in bytes.
    """

    def __init__(self, limit: int, size: Callable[[Value], int]) -> None:
        # A value above the limit counts as just filling it, so that it is kept, alone.
        self._values = LRUCache[Key, Value](limit, getsizeof=lambda value: min(size(value), limit))
        self._lock = RLock()

    def get(self, key: Key) -> Value | None:
        """Return the value, if it is still cached; it counts as used."""
        with self._lock:
            return self._values.get(key)

    def put(self, key: Key, value: Value) -> Value:
        """Cache a value, evicting others if there is too much; return it."""
        with self._lock:
            self._values[key] = value
        return value

    def get_or_make(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value, made if it is not cached; two visitors may make the same at once."""
        cached = self.get(key)
        return self.put(key, make()) if cached is None else cached
