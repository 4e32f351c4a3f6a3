"""An address as a QR code (ISO/IEC 18004), for posters, print and a second screen."""

from __future__ import annotations

import io
from functools import lru_cache

import segno

QUIET_ZONE = 4  # modules, as the standard asks


@lru_cache(maxsize=256)
def qr_svg(address: str) -> bytes:
    """The code as SVG, black on white in dark mode too; a quarter of it may be lost where its size allows it."""
    written = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        written, kind="svg", border=QUIET_ZONE, dark="#000", light="#fff", title=address, omitsize=True
    )
    return written.getvalue()
