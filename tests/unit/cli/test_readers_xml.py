"""XML from strangers: encodings that lie, small faults that are mended, and documents that mean harm."""

from __future__ import annotations

import codecs
import time
import tracemalloc

import pytest

from services.cli.readers.items import Found, Refusal
from tests.unit.cli.reading import fields, only, read, refusal


def feed(title: str = "T", item: str = "<description>D.</description>", language: str = "pt") -> str:
    head = f"<title>C</title><language>{language}</language>"
    return f"<rss><channel>{head}<item><title>{title}</title>{item}</item></channel></rss>"


@pytest.mark.parametrize(
    ("encoding", "declared", "title", "language"),
    [
        ("utf-8", "", "Notícias 🚀", "pt"),
        ("utf-8", "UTF-8", "Notícias", "pt"),
        ("utf-8-sig", "UTF-8", "Notícias", "pt"),
        ("utf-16", "UTF-16", "Notícias", "pt"),
        ("utf-16-le", "UTF-16", "Notícias", "pt"),
        ("utf-16-be", "UTF-16", "Notícias", "pt"),
        ("iso-8859-1", "ISO-8859-1", "Notícias", "pt"),
        ("cp1252", "ISO-8859-1", "“Notícias” – €", "pt"),
        ("cp1254", "windows-1254", "Dünya ığş", "tr"),
        ("iso-8859-9", "ISO-8859-9", "Dünya ığş", "tr"),
        ("cp1251", "windows-1251", "Новости", "ru"),
        ("koi8-r", "KOI8-R", "Новости", "ru"),
        ("gb18030", "GB2312", "新闻", "zh"),
        ("big5", "Big5", "新聞", "zh"),
        ("shift_jis", "Shift_JIS", "ニュース", "ja"),
        ("euc-kr", "EUC-KR", "뉴스", "ko"),
    ],
)
def test_the_declared_encoding_is_read(encoding: str, declared: str, title: str, language: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>\n' if declared else ""
    found = only((declaration + feed(title, language=language)).encode(encoding))
    assert found.submission["headline"] == title
    assert not any("read as" in note or "but is" in note for note in found.notes)


@pytest.mark.parametrize(
    ("encoding", "declared", "title", "language", "note"),
    [
        ("utf-8", "ISO-8859-1", "Notícias", "pt", "the file says it is cp1252 but is UTF-8"),
        ("cp1252", "UTF-8", "Notícias", "pt", "it was read as cp1252"),
        ("cp1252", "", "Notícias", "", "it was read as cp1252"),
        ("cp1254", "", "Dünya ığş", "tr", "it was read as cp1254"),
        ("cp1256", "UTF-8", "أخبار", "ar", "it was read as cp1256"),
        ("cp1251", "UTF-8", "Новости", "ru", "it was read as cp1251"),
        ("gb18030", "UTF-8", "新闻", "zh-CN", "it was read as gb18030"),
    ],
)
def test_a_wrong_encoding_is_guessed_from_the_language(
    encoding: str, declared: str, title: str, language: str, note: str
) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>\n' if declared else ""
    found = only((declaration + feed(title, language=language)).encode(encoding))
    assert found.submission["headline"] == title
    assert any(note in each for each in found.notes)


def test_bytes_that_are_nothing_at_all_are_still_read() -> None:
    assert fields(feed("X").encode().replace(b"X", b"\x81\x8d\xff"))["headline"] == "\x81\x8dÿ"


@pytest.mark.parametrize(
    ("title", "meant"),
    [
        ("Caf&eacute;&nbsp;Nord", "Café Nord"),
        ("Fish & chips", "Fish & chips"),
        ("Fish &chips; &lt;", "Fish &chips; <"),
        ("Ring\x07 the \x1bbell", "Ring the bell"),
        ("<![CDATA[A & B &eacute;]]> & C", "A & B é & C"),
    ],
)
def test_small_faults_that_mean_one_thing_are_mended_with_a_note(title: str, meant: str) -> None:
    found = only(feed(title))
    assert found.submission["headline"] == meant
    assert any("mended" in note for note in found.notes)


def test_white_space_before_the_declaration_is_no_fault() -> None:
    assert fields('\n\n <?xml version="1.0" encoding="UTF-8"?>' + feed())["headline"] == "T"


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        ("<rss>\n<channel>\n<item>\n</channel>\n</rss>", "line 4: Opening and ending tag mismatch: item line 3"),
        ("<rss><channel>", "line 1: "),
        ("<rss>\n<channel a='1' a='2'/></rss>", "line 2: Attribute a redefined"),
        ("<rss><channel/></rss><rss/>", "line 1: Extra content at the end of the document"),
        ("<rss>\n<channel>\n<dc:title/></channel></rss>", "line 3: Namespace prefix dc on title is not defined"),
        ('<?xml version="1.0"\n encoding="UTF-8"?>\n<rss><x</rss>', "line 3: "),
        ("<", "line 1: "),
    ],
)
def test_malformed_xml_is_refused_with_line_and_reason(content: str, detail: str) -> None:
    reason, found = refusal(content)
    assert reason == "is not well-formed XML"
    assert found.startswith(detail)


