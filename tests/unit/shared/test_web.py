"""What web services have alike."""

from __future__ import annotations

import pytest
from flask import Flask

from shared import web


def test_a_failure_is_logged_by_its_address_but_not_by_one_that_is_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    app = Flask(__name__)
    web.prepare(app, {})

    @app.get("/articles/<name>")
    @app.get("/posters/<token>.rss")
    def broken(name: str = "", token: str = "") -> str:
        raise RuntimeError("out of order")

    assert app.test_client().get("/articles/harbour").status_code == 500
    assert app.test_client().get("/posters/s3cret.rss").status_code == 500
    assert "GET /articles/harbour failed" in caplog.text
    assert "GET /posters/<token>.rss failed" in caplog.text
    assert "s3cret" not in caplog.text
