"""Tokens: the long-lived access token, and the JWTs it is traded for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import secrets
import time

__all__ = ["is_expired", "new_jwt"]

_SECRET = secrets.token_bytes(32)
_serial = itertools.count(1)


def new_jwt(lifetime: float) -> str:
    """Return a real three-part token; no claim but ``exp`` is documented."""
    header = _part({"alg": "HS256", "typ": "JWT"})
    payload = _part({"exp": int(time.time() + lifetime), "jti": next(_serial)})
    signature = hmac.new(_SECRET, f"{header}.{payload}".encode(), hashlib.sha256).digest()
    return f"{header}.{payload}.{_text(signature)}"


def is_expired(jwt: str) -> bool:
    """Return whether its time is over."""
    payload = jwt.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return bool(claims["exp"] <= time.time())


def _part(value: dict[str, object]) -> str:
    return _text(json.dumps(value).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
