"""Published lists into checked items: this package beside named peers, medians of one run, as ratios; then bombs refused.

    python benchmarks/lists_read.py [--townships 12] [--runs 3] [--kinds docx xlsx html pdf]

One document a township, 250 items in three lists (115 basic, 75 assisting, 60 reclaimed) with merged category rows and duties
as long as offices write them, made in a temporary folder before the clock starts. ``documents.check`` turns each into
typed items, splits duties, holds counts against what is declared and accounts for every row; the peers only take the texts
out of the cells. What ours reads must be the names that were written, and each peer must find every numbered row of
docx, xlsx and html, before any time is printed (a PDF breaks rows over pages: what pdfplumber's default finds is told
beside it). Bombs are refused in a process of their own, whose peak memory (VmHWM) is told, and how much of it the refusal took.
"""

from __future__ import annotations

import argparse
import io
import itertools
import multiprocessing
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from html import escape
from pathlib import Path

from measure import forget, memory, timed

from governance import documents

Rows = list[list[str]]
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
CATEGORIES = ("党的建设", "经济发展", "民生服务", "平安法治", "乡村振兴", "生态环保", "城乡建设", "应急管理及消防")
LISTS = {  # title, heading, items
    "基本履职事项清单": (("序号", "事项名称"), 115),
    "配合履职事项清单": (("序号", "事项名称", "对应上级部门", "上级部门职责", "乡镇（街道）配合职责"), 75),
    "上级部门收回事项清单": (("序号", "事项名称", "承接部门", "工作方式"), 60),
}
GOAL = 10.0  # seconds for 12 townships of 250 items from docx


def township(at: int) -> str:
    return "".join("东西南北中上下大小前"[int(d)] for d in f"{at:02d}") + "河镇"


def name(kind: int, n: int) -> str:
    return f"开展第{kind + 1}类第{n}号农村道路交通安全隐患排查整治和宣传教育"


def duties(first: str, several: int) -> str:
    words = "组织开展{}，对发现的问题建立台账、明确责任、限期整改，并及时上报有关情况"
    return "；\n".join(f"{d}.{words.format(first + str(d))}" for d in range(1, several + 1)) + "。"


def lists() -> Iterator[tuple[str, Sequence[str], Rows]]:
    """Title, heading and rows of each list; a row of one cell is a category over the whole width."""
    for kind, (title, (heading, size)) in enumerate(LISTS.items()):
        rows: Rows = []
        for at, some in enumerate(parted(size)):
            rows.append([f"{'一二三四五六七八'[at]}、{CATEGORIES[at]}（{len(some)}项）"])
            for n in some:
                texts = [str(n), name(kind, n), "县交通运输局", duties("全县统筹检查", 4), duties("日常巡查", 6)]
                rows.append(texts[: len(heading)])
        yield f"{title}（共{len(rows) - size}类{size}项）", heading, rows


