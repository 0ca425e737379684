"""What a visitor has chosen: which data, and which picture of it. Kept in the session, written into the link.

Nothing here opens a path that came out of a link: a link only names entries of `sources()`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from fastrcnn_core.datasets import downloaded_folder, is_downloaded
from fastrcnn_core.files import data_setting
from pages.ui.resources.uploads import keep_upload, own_uploads

SYNTHETIC = "synthetic:60:0"
UPLOADS = "uploads"
PROJECTOR = "projector"
_DATA, _NAMES, _FOLDERS = "chosen-data", "chosen-names", "typed-folders"


@dataclass(frozen=True)
class Source:
    """A place where pictures come from, out of the list that this server offers.

    Args:
        token: its word in the link. label: its words on screen.
        setting: what `open_dataset` opens; "" for uploads, which are no data set.
    """

    token: str
    label: str
    setting: str


def sources() -> tuple[Source, ...]:
    """What can be chosen here and now, the default first; each token once."""
    typed = [_folder(path) for path in st.session_state.get(_FOLDERS, ())]
    own = [Source(UPLOADS, "Your own pictures", "")] if own_uploads() else []
    listed = [*_named(), *_downloaded(), Source("synthetic", "Street scenes", SYNTHETIC)]
    return tuple({source.token: source for source in [*listed, *typed, *own]}.values())


def chosen_source() -> Source:
    """The visitor's, or the default: `FASTRCNN_DATA`, else the downloaded Penn-Fudan, else the street scenes."""
    offered = sources()
    token = st.session_state.get(_DATA)
    return next((source for source in offered if source.token == token), offered[0])


def choose_data(token: str) -> None:
    """Show this source from now on; each source remembers its picture."""
    st.session_state[_DATA] = token


def choose_default_data() -> None:
    """Back to what came with the app."""
    choose_data("synthetic")


def choose_folder(folder: str) -> None:
    """Offer a folder that the visitor typed, in this session, and choose it. It is opened when it is shown."""
    path = Path(folder).expanduser().absolute()
    known: tuple[Path, ...] = st.session_state.get(_FOLDERS, ())
    st.session_state[_FOLDERS] = (*(it for it in known if it != path), path)
    choose_data(_folder(path).token)


def chosen_name() -> str | None:
    """The name of the picture that the visitor chose from the chosen source, if any; it may not exist."""
    name: str | None = st.session_state.get(_NAMES, {}).get(chosen_source().token)
    return name


def choose_name(name: str) -> None:
    """Show this picture of the chosen source from now on."""
    names = st.session_state.get(_NAMES, {})
    st.session_state[_NAMES] = {**names, chosen_source().token: name}


def choose_neighbour(names: tuple[str, ...], current: str, step: int) -> None:
    """Show the picture that comes `step` after the current one; after the last comes the first."""
    choose_name(names[(names.index(current) + step) % len(names)])


def choose_upload(content: bytes, *, name: str) -> None:
    """Keep a picture file that the visitor brought, and show it. Raises ImageError."""
    key = keep_upload(content, name=name)
    choose_data(UPLOADS)
    choose_name(key)


def projector() -> bool:
    """The visitor asked for bigger type and thicker lines."""
    return bool(st.session_state.get(PROJECTOR, False))


def _named() -> list[Source]:
    """What `FASTRCNN_DATA` names."""
    setting = data_setting()
    if setting is None or setting == SYNTHETIC or setting == "synthetic":
        return []
    if setting.startswith("synthetic:"):
        return [Source(setting.replace(":", "-"), "Street scenes, as set", setting)]
    return [_folder(Path(setting).expanduser().absolute())]


def _downloaded() -> list[Source]:
    return [_folder(downloaded_folder())] if is_downloaded() else []


def _folder(path: Path) -> Source:
    """A folder's token says its name, and a few digits keep two folders of one name apart."""
    if path.name == "PennFudanPed":
        return Source("penn-fudan", "Penn-Fudan", str(path))
    slug = re.sub(r"[^a-z0-9]+", "-", path.name.lower()).strip("-") or "folder"
    digits = hashlib.blake2b(str(path).encode(), digest_size=2).hexdigest()
    return Source(f"{slug}-{digits}", path.name or str(path), str(path))
