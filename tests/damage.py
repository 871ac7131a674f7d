"""Documents damaged at random, the same way for the same seed: what mail, memory sticks and converters do to files."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from published.zipped import packed, unpacked


@dataclass(frozen=True)
class Damage:
    """A damaged file: its bytes, what was done to it, and how many rows of its tables were taken out on purpose."""

    content: bytes
    did: str
    rows: int = 0


Maker = Callable[[bytes, random.Random], Damage]
ROW = {
    "docx": rb"<w:tr>.*?</w:tr>",
    "xlsx": rb"<row .*?</row>",
    "html": rb"<tr(?: [^>]*)?>(?:(?!<t(?:able|r)[ >]).)*?</tr>",
}
CELL = {
    "docx": rb"<w:tc>.*?</w:tc>",
    "xlsx": rb"<c [^>]*?(?:/>|>.*?</c>)",
    "html": rb"<td[^>]*>(?:(?!<t[dr ]).)*?</td>",
}
MAIN = {"docx": re.compile(r"word/document\.xml$"), "xlsx": re.compile(r"worksheets/.*\.xml$")}


# --- bytes, whatever the kind


def cut(content: bytes, luck: random.Random) -> Damage:
    at = luck.randrange(len(content))
    return Damage(content[:at], f"cut off after {at} of {len(content)} bytes")


def flipped(content: bytes, luck: random.Random) -> Damage:
    changed, times = bytearray(content), luck.choice([1, 3, 20, 200])
    for _ in range(times):
        changed[luck.randrange(len(changed))] ^= 1 << luck.randrange(8)
    return Damage(bytes(changed), f"{times} bits flipped")


def holed(content: bytes, luck: random.Random) -> Damage:
    size = luck.choice([1, 16, 512, 4096])
    at = luck.randrange(max(1, len(content) - size))
    return Damage(content[:at] + content[at + size :], f"{size} bytes lost at {at}")


def zeroed(content: bytes, luck: random.Random) -> Damage:
    size = min(luck.choice([16, 512, 4096]), len(content))
    at = luck.randrange(len(content) - size + 1)
    return Damage(content[:at] + bytes(size) + content[at + size :], f"{size} zero bytes at {at}")


def shuffled(content: bytes, luck: random.Random) -> Damage:
    a, b = sorted(luck.sample(range(len(content)), 2))
    return Damage(content[:a] + content[b:] + content[a:b], f"bytes from {a} on moved behind those from {b} on")


def longer(content: bytes, luck: random.Random) -> Damage:
    tail = luck.randbytes(luck.choice([1, 100, 5000]))
    return Damage(content + tail, f"{len(tail)} strange bytes at the end")


def headless(content: bytes, luck: random.Random) -> Damage:
    size = luck.choice([1, 4, 64, 600])
    return Damage(content[size:], f"the first {size} bytes lost")


def emptied(content: bytes, luck: random.Random) -> Damage:
    return Damage(b"" if luck.random() < 0.5 else bytes(len(content)), "nothing left, or only zeros")


# --- what is inside an archive


def inside(change: Callable[[dict[str, bytes], str, random.Random], str]) -> Maker:
    """A damage of one member of a zip archive: ``change`` alters the members in place and says what it did."""

    def make(content: bytes, luck: random.Random) -> Damage:
        members = unpacked(content)
        name = luck.choice(sorted(members))
        return Damage(content=packed(members) if (did := change(members, name, luck)) else content, did=did)

    return make


def _dropped(members: dict[str, bytes], name: str, luck: random.Random) -> str:
    del members[name]
    return f"member {name} dropped"


def _emptied(members: dict[str, bytes], name: str, luck: random.Random) -> str:
    members[name] = b""
    return f"member {name} emptied"


def _halved(members: dict[str, bytes], name: str, luck: random.Random) -> str:
    at = luck.randrange(len(members[name]) + 1)
    members[name] = members[name][:at]
    return f"member {name} cut off after {at} bytes"


def _garbled(members: dict[str, bytes], name: str, luck: random.Random) -> str:
    damage = flipped(members[name] or b"\0", luck)
    members[name] = damage.content
    return f"member {name}: {damage.did}"


def _tagless(members: dict[str, bytes], name: str, luck: random.Random) -> str:
    tags = [m.span() for m in re.finditer(rb"</?[\w:]+[^>]*>", members[name])]
    gone = sorted(luck.sample(tags, min(len(tags), luck.choice([1, 2, 9]))), reverse=True)
    for a, b in gone:
        members[name] = members[name][:a] + members[name][b:]
    return f"member {name}: {len(gone)} tags removed"


def _recoded(members: dict[str, bytes], name: str, luck: random.Random) -> str:
    to = luck.choice(["gb18030", "utf-16", "utf-8-sig", "big5"])
    members[name] = members[name].decode("utf-8", "replace").encode(to, "replace")
    return f"member {name} in {to}, still declared as UTF-8"


def _renamed(members: dict[str, bytes], name: str, luck: random.Random) -> str:
    members[name.upper() + "~"] = members.pop(name)
    return f"member {name} renamed"


# --- what a table is made of


def _texts(content: bytes, kind: str, luck: random.Random) -> tuple[dict[str, bytes], str]:
    """The members that hold tables (html: the page itself) and the name of the one to damage."""
    if kind == "html":
        return {"": content}, ""
    members = unpacked(content)
    return members, luck.choice(sorted(n for n in members if MAIN[kind].search(n)))


def _whole(members: dict[str, bytes], kind: str) -> bytes:
    return members[""] if kind == "html" else packed(members)


def without(kind: str, pattern: bytes, what: str) -> Maker:
    """Rows or cells taken out."""

    def make(content: bytes, luck: random.Random) -> Damage:
        members, name = _texts(content, kind, luck)
        found = [m.span() for m in re.finditer(pattern, members[name], re.S)]
        gone = sorted(luck.sample(found, min(len(found), luck.choice([1, 2, 5, 12]))), reverse=True)
        for a, b in gone:
            members[name] = members[name][:a] + members[name][b:]
        rows = len(gone) if what == "rows" else 0
        return Damage(_whole(members, kind), f"{len(gone)} {what} dropped {name}".rstrip(), rows)

    return make


def swapped(kind: str, pattern: bytes, what: str) -> Maker:
    """The contents of two rows or cells exchanged, up to five times; in a workbook their addresses stay."""

    def make(content: bytes, luck: random.Random) -> Damage:
        members, name = _texts(content, kind, luck)
        times = luck.choice([1, 2, 5])
        for _ in range(times):
            found = [m.span() for m in re.finditer(pattern, members[name], re.S)]
            if len(found) < 2:
                return Damage(content, f"no two {what} to swap")
            (a, b), (c, d) = sorted(luck.sample(found, 2))
            text = members[name]
            one, two = text[a:b], text[c:d]
            if kind == "xlsx":
                one, two = _addressed(one, two)
            members[name] = text[:a] + two + text[b:c] + one + text[d:]
        return Damage(_whole(members, kind), f"{what} swapped {times} times {name}".rstrip())

    return make


def _addressed(one: bytes, two: bytes) -> tuple[bytes, bytes]:
    """Two cells of a workbook, each with the other's address."""
    at = re.compile(rb'(?<= r=")[A-Z]*\d+')
    first, second = at.search(one), at.search(two)
    if not first or not second:
        return one, two
    return at.sub(second[0], one, count=1), at.sub(first[0], two, count=1)


