"""Style sheet, script and icon, each at an address that changes with its content, so that caches may keep it for ever.

With everything in files of our own, pages can forbid the browser all else: see CONTENT_SECURITY_POLICY.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("static")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

# Pictures come from wherever publishers keep them; nothing else may come from outside, and nothing runs inline.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' https: http: data:",
        "media-src https: http:",
        "connect-src 'self'",  # the page says that it is read
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


@cache
def static_files() -> dict[str, tuple[str, bytes]]:
    """Path (`/static/masthead.<hash>.css`) -> content type and bytes. The bytes of a path never change."""
    found = {}
    for file in sorted(_FOLDER.iterdir()):
        if file.suffix in _TYPES:
            content = file.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:12]
            found[f"/static/{file.stem}.{digest}{file.suffix}"] = (_TYPES[file.suffix], content)
    return found


def static_path(name: str) -> str:
    """The path of `masthead.css` as pages link it."""
    stem, _, suffix = name.rpartition(".")
    return next(path for path in static_files() if path.startswith(f"/static/{stem}.") and path.endswith(suffix))