def parted(size: int) -> list[range]:
    step = -(-size // len(CATEGORIES))
    return [range(first, min(first + step, size + 1)) for first in range(1, size + 1, step)]


def docx(town: str) -> bytes:
    def cell(text: str, span: int) -> str:
        lines = "".join(f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>" for line in text.split("\n"))
        return f'<w:tc><w:tcPr><w:gridSpan w:val="{span}"/></w:tcPr>{lines}</w:tc>'

    body = ""
    for title, heading, rows in lists():
        lines = [
            f"<w:tr>{''.join(cell(t, len(heading) if len(r) == 1 else 1) for t in r)}</w:tr>" for r in [heading, *rows]
        ]
        columns = f"<w:tblPr/><w:tblGrid>{'<w:gridCol/>' * len(heading)}</w:tblGrid>"
        body += f"<w:p><w:r><w:t>{town}{title}</w:t></w:r></w:p><w:tbl>{columns}{''.join(lines)}</w:tbl>"
    import docx as word

    made, out = word.Document(), io.BytesIO()
    made.save(out)
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(whole := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            text = f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'.encode()
            new.writestr(part, text if part == "word/document.xml" else old.read(part))
    return whole.getvalue()


def xlsx(town: str) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for title, heading, rows in lists():
            sheet = book.add_worksheet(title.partition("（")[0])
            sheet.merge_range(0, 0, 0, len(heading) - 1, f"{town}{title}")
            for at, row in enumerate([heading, *rows], 1):
                if len(row) == 1:
                    sheet.merge_range(at, 0, at, len(heading) - 1, row[0])
                else:
                    sheet.write_row(at, 0, row)
    return out.getvalue()


def html(town: str) -> bytes:
    body = ""
    for title, heading, rows in lists():
        lines = [
            f"<tr>{f'<td colspan={len(heading)}>' if len(r) == 1 else '<td>'}"
            + "</td><td>".join(escape(t).replace("\n", "<br>") for t in r)
            + "</td></tr>"
            for r in [heading, *rows]
        ]
        body += f"<p>{town}{title}</p><table>{''.join(lines)}</table>"
    return f'<html><head><meta charset="utf-8"></head><body>{body}</body></html>'.encode()


def pdf(town: str) -> bytes:
    import pylopdf_fonts_zh_cn
    import typst

    body = '#set text(font: "Noto Sans SC", size: 8pt)\n#set page(flipped: true, margin: 1.5cm)\n'
    for title, heading, rows in lists():
        cells = []
        for row in [heading, *rows]:
            told = [f'[#"{t}"]'.replace("\n", '"\\ #"') for t in row]
            cells += [f"table.cell(colspan: {len(heading)}){told[0]}"] if len(row) == 1 else told
        columns = ", ".join(["1cm", "2fr", "1fr", "3fr", "3fr"][: len(heading)])
        body += f"= {town}{title}\n#table(columns: ({columns}), {', '.join(cells)})\n"
    return typst.compile(body.encode(), font_paths=[str(Path(pylopdf_fonts_zh_cn.__file__).parent)])


MADE: dict[str, Callable[[str], bytes]] = {"docx": docx, "xlsx": xlsx, "html": html, "pdf": pdf}


# --- those that read


def ours(folder: Path) -> int:
    found = documents.check(folder, since="2025-07-01")
    wanted = sorted(name(kind, n) for kind, (_, size) in enumerate(LISTS.values()) for n in range(1, size + 1))
    for town, own in found.items.groupby("township"):
        if sorted(own["name"]) != wanted:
            raise SystemExit(f"{folder.name}: {town} is read as {len(own)} items, not as the {len(wanted)} written")
    if len(found.problems) or not (found.files["read"] == found.files["kept"]).all():
        raise SystemExit(f"{folder.name}: {found.problems[['file', 'fault']].to_string()}")
    return len(found.items)


def numbered(rows: Rows) -> int:
    return sum(len(set(r)) > 1 and r[0].strip().isdigit() for r in rows)


def by_python_docx(folder: Path) -> int:
    import docx as word

    tables = [t for path in folder.iterdir() for t in word.Document(str(path)).tables]
    return numbered([[c.text for c in row.cells] for table in tables for row in table.rows])


def by_openpyxl(folder: Path) -> int:
    import openpyxl

    rows: Rows = []
    for path in folder.iterdir():
        for sheet in openpyxl.load_workbook(path, read_only=True, data_only=True):
            rows += [["" if v is None else str(v) for v in row] for row in sheet.iter_rows(values_only=True)]
    return numbered(rows)


def by_pandas(folder: Path) -> int:
    import pandas as pd

    tables = [t for path in folder.iterdir() for t in pd.read_html(path, encoding="utf-8", flavor="lxml")]
    return numbered([[str(v) for v in row] for table in tables for row in table.itertuples(index=False)])


def by_pdfplumber(folder: Path) -> int:
    import pdfplumber

    rows: Rows = []
    for path in folder.iterdir():
        with pdfplumber.open(path) as document:
            for page in document.pages:
                rows += [[t or "" for t in row] for table in page.extract_tables() for row in table]
    return numbered(rows)


PEERS: dict[str, tuple[str, Callable[[Path], int]]] = {
    "docx": ("python-docx, texts of cells", by_python_docx),
    "xlsx": ("openpyxl, read-only values", by_openpyxl),
    "html": ("pandas.read_html (lxml)", by_pandas),
    "pdf": ("pdfplumber extract_tables", by_pdfplumber),
}


# --- bombs

LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "哈哈哈哈哈哈哈哈">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)


def package(parts: dict[str, str | int]) -> bytes:
    """A zip of texts; a number stands for so many MB of blanks."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as whole:
        for part, body in parts.items():
            with whole.open(part, "w", force_zip64=True) as entry:
                for piece in [body.encode()] if isinstance(body, str) else itertools.repeat(b" " * (1 << 20), body):
                    entry.write(piece)
    return out.getvalue()


def bombs() -> dict[str, bytes]:
    book = {"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>"}
    return {
        "1 GB in a docx": package({"word/document.xml": 1024}),
        "1 GB in an xlsx": package({**book, "xl/worksheets/sheet1.xml": 1024}),
        "billion laughs in a docx": package({"word/document.xml": LAUGHS + "<w:document>&i;</w:document>"}),
        "billion laughs in an xlsx": package({**book, "xl/worksheets/sheet1.xml": LAUGHS + "<worksheet>&i;</worksheet>"}),
    }  # fmt: skip


def refused(path: Path, told: str, warm: Path) -> None:
    """Prints the peak memory while ``path`` was refused, and how much of it that took over a process at work."""
    documents.check(warm)
    forget()
    before, begun = memory("VmRSS"), time.process_time()
    found = documents.check(path)
    spent, after = time.process_time() - begun, memory("VmHWM")
    if not found.files["refused"].all():
        raise SystemExit(f"{told}: not refused")
    print(
        f"{told:28}{path.stat().st_size / 2**20:7.2f} MB file, refused in {spent:5.2f} CPU s, "
        f"peak {after:5.0f} MB, {after - before:5.1f} MB over before"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--townships", type=int, default=12)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--kinds", nargs="*", default=list(MADE))
    chosen = options.parse_args()
    towns, listed = chosen.townships, sum(size for _, size in LISTS.values())
    print(f"{towns} documents of {listed} items; median CPU seconds of {chosen.runs} (pdf: of 1)")
    with tempfile.TemporaryDirectory() as root:
        for kind in chosen.kinds:
            folder = Path(root) / kind
            folder.mkdir()
            for at in range(towns):
                (folder / f"{township(at)}履职事项清单.{kind}").write_bytes(MADE[kind](township(at)))
            runs = 1 if kind == "pdf" else chosen.runs
            title, peer = PEERS[kind]
            spent, items = timed(partial(ours, folder), runs)
            base, rows = timed(partial(peer, folder), runs)
            if items != towns * listed or (kind != "pdf" and rows != items):
                raise SystemExit(f"{kind}: {items} items by ours, {rows} rows by {title}, {towns * listed} written")
            print(f"{kind:5}governance.documents.check  {spent:8.2f} s       1.0 x{items:8,} items")
            print(f"{kind:5}{title:28}{base:8.2f} s{base / spent:10.2f} x{rows:8,} numbered rows")
            if kind == "docx" and (towns, listed) == (12, 250):
                met = "met" if spent < GOAL else "missed"
                print(f"     goal: 12 townships x 250 items from docx under {GOAL:.0f} s: {spent:.2f} s, {met}")
        warm = Path(root) / f"{township(0)}.docx"
        warm.write_bytes(docx(township(0)))
        for told, data in bombs().items():
            path = Path(root) / f"清单.{'xlsx' if 'xlsx' in told else 'docx'}"
            path.write_bytes(data)
            process = multiprocessing.get_context("spawn").Process(target=refused, args=(path, told, warm))
            process.start()
            process.join()


if __name__ == "__main__":
    main()
