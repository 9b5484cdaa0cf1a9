"""A server that answers the few requests by which the hub's own clients read a data set, from a folder on the disk."""

import json
import re
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

DATASET = "somebody/pictures"
REVISION = "847a98a779b1652d65111daf20c972dfcd333605"


class HubDouble(ThreadingHTTPServer):
    """Serves `folder` as the data set DATASET at REVISION.

    Attributes:
        sent: the bytes of files that were sent.
        limit: after so many bytes the connection is cut in the middle of every file; None for never.
    """

    daemon_threads = True

    def __init__(self, folder: Path, limit: int | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.folder, self.limit, self.sent = folder, limit, 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(folder: Path, limit: int | None = None) -> Iterator[HubDouble]:
    server = HubDouble(folder, limit)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class _Requests(BaseHTTPRequestHandler):
    server: HubDouble
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).strip("/")
        if match := re.fullmatch(rf"(?:api/)?datasets/{DATASET}/(revision|tree|paths-info|resolve)/(\w+)/?(.*)", path):
            kind, revision, name = match.groups()
            if revision != REVISION:
                self._fail("RevisionNotFound")
            elif kind == "resolve":
                self._send_file(name)
            else:
                self._send_json(self._about() if kind == "revision" else self._listing(kind, name))
        else:
            self._fail("RepoNotFound")

    do_HEAD = do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep quiet."""

    def _about(self) -> dict[str, Any]:
        return {"_id": "0", "id": DATASET, "sha": REVISION, "private": False, "tags": [], "siblings": []}

    def _listing(self, kind: str, name: str) -> list[dict[str, Any]]:
        body = urllib.parse.parse_qs(self.rfile.read(int(self.headers.get("content-length") or 0)).decode())
        found = self.server.folder.rglob("*") if kind == "tree" else [self.server.folder / path for path in body.get("paths", [])]
        paths = sorted(path for path in found if path.is_relative_to(self.server.folder / name) and path.exists())
        return [
            {
                "type": "directory" if path.is_dir() else "file",
                "oid": "0" * 40,
                "size": path.stat().st_size,
                "path": path.relative_to(self.server.folder).as_posix(),
            }
            for path in paths
        ]

    def _send_json(self, document: Any) -> None:
        content = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _send_file(self, name: str) -> None:
        path = self.server.folder / name
        if not path.is_file():
            return self._fail("EntryNotFound")
        content = path.read_bytes()
        whole = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range") or "bytes=0-")
        assert whole is not None
        first, last = int(whole.group(1)), int(whole.group(2) or len(content) - 1)
        part = content[first : last + 1]
        self.send_response(206 if "range" in self.headers else 200)
        self.send_header("etag", f'"{len(content)}"')
        self.send_header("x-repo-commit", REVISION)
        self.send_header("accept-ranges", "bytes")
        self.send_header("content-range", f"bytes {first}-{first + len(part) - 1}/{len(content)}")
        self.send_header("content-length", str(len(part)))
        self.end_headers()
        if self.command == "HEAD":
            return None
        if self.server.limit is not None and self.server.sent + len(part) > self.server.limit:
            self.close_connection = True
            return None
        self.server.sent += len(part)
        self.wfile.write(part)
        return None

    def _fail(self, code: str) -> None:
        self.send_response(404)
        self.send_header("x-error-code", code)
        self.send_header("content-length", "0")
        self.end_headers()
