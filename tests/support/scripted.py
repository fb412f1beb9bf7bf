"""A server that answers what it is told to, and remembers what it was asked."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Scripted:
    """
    :param url: where it listens.
    :param answers: status, headers, body; the last one again and again.
    :param seen: method, path with query, headers of each request.
    """

    url: str
    answers: list[tuple[int, Mapping[str, str], bytes]]
    seen: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)


@contextmanager
def scripted(*answers: tuple[int, Mapping[str, str], bytes]) -> Iterator[Scripted]:
    """A server that gives these answers, in turn."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            script.seen.append((self.command, self.path, dict(self.headers)))
            status, headers, body = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if status != 204:
                self.wfile.write(body)

        do_GET = do_POST = do_DELETE = do_CONNECT = answer  # noqa: N815 - names of the base class

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        script = Scripted(f"http://127.0.0.1:{server.server_port}", list(answers))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()
