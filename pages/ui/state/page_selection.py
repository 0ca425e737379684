"""The base of each page's typed selection: a frozen dataclass whose fields live in the session and in the link.

A field made by `in_widget` holds what a widget of its key holds; the widget itself binds it to the link if it should
be there. A field made by `in_link` holds a value that no single widget has, such as a box that was clicked on; it is
written into the link as a word.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Protocol, Self

import streamlit as st


class LinkWord(Protocol):
    """A value with a word for the link: `str` makes it, `parse` reads it."""

    @classmethod
    def parse(cls, word: str) -> Self | None:
        """Read the value from its word; None for a word that is none of this kind."""


def in_widget(key: str, default: Any) -> Any:
    """Declare a field that the widget of this key holds."""
    return dataclasses.field(default=default, metadata={"key": key})


def in_link(word: str, kind: type[LinkWord]) -> Any:
    """Declare a field that the link has under a name; None while nothing is selected."""
    return dataclasses.field(
        default=None, metadata={"key": f"selected-{word}", "link": word, "kind": kind}
    )


@dataclass(frozen=True)
class PageSelection:
    """A visitor's selection on a page; subclasses declare the fields."""

    @classmethod
    def current(cls) -> Self:
        """Read the selection from the session; a word that the app did not write into the link itself wins once."""
        return cls(**{field.name: _read(field) for field in dataclasses.fields(cls)})

    @classmethod
    def select(cls, **changes: Any) -> None:
        """Change fields; one that a widget holds only in a callback, or before the widget is made."""
        for name, value in changes.items():
            st.session_state[cls.key(name)] = value

    @classmethod
    def write_link(cls, name: str, value: LinkWord | None) -> None:
        """Write a field's value into the link; None takes its word out."""
        word = _field(cls, name).metadata["link"]
        if value is None:
            st.query_params.pop(word, None)
        elif st.query_params.get(word) != str(value):
            st.query_params[word] = str(value)
        st.session_state[_written(word)] = None if value is None else str(value)

    @classmethod
    def key(cls, name: str) -> str:
        """Return the key that a field has in the session, for the widget that holds it."""
        return str(_field(cls, name).metadata["key"])


def _field(kind: type[PageSelection], name: str) -> dataclasses.Field[Any]:
    return next(field for field in dataclasses.fields(kind) if field.name == name)


def _read(field: dataclasses.Field[Any]) -> Any:
    key, word = field.metadata["key"], field.metadata.get("link")
    if word is not None:
        linked = st.query_params.get(word)
        if linked is not None and linked != st.session_state.get(_written(word)):
            st.session_state[key] = field.metadata["kind"].parse(linked)
    return st.session_state.get(key, field.default)


def _written(word: str) -> str:
    return f"written-{word}"
