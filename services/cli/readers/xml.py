"""XML that strangers wrote: read in the encoding it really has, without entities, network or external documents."""

from __future__ import annotations

import codecs
import html.entities
import re
from typing import Any

from lxml import etree

from services.cli.readers.items import Unfit
from shared.text import clean_xml

MALFORMED = "is not well-formed XML"

# A document that names no encoding, or a wrong one, is read in the old one of its language, as browsers do
# (HTML Standard, section 13.2.3.2, "a document's encoding by locale").
_LEGACY = {
    "tr": "cp1254",
    "ar": "cp1256",
    "fa": "cp1256",
    "ru": "cp1251",
    "uk": "cp1251",
    "bg": "cp1251",
    "sr": "cp1251",
}
_LEGACY |= {
    "el": "cp1253",
    "he": "cp1255",
    "pl": "cp1250",
    "cs": "cp1250",
    "sk": "cp1250",
    "hu": "cp1250",
    "sl": "cp1250",
}
_LEGACY |= {
    "hr": "cp1250",
    "ro": "cp1250",
    "lt": "cp1257",
    "lv": "cp1257",
    "et": "cp1257",
    "vi": "cp1258",
    "th": "cp874",
}
_LEGACY |= {"zh": "gb18030", "ja": "shift_jis", "ko": "cp949"}

# What old labels mean in practice (Encoding Standard, section 4.2).
_MEANT = {"ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "gb2312": "gb18030"}
_MEANT |= {"gbk": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932"}
_SINGLE_BYTE = re.compile(r"^(?:cp125\d|cp874|cp866|iso8859-\d+|koi8-[rtu]|mac-\w+)$")
_SEVERAL_BYTES = {
    "utf-8",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "gb18030",
    "big5",
    "big5hkscs",
    "cp932",
    "cp949",
    "euc_jp",
}
_SEVERAL_BYTES |= {"iso2022_jp"}
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*\?>")
_DECLARED = re.compile(rb"^\s*<\?xml\b[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_LANGUAGE = re.compile(rb"(?:<(?:dc:)?language>\s*|xml:lang=[\"'])([a-zA-Z]{2,3})")
_LOOSE = re.compile(
    r"(<!\[CDATA\[(?:.*?\]\]>|.*))|&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)([a-zA-Z0-9]{1,31};)?", re.S
)


class _Malformed(Exception):
    """Where and how XML breaks its rules."""


def parse(content: bytes, notes: list[str]) -> etree._Element:
    """The root element. Small faults that can mean only one thing are mended, which `notes` then say.

    Raises Unfit with the line and the parser's words, and for documents that declare entities.
    """
    text = decode(content, notes)
    # The parser is given UTF-8, so what the document says of its encoding must go; its line breaks stay.
    text = _DECLARATION.sub(lambda match: "\n" * match[0].count("\n"), text.removeprefix("\ufeff"), count=1)
    try:
        return _parse(text)
    except _Malformed as error:
        mended = _mend(text)
        if mended == text:
            raise Unfit(MALFORMED, str(error)) from error
    try:
        root = _parse(mended)
    except _Malformed as error:
        raise Unfit(MALFORMED, str(error)) from error
    notes.append("stray ampersands, HTML entities or control characters in the XML were mended")
    return root


def decode(content: bytes, notes: list[str]) -> str:
    """The document's text. A byte order mark decides, then valid UTF-8, then what is declared, then the language."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _decode(content, encoding) or _refuse(encoding)
    if content[:4] in (b"<\x00?\x00", b"\x00<\x00?"):
        encoding = "utf-16-le" if content[0] else "utf-16-be"
        return _decode(content, encoding) or _refuse(encoding)
    declared = _declared(content)
    if declared is None or _SINGLE_BYTE.match(declared):
        text = _decode(content, "utf-8")
        if text is not None:
            if declared and not content.isascii():
                notes.append(f"the file says it is {declared} but is UTF-8")
            return text
    text = _decode(content, declared or "utf-8")
    if text is not None:
        return text
    language = _LANGUAGE.search(content[:20_000])
    legacy = _LEGACY.get(language[1].decode().lower() if language else "", "cp1252")
    notes.append(f"the file is not {declared or 'utf-8'} as it should be; it was read as {legacy}")
    return _decode(content, legacy) or content.decode("latin-1")


def _declared(content: bytes) -> str | None:
    match = _DECLARED.match(content[:1000])
    if not match:
        return None
    label = match[1].decode()
    try:
        name = codecs.lookup(label).name
    except LookupError:
        name = ""
    name = _MEANT.get(name, name)
    if not _SINGLE_BYTE.match(name) and name not in _SEVERAL_BYTES:
        raise Unfit("names an encoding that is not read", label)
    return name


def _decode(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _refuse(encoding: str) -> str:
    raise Unfit(MALFORMED, f"its byte order mark says {encoding}, which it is not")


def _parse(text: str) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        message = re.sub(r", line \d+, column \d+(?: \(.*\))?$", "", error.msg or "it ends too early")
        raise _Malformed(f"line {error.lineno or 1}: {message}") from error
    dtd: Any = root.getroottree().docinfo.internalDTD
    if dtd is not None and list(dtd.iterentities()):
        raise Unfit("its DOCTYPE declares entities, which are not read")
    # With an external document type, an entity nobody declared is no error to the parser.
    unknown = next(root.iter(etree.Entity), None)
    if unknown is not None:
        raise _Malformed(f"line {unknown.sourceline}: Entity '{unknown.name}' not defined")
    return root


def _mend(text: str) -> str:
    """The text without characters XML cannot hold, with HTML's entities and stray ampersands written as XML does."""

    def mended(match: re.Match[str]) -> str:
        if match[1]:
            return match[1]
        name = match[2] or ""
        known = html.entities.html5.get(name)
        return "".join(f"&#{ord(char)};" for char in known) if known else f"&amp;{name}"

    return _LOOSE.sub(mended, clean_xml(text))
