"""The digests of rows: the same for the same values, whatever the order of their columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from json.encoder import encode_basestring
from operator import itemgetter

from airflow_provider_copernica.payload.header import Header

__all__ = ["KEY_SIZE", "ROW_SIZE", "RowDigests"]

KEY_SIZE = 16
ROW_SIZE = 15
_NO_ROW = bytes(ROW_SIZE)

Digest = Callable[[Sequence[str]], bytes]


class RowDigests:
    """
    Makes the digests of keys and rows with keyed BLAKE2b.

    Cells are encoded as texts of JSON with commas in between, so that no two rows have the same encoding, in the order
    of the columns' names.

    :param salt: the key of the digests.
    :param header: the columns; its key fields make the digest of a key.
    :param keys_only: only the key of a row counts, since Copernica ignores the rest where the profile exists.
    :param ignore_empty: empty cells leave what is stored alone, so that a row with them is a row without them.
    """

    def __init__(self, salt: bytes, header: Header, *, keys_only: bool, ignore_empty: bool) -> None:
        by_name = sorted(range(len(header.columns)), key=lambda position: header.columns[position].name)
        self._keys = tuple(position for position in by_name if position in header.keys)
        self._key_of = _digest(blake2b(digest_size=KEY_SIZE, key=salt, person=b"key"), self._keys)
        self._row_of: Digest = lambda _: _NO_ROW
        if not keys_only:
            state = blake2b(digest_size=ROW_SIZE, key=salt, person=b"row")
            names = {position: encode_basestring(header.columns[position].name) for position in by_name}
            self._row_of = _digest_of_filled(state, names) if ignore_empty else _digest(state, tuple(by_name))

    def of(self, texts: Sequence[str]) -> tuple[bytes, bytes]:
        """
        Return the digests of the key and of the row.

        :param texts: the values of the row, in the order of the header.
        """
        return self._key_of(texts), self._row_of(texts)

    def key_line(self, texts: Sequence[str]) -> bytes:
        """
        Return the texts of the key as a JSON list, in the order of the key fields' names.

        :param texts: the values of the row, in the order of the header.
        """
        return f"[{','.join([encode_basestring(texts[position]) for position in self._keys])}]".encode()


def _digest(state: blake2b, positions: tuple[int, ...]) -> Digest:
    copy = state.copy

    if len(positions) == 1:
        (only,) = positions

        def of_one(texts: Sequence[str]) -> bytes:
            digest = copy()
            digest.update(encode_basestring(texts[only]).encode())
            return digest.digest()

        return of_one

    pick = itemgetter(*positions)

    def of_all(texts: Sequence[str]) -> bytes:
        digest = copy()
        digest.update(",".join(map(encode_basestring, pick(texts))).encode())
        return digest.digest()

    return of_all


def _digest_of_filled(state: blake2b, names: Mapping[int, str]) -> Digest:
    cells = tuple(names.items())

    def of_filled(texts: Sequence[str]) -> bytes:
        digest = state.copy()
        filled = [f"{name}:{encode_basestring(texts[position])}" for position, name in cells if texts[position]]
        digest.update(",".join(filled).encode())
        return digest.digest()

    return of_filled
