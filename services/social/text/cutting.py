"""Prose made shorter: at a word, never inside a grapheme, a link or an HTML entity."""

from __future__ import annotations

from collections.abc import Callable


def shorten(text: str, language: str, fits: Callable[[str], bool]) -> tuple[str, str]:
    """The longest beginning of the text, with an ellipsis, that `fits`, and the rest that was cut off.

    The whole text and "" when it fits as it is; "" and the whole text when not even one word's first letter does.
    """
    raise NotImplementedError