def recoded(content: bytes, luck: random.Random) -> Damage:
    """A page in another encoding than it says, or decoded wrongly and saved."""
    text = content.decode("gb18030" if b"gb2312" in content[:2000] else "utf-8", "replace")
    how = luck.choice(["gb18030", "utf-8", "utf-16", "big5", "mojibake", "question"])
    if how == "mojibake":
        return Damage(
            text.encode("utf-8").decode("gb18030", "replace").encode("utf-8"), "UTF-8 read as GB18030 and saved"
        )
    if how == "question":
        return Damage(text.encode("ascii", "replace"), "every Chinese character a question mark")
    return Damage(text.encode(how, "replace"), f"in {how} whatever it declares")


def untagged(content: bytes, luck: random.Random) -> Damage:
    """A page that lost some tags."""
    members = {"": content}
    did = _tagless(members, "", luck)
    return Damage(members[""], did.replace("member :", "page:"))


def objectless(content: bytes, luck: random.Random) -> Damage:
    """A PDF that lost one of its objects."""
    found = [m.span() for m in re.finditer(rb"\d+ 0 obj.*?endobj", content, re.S)]
    if not found:
        return flipped(content, luck)
    a, b = luck.choice(found)
    return Damage(content[:a] + b" " * (b - a) + content[b:], f"an object of {b - a} bytes blanked")


BYTES: tuple[Maker, ...] = (cut, flipped, holed, zeroed, shuffled, longer, headless, emptied)
ZIPPED = tuple(inside(f) for f in (_dropped, _emptied, _halved, _garbled, _tagless, _recoded, _renamed))


def _tables(kind: str) -> tuple[Maker, ...]:
    return (
        without(kind, ROW[kind], "rows"),
        without(kind, CELL[kind], "cells"),
        swapped(kind, CELL[kind], "cells"),
        *([] if kind == "xlsx" else [swapped(kind, ROW[kind], "rows")]),
    )


MAKERS: dict[str, tuple[Maker, ...]] = {
    "docx": (*BYTES, *ZIPPED, *_tables("docx"), *_tables("docx")),
    "xlsx": (*BYTES, *ZIPPED, *_tables("xlsx"), *_tables("xlsx")),
    "xls": BYTES,
    "html": (*BYTES, recoded, recoded, untagged, *_tables("html"), *_tables("html")),
    "pdf": (*BYTES, objectless, objectless),
}


def damages(content: bytes, kind: str, seed: int) -> Damage:
    """The document damaged in one way or, for every fourth seed, in its bytes as well; the same for the same seed."""
    luck = random.Random(f"{kind} {seed}")
    first = luck.choice(MAKERS[kind])(content, luck)
    if seed % 4 or len(first.content) < 2:
        return first
    second = luck.choice(BYTES)(first.content, luck)
    return Damage(second.content, f"{first.did}; {second.did}", first.rows)
