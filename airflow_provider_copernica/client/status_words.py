"""The words that the imports of one account use for their status, read from its connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["NO_STATUS_WORDS", "StatusWords", "read_status_words"]

_WORD_LISTS = ("finished", "failed", "busy")


@dataclass(frozen=True)
class StatusWords:
    """
    Words that the imports of one account use, besides those that this package knows.

    :param finished: words of an import that has ended well.
    :param failed: words of one that has failed.
    :param busy: words of one that goes on.
    """

    finished: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()


NO_STATUS_WORDS = StatusWords()


def read_status_words(value: object, problems: list[str]) -> StatusWords:
    """
    Read the extra ``status_words``: an object, or its JSON text, which is what a form gives.

    :param value: as it is in the connection.
    :param problems: gets a sentence for each thing that is wrong.
    """
    try:
        lists = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        lists = None
    if not isinstance(lists, Mapping) or not all(
        key in _WORD_LISTS and isinstance(words, list) and all(isinstance(word, str) and word.strip() for word in words)
        for key, words in lists.items()
    ):
        problems.append(
            "Status words (status_words) must be lists of words by what they mean, like "
            '{"finished": ["verwerkt"], "failed": [], "busy": []}.'
        )
        return NO_STATUS_WORDS
    found = {key: tuple(word.strip() for word in words) for key, words in lists.items()}
    every = [word.lower() for words in found.values() for word in words]
    if len(set(every)) < len(every):
        problems.append("Status words (status_words) name a word twice: each has one meaning.")
    return StatusWords(**found)
