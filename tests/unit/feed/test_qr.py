"""The QR code, read by a decoder of others (ZXing)."""

from __future__ import annotations

import re

import numpy
import pytest
import zxingcpp
from lxml import etree

from services.feed.qr import QUIET_ZONE, qr_svg
from shared.urls import short_url
from tests.unit.feed.stories import ARABIC, ENGLISH


def modules(svg: bytes) -> numpy.ndarray:
    """The picture's modules, 0 where ink is: the ground is one area, the code is drawn as strokes of one module."""
    root = etree.fromstring(svg)
    size = int(root.get("viewBox").split()[2])
    drawn = numpy.full((size, size), 255, dtype=numpy.uint8)
    ground, ink = root.findall("{*}path")
    assert (ground.get("fill"), ink.get("stroke")) == ("#fff", "#000")
    x = y = 0.0
    for step, numbers in re.findall(r"([Mmh])([-0-9. ]+)", ink.get("d")):
        found = [float(each) for each in re.findall(r"-?[0-9.]+", numbers)]
        if step == "h":
            drawn[int(y), int(x) : int(x + found[0])] = 0
            x += found[0]
        else:
            x, y = (x + found[0], y + found[1]) if step == "m" else found
    return drawn


@pytest.mark.parametrize(
    "address",
    [
        short_url(ENGLISH.url),
        ARABIC.url,
        "https://xn--mgba3a4f16a.ir/news/2018/04/20/abcdefghjk",
        "http://127.0.0.1:8000/2018/04/20/abcdefghjk",
        "https://courier.example/" + "long/" * 100,
    ],
)
def test_a_decoder_reads_the_address(address: str) -> None:
    code = zxingcpp.read_barcode(numpy.kron(modules(qr_svg(address)), numpy.ones((3, 3), dtype=numpy.uint8)))
    assert code is not None
    assert (code.format, code.text) == (zxingcpp.BarcodeFormat.QRCode, address)


def test_around_the_code_nothing_is_drawn_and_it_is_named() -> None:
    svg = qr_svg(short_url(ENGLISH.url))
    drawn = modules(svg)
    assert drawn[:QUIET_ZONE].all() and drawn[-QUIET_ZONE:].all() and drawn[:, :QUIET_ZONE].all()
    assert etree.fromstring(svg).findtext("{*}title") == short_url(ENGLISH.url)
    assert b"<script" not in svg


def test_a_code_is_the_same_each_time() -> None:
    qr_svg.cache_clear()
    once = qr_svg(ENGLISH.url)
    qr_svg.cache_clear()
    assert qr_svg(ENGLISH.url) == once
