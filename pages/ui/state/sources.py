"""The selected source of pictures: a data set that this server offers, or the visitor's own uploads.

Nothing here opens a path that came out of a link: a link only names entries of `offered_sources()`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from fastrcnn_core.datasets import downloaded_folder, is_downloaded
from fastrcnn_core.errors import DataError
from fastrcnn_core.files import data_roots, data_setting
from pages.ui.cache import uploads

SYNTHETIC = "synthetic:60"
UPLOADS = "uploads"
_SOURCE, _FOLDERS, _OWN = "chosen-data", "typed-folders", "own-uploads"


@dataclass(frozen=True)
class Source:
    """A source of pictures, out of the list that this server offers.

    Args:
        token: its word in the link. label: its words on screen.
        setting: what `open_dataset` opens; "" for uploads, which are no data set.
    """

    token: str
    label: str
    setting: str


def offered_sources() -> tuple[Source, ...]:
    """List the sources that can be selected now, the default first; each token once."""
    typed = [_folder_source(path) for path in st.session_state.get(_FOLDERS, ())]
    own = [Source(UPLOADS, "Your own pictures", "")] if own_uploads() else []
    listed = [*_named(), *_downloaded(), Source("synthetic", "Street scenes", SYNTHETIC)]
    return tuple({source.token: source for source in [*listed, *typed, *own]}.values())


def chosen_source() -> Source:
    """Return the selected source; by default `FASTRCNN_DATA`, else the downloaded Penn-Fudan, else street scenes."""
    offered = offered_sources()
    token = st.session_state.get(_SOURCE)
    return next((source for source in offered if source.token == token), offered[0])


def choose_source(token: str) -> None:
    """Select a source by its token; each source remembers its picture."""
    st.session_state[_SOURCE] = token


def choose_default_source() -> None:
    """Select the street scenes, which come with the app."""
    choose_source("synthetic")


def choose_folder(folder: str) -> None:
    """Offer a folder that the visitor typed, in this session, and select it; it is opened when it is shown.

    Raises:
        DataError: it is not below a folder that the owner of the server opens to visitors. The sentence is the same
            whether it exists or not.
    """
    path = _below_roots(folder)
    typed: tuple[Path, ...] = st.session_state.get(_FOLDERS, ())
    st.session_state[_FOLDERS] = (*(before for before in typed if before != path), path)
    choose_source(_folder_source(path).token)


def _below_roots(folder: str) -> Path:
    try:
        path = Path(folder).expanduser()
        resolved = path.resolve()
    except (OSError, RuntimeError, ValueError):  # too long; unknown ~user; no path
        resolved = None
    if resolved is None or not any(resolved.is_relative_to(root) for root in _roots()):
        raise DataError(
            "This folder is not open to visitors of this server.",
            hint="Whoever started the server names the folders below which data sets may lie: FASTRCNN_ROOTS.",
        )
    return path.absolute()


def _roots() -> tuple[Path, ...]:
    """List the folders below which visitors may open folders.

    By default the current folder and the home folder of who started the server, if only this machine reaches it.
    """
    named = data_roots()
    if named is not None:
        return named
    is_local = st.get_option("server.address") in ("localhost", "127.0.0.1", "::1")
    return (Path.cwd().resolve(), Path.home().resolve()) if is_local else ()


def own_uploads() -> tuple[str, ...]:
    """List the keys of this session's uploads that are still in memory, oldest first."""
    keys: tuple[str, ...] = st.session_state.get(_OWN, ())
    return tuple(key for key in keys if uploads.upload(key) is not None)


def add_upload(key: str) -> None:
    """Make an upload the newest of this session."""
    st.session_state[_OWN] = (*(before for before in own_uploads() if before != key), key)


def adopt_upload(key: str) -> bool:
    """Add the upload that a link names by its content to this session; False if the server no longer has it."""
    if uploads.upload(key) is None:
        return False
    if key not in own_uploads():
        add_upload(key)
    return True


def _named() -> list[Source]:
    """List the source that `FASTRCNN_DATA` names, if any."""
    setting = data_setting()
    if setting in (None, "synthetic", SYNTHETIC, f"{SYNTHETIC}:0"):
        return []
    if setting.startswith("synthetic:"):
        return [Source(setting.replace(":", "-"), "Street scenes, as set", setting)]
    return [_folder_source(Path(setting).expanduser().absolute())]


def _downloaded() -> list[Source]:
    return [_folder_source(downloaded_folder())] if is_downloaded() else []


def _folder_source(path: Path) -> Source:
    """Make a folder's source; its token has the folder's name and a hash, so that two of one name differ."""
    if path.name == "PennFudanPed":
        return Source("penn-fudan", "Penn-Fudan", str(path))
    slug = re.sub(r"[^a-z0-9]+", "-", path.name.lower()).strip("-") or "folder"
    digits = hashlib.blake2b(str(path).encode(), digest_size=2).hexdigest()
    return Source(f"{slug}-{digits}", path.name or str(path), str(path))
