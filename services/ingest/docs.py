"""The API described for people: /openapi.json, and /docs where it can be tried. Nothing comes from another host."""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from flask import Blueprint, Response, abort, redirect, request

OWN = files("services.ingest") / "static"
# The package is taken for the files of Swagger UI in it (Apache-2.0); its Python is not run.
SWAGGER = files("flask_openapi3_swagger") / "templates" / "swagger"
ASSETS: dict[str, Traversable] = {
    "swagger-ui.css": SWAGGER / "css" / "swagger-ui.css",
    "swagger-ui-bundle.js": SWAGGER / "js" / "swagger-ui-bundle.js",
    "docs.css": OWN / "docs.css",
    "docs.js": OWN / "docs.js",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def make_docs(document: dict[str, Any]) -> Blueprint:
    docs = Blueprint("docs", __name__)
    written = json.dumps(document, ensure_ascii=False)

    @docs.get("/")
    def front() -> Response:
        return redirect("docs", 302)  # type: ignore[return-value]

    @docs.get("/openapi.json")
    def openapi() -> Response:
        return _cached(Response(written, content_type="application/json"))

    @docs.get("/docs")
    def page() -> Response:
        response = _cached(Response((OWN / "docs.html").read_bytes(), content_type="text/html; charset=utf-8"))
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @docs.get("/docs/<name>")
    def asset(name: str) -> Response:
        if name not in ASSETS:
            abort(404)
        zipped = request.accept_encodings["gzip"] > 0
        response = Response(_content(name, zipped), content_type=mimetypes.guess_type(name)[0])
        if zipped:
            response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
        return _cached(response)

    return docs


@cache
def _content(name: str, zipped: bool) -> bytes:
    content = ASSETS[name].read_bytes()
    return gzip.compress(content, 9, mtime=0) if zipped else content


def _cached(response: Response) -> Response:
    """Validated on every use, so that an upgrade is seen at once, and sent only when it changed."""
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.make_conditional(request)
    return response
