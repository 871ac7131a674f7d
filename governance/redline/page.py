"""The redline as one page for the browser: nothing to load, filters without script, ready to print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

import pandas as pd

from .book import heads
from .entries import (
    CHANGES,
    COUNTS,
    LEGEND,
    LIMITS,
    NONE,
    Entry,
    Told,
    categories,
    fit,
    flows,
    sentence,
    sums,
    townships,
)
from .marks import Piece

TAGS = {"equal": "{}", "delete": "<del>{}</del>", "insert": "<ins>{}</ins>"}
STYLE = """
:root { --ink: #222; --red: #c00000; --blue: #0b4fa8; --faint: #667380; --line: #c9d0d8; --head: #d9e1f2; }
* { box-sizing: border-box; }
body { margin: 0; background: #eef0f2; color: var(--ink); font: 15px/1.7 "Songti SC", SimSun, "Noto Serif CJK SC", serif; }
main, .filter { max-width: 90rem; margin: 0 auto; padding: 0 2rem; background: #fff; }
main { padding-top: 1px; padding-bottom: 3rem; } .filter { padding-top: .5rem; padding-bottom: .5rem; border-bottom: 1px solid var(--line); }
h1, h2, th, .banner, .said, .filter, .kind { font-family: "SimHei", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
h1 { margin: 0 auto; max-width: 90rem; padding: 1.6rem 2rem .4rem; background: #fff; font-size: 1.7rem; text-align: center; }
h2 { margin: 2rem 0 .6rem; font-size: 1.2rem; }
h2 small { font-weight: 400; color: var(--faint); font-size: .8em; }
.banner { position: sticky; top: 0; z-index: 2; padding: .3rem; background: #fbeaea; color: var(--red); font-size: .9rem; text-align: center; }
.said { margin: 1rem 0 .4rem; font-size: 1.15rem; }
.note { margin: .2rem 0; color: var(--faint); font-size: .92rem; }
del { color: var(--red); text-decoration: line-through; }
ins { color: var(--blue); text-decoration: underline; text-underline-offset: 3px; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .35rem .55rem; border: 1px solid var(--line); text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: var(--head); font-weight: 600; }
td { white-space: pre-line; }
.sums { width: auto; min-width: 46rem; margin: .8rem 0 1.2rem; } .sums .n { text-align: right; font-variant-numeric: tabular-nums; }
.sums .total td { font-weight: 700; } .sums a { color: inherit; }
.redline { table-layout: fixed; }
.redline th:nth-child(1) { width: 4.2em; } .redline th:nth-child(2) { width: 7em; } .redline th:nth-child(3) { width: 15em; }
.redline th:nth-child(4) { width: 8em; }
.group td { background: #e8edf4; font-weight: 600; break-after: avoid; }
.kind { text-align: center; } .moved-to { display: block; color: #8a5a00; font-size: .9em; }
.added .kind { background: #dce9f8; } .removed .kind { background: #f8e0e0; } .moved .kind { background: #fbefd5; } .edited .kind { background: #f1f3f5; }
.none { color: var(--faint); }
.empty { padding: 3rem; font-size: 1.3rem; text-align: center; }
input { position: absolute; opacity: 0; }
.filter label { display: inline-block; margin-right: .5rem; padding: .15rem .9rem; border: 1px solid var(--line); border-radius: 1rem; cursor: pointer; }
input:focus-visible ~ .filter { outline: 2px solid var(--blue); }
@media screen and (max-width: 50rem) { main, .filter, h1 { padding-left: .8rem; padding-right: .8rem; } .wide { overflow-x: auto; } .redline { min-width: 56rem; } .sums { min-width: 0; } }
@media print {
  body { background: #fff; font-size: 9.5pt; line-height: 1.5; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .filter { display: none; } main, h1 { max-width: none; padding: 0; } .banner { position: static; }
  thead { display: table-header-group; } tr { break-inside: avoid; } h2 { break-after: avoid; } .wide { overflow: visible; }
}
@page { size: A4 landscape; margin: 12mm 12mm 14mm; }
"""


def made(changes: pd.DataFrame, found: Sequence[Entry], told: Told) -> bytes:
    """The bytes of the page, UTF-8."""
    kinds = [kind for kind in CHANGES if (changes["change"] == kind).any()]
    title = _safe(told.title)
    body = [
        f'<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLE}{_rules(kinds)}</style>\n</head>\n<body>",
        f'<div class="banner">{_safe(told.mark)}</div>' if told.mark else "",
        f"<h1>{title}</h1>",
        *_filter(changes, kinds),
        "<main>",
        f'<p class="said">{_safe(sentence(changes, told.unchanged))}</p>',
        f'<p class="note">原：{_safe(told.old)}　　现：{_safe(told.new)}</p>',
        f'<p class="note">图例：<ins>新增文字</ins>　<del>删除文字</del>　（{LEGEND}）</p>',
        f'<p class="note">说明：{LIMITS}</p>',
        *(_sums(changes, found) if len(changes) else ['<p class="empty">没有变化</p>']),
        *_tables(changes, found, told),
        "</main>\n</body>\n</html>\n",
    ]
    return "\n".join(filter(None, body)).encode("utf-8")


def _safe(text: str) -> str:
    return escape(fit(text))


def _marked(pieces: Iterable[Piece]) -> str:
    return "".join(TAGS[op].format(_safe(text)) for op, text in pieces)


def _rules(kinds: Sequence[str]) -> str:
    """What is hidden when one kind of change is asked for; headings without such a change go with them."""
    asked = [
        f"#only-{k}:checked ~ main :is(tbody.item:not(.{k}), tbody.group:not(.has-{k}), section:not(.has-{k}))"
        for k in kinds
    ]
    chosen = [f"#only-{k}:checked ~ .filter label[for=only-{k}]" for k in ("all", *kinds)]
    hidden = f"{', '.join(asked)} {{ display: none; }}\n" if asked else ""
    return f"{hidden}{', '.join(chosen)} {{ background: #3b5b84; color: #fff; }}\n"


def _filter(changes: pd.DataFrame, kinds: Sequence[str]) -> Iterator[str]:
    """Radio buttons that work without script."""
    if len(kinds) < 2:
        return
    number = {"all": len(changes), **changes["change"].value_counts()}
    words = {"all": "全部", **{kind: CHANGES[kind] for kind in kinds}}
    for kind in words:
        yield f'<input type="radio" name="only" id="only-{kind}"{" checked" if kind == "all" else ""}>'
    labels = "".join(f'<label for="only-{k}">{word} {number[k]:,}</label>' for k, word in words.items())
    yield f'<div class="filter">只看：{labels}</div>'


def _sums(changes: pd.DataFrame, found: Sequence[Entry]) -> Iterator[str]:
    towns = {town: n for n, (town, _) in enumerate(townships(found))}
    yield f"<table class='sums'><thead><tr><th>乡镇（街道）</th><th>清单</th>{_heads(COUNTS.values())}</tr></thead><tbody>"
    for n, (town, kind, numbers) in enumerate(sums(changes)):
        name = f'<a href="#t{towns[town]}">{_safe(town)}</a>' if town in towns else _safe(town)
        cells = "".join(f'<td class="n">{number:,}</td>' for number in numbers)
        yield f"<tr{'' if n else ' class=total'}><td>{name}</td><td>{_safe(kind)}</td>{cells}</tr>"
    yield "</tbody></table>"
    if moved := flows(changes):
        words = "；".join(f"{_safe(a)}→{_safe(b)} {n:,}项" for a, b, n in moved)
        yield f'<p class="note">清单间移动：{words}。</p>'


def _heads(words: Iterable[str]) -> str:
    return "".join(f"<th>{word}（项）</th>" for word in words)


def _tables(changes: pd.DataFrame, found: Sequence[Entry], told: Told) -> Iterator[str]:
    """A section for each township, its table with a body for each heading and each item."""
    top = "".join(f"<th>{_safe(word)}</th>" for word in heads(changes, told))
    for n, (town, mine) in enumerate(townships(found)):
        named = f"{_safe(town)} " if town else "逐项对照 "
        yield f'<section id="t{n}" class="{_has(mine)}"><h2>{named}<small>{len(mine):,}项变化</small></h2>'
        yield f'<div class="wide"><table class="redline"><thead><tr>{top}</tr></thead>'
        for heading, group in categories(mine):
            words = f"{_safe(heading)}（{len(group):,}项变化）"
            yield f'<tbody class="group {_has(group)}"><tr><td colspan="6">{words}</td></tr></tbody>'
            yield from map(_item, group)
        yield "</table></div></section>"


def _has(group: Sequence[Entry]) -> str:
    return " ".join(f"has-{kind}" for kind in CHANGES if any(one.change == kind for one in group))


def _item(entry: Entry) -> str:
    moved = f'<span class="moved-to">{_safe(entry.moved)}</span>' if entry.moved else ""
    rows: list[tuple[str, ...]] = [] if entry.lines else [("", "", "")]
    for line in entry.lines:
        sides = []
        for other in ("insert", "delete"):
            text = _marked(piece for piece in line.pieces if piece[0] != other)
            blank = f'<span class="none">{NONE}</span>' if entry.change in ("edited", "moved") else ""
            sides.append(text or blank)
        rows.append((_safe(line.label), *sides))
    span = f' rowspan="{len(rows)}"' if len(rows) > 1 else ""
    first = (
        f'<td class="kind"{span}>{CHANGES[entry.change]}</td><td{span}>{_safe(entry.key)}</td>'
        f"<td{span}>{_marked(entry.name)}{moved}</td>"
    )
    cells = ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    return (
        f'<tbody class="item {entry.change}">'
        + "".join(f"<tr>{first if not n else ''}{cell}</tr>" for n, cell in enumerate(cells))
        + "</tbody>"
    )
