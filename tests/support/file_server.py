"""A web server on this machine with one file, whose bad manners a test can choose."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class SmallServer(ThreadingHTTPServer):
    """Serves `content` at any address.

    Args:
        content: the file.
        ranges: whether a request may go on in the middle.
        status: None serves the file; a number refuses it.
        cuts: after how many bytes each next answer breaks off; an answer beyond the list is whole.
        holds: after how many bytes each next answer waits until `go_on` is set; one beyond the list does not.
        names_length: whether answers have a Content-Length.
        asked: the Range headers of all requests so far.
    """

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = content
        self.ranges = True
        self.status: int | None = None
        self.cuts: list[int] = []
        self.holds: list[int] = []
        self.go_on = threading.Event()
        self.names_length = True
        self.asked: list[str | None] = []

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is no news."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/data.zip"


class _Handler(BaseHTTPRequestHandler):
    server: SmallServer

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.server.asked.append(wanted)
        if self.server.status is not None:
            self.send_error(self.server.status)
            return
        content = self.server.content
        start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted else 0
        if start and self.server.ranges and start >= len(content):
            self.send_error(416)
            return
        start = start if self.server.ranges else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if self.server.names_length:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts else len(content)
        if self.server.holds:
            held = min(cut, self.server.holds.pop(0))
            self.wfile.write(content[start : start + held])
            self.server.go_on.wait()
            start, cut = start + held, cut - held
        self.wfile.write(content[start : start + cut])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


@contextmanager
def serving(content: bytes) -> Iterator[SmallServer]:
    with SmallServer(content) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.go_on.set()
        server.shutdown()
        thread.join()
