"""What speaks Arrow's stream protocol, told without importing anything that reads it."""

from __future__ import annotations

__all__ = ["is_arrow"]


def is_arrow(value: object) -> bool:
    """Tell whether something can be read as a stream of Arrow."""
    return hasattr(type(value), "__arrow_c_stream__")