SECRET = "s3cret-canary"
DEEP = 100_000
BILLION = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
HOSTILE = {
    "external entity from a file": '<!DOCTYPE r [<!ENTITY x SYSTEM "file://{canary}">]>' + feed("&x;"),
    "external entity over http": '<!DOCTYPE r [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>' + feed("&x;"),
    "external entity by public name": '<!DOCTYPE r [<!ENTITY x PUBLIC "p" "file://{canary}">]>' + feed("&x;"),
    "parameter entity from a file": '<!DOCTYPE r [<!ENTITY % x SYSTEM "file://{canary}"> %x;]>' + feed(),
    "parameter entity over http": '<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>' + feed(),
    "undeclared parameter entity": "<!DOCTYPE r [ %x; ]>" + feed("&x;"),
    "entity in an attribute": '<!DOCTYPE r [<!ENTITY x "v">]>' + feed(item='<category domain="&x;">c</category>'),
    "inner entity": '<!DOCTYPE r [<!ENTITY x "expanded">]>' + feed("&x;"),
    "billion laughs": f'<!DOCTYPE r [<!ENTITY a0 "ha">{BILLION}]>' + feed("&a9;"),
    "quadratic blow-up": f'<!DOCTYPE r [<!ENTITY a "{"a" * 50_000}">]>' + feed("&a;" * 50_000),
    "entities that call each other": '<!DOCTYPE r [<!ENTITY a "&b;"><!ENTITY b "&a;">]>' + feed("&a;"),
    "XInclude": feed(
        item='<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file://{canary}" parse="text"/>'
    ),
    "external document type": '<!DOCTYPE rss SYSTEM "file://{canary}">' + feed("&x;"),
    "document type over http": '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">' + feed(),
    "attribute defaults": '<!DOCTYPE rss [<!ATTLIST item a CDATA "v">]>' + feed(),
    "style sheet": '<?xml-stylesheet type="text/xsl" href="file://{canary}"?>' + feed(),
    "processing instruction": feed(item="<?php readfile('{canary}') ?><description>D.</description>"),
    "deep tree": "<rss><channel><item>" + "<a>" * DEEP + "</a>" * DEEP + "</item></channel></rss>",
    "huge attribute": feed(item=f'<category domain="{"a" * 11_000_000}">c</category>'),
    "huge text": feed("a" * 11_000_000),
    "50,000 namespaces": "<rss " + " ".join(f'xmlns:n{n}="u:{n}"' for n in range(50_000)) + "><channel/></rss>",
    "50,000 attributes": "<rss " + " ".join(f'a{n}="{n}"' for n in range(50_000)) + "><channel/></rss>",
    "unclosed sections": feed("<![CDATA[" * 20_000),
    "unclosed comments": feed("<!--" * 20_000),
    "ampersands": feed("&" * 200_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_reads_no_file_and_takes_no_time(name: str, tmp_path: object) -> None:
    canary = f"{tmp_path}/canary"
    with open(canary, "w") as file:  # noqa: PTH123 - a plain path is what the attack names
        file.write(SECRET)
    content = HOSTILE[name].replace("{canary}", canary)
    tracemalloc.start()
    started = time.perf_counter()
    items = read(content)
    elapsed = time.perf_counter() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert SECRET not in repr(items)
    assert "hahaha" not in repr(items)
    assert "expanded" not in repr(items)
    assert elapsed < 5
    assert peak < 50_000_000 + 10 * len(content)
    assert all(isinstance(item, Found | Refusal) for item in items)


@pytest.mark.parametrize("name", [name for name in HOSTILE if "entit" in name and "undeclared" not in name])
def test_documents_that_declare_entities_are_refused(name: str) -> None:
    assert refusal(HOSTILE[name])[0] in ("its DOCTYPE declares entities, which are not read", "is not well-formed XML")


@pytest.mark.parametrize("encoding", ["utf-7", "utf-32", "rot13", "unicode_escape", "base64", "idna", "no-such-thing"])
def test_encodings_that_hide_markup_are_refused(encoding: str) -> None:
    content = f'<?xml version="1.0" encoding="{encoding}"?>{feed()}'
    assert refusal(content) == ("names an encoding that is not read", encoding)


def test_a_byte_order_mark_that_lies_is_refused() -> None:
    content = codecs.BOM_UTF16_LE + b"<\x00r\x00s\x00s\x00/\x00>\x00\x00\xd8"
    assert refusal(content)[0] == "is not well-formed XML"
