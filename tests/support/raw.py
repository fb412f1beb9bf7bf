"""A server that sends exactly the bytes it is told to, and a certificate for it."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Raw:
    """
    :param url: where it listens.
    :param seen: each request, up to its body.
    """

    url: str
    seen: list[bytes] = field(default_factory=list)


@contextmanager
def raw(*pieces: bytes, pause: float = 0.0, tls: ssl.SSLContext | None = None) -> Iterator[Raw]:
    """
    A server that answers each connection's first request by these pieces, and closes it.

    :param pause: seconds between two pieces.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Raw(f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}")

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(plain: socket.socket) -> None:
            with contextlib.suppress(OSError), plain:
                connection = tls.wrap_socket(plain, server_side=True) if tls else plain
                server.seen.append(connection.recv(65536))
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(65536)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def reply(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole reply; without a Content-Length among the headers, the right one is added."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if not any(line.lower().startswith("content-length") for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body


@dataclass(frozen=True)
class Certificate:
    """
    A certificate of 127.0.0.1 that signs itself.

    :param file: a bundle that holds it.
    :param folder: one as OpenSSL wants it, named by hash.
    :param tls: for the server.
    """

    file: Path
    folder: Path
    tls: ssl.SSLContext


def make_certificate(where: Path) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(usage, True)
        .sign(key, hashes.SHA256())
    )
    file, secret, folder = where / "ca.pem", where / "key.pem", where / "certs"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    folder.mkdir()
    named = subprocess.run(
        ["openssl", "x509", "-hash", "-noout", "-in", file], check=True, capture_output=True, text=True
    )
    (folder / f"{named.stdout.strip()}.0").write_bytes(file.read_bytes())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file, secret)
    return Certificate(file, folder, tls)
