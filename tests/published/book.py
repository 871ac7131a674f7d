"""Published lists as workbooks: xlsx by xlsxwriter, xls by xlwt, the same bytes each time."""

from __future__ import annotations

import datetime
import io
from itertools import zip_longest

from .model import Cell, Grid, Paper, Part, placed
from .zipped import packed, unpacked

CREATED = datetime.datetime(2025, 6, 30, 9)
BOLD = {"head", "title", "category", "running", "cover", "heading"}
MIDDLE = {"head", "title", "serial", "cover", "heading", "under"}
SIZES = {"title": 16, "cover": 18, "heading": 14}


def rows(part: Part) -> list[list[tuple[int, Cell]]]:
    """A sheet's rows, each as (column, cell); lines outside the tables are merged over the width."""
    width = max((len(b.widths) for b in part.blocks if isinstance(b, Grid)), default=1)
    found: list[list[tuple[int, Cell]]] = []
    for block in part.blocks:
        if isinstance(block, Grid):
            found += [[(c, cell) for c, cell in enumerate(row) if cell] for row in placed(block)]
        elif block.role not in {"break", "contents"}:
            found.append([(0, Cell(block.text, across=width, role=block.role))])
    return found


def widths(part: Part) -> list[float]:
    """Column widths in characters; where tables stand under one another, the widest of each column."""
    grids = [b.widths for b in part.blocks if isinstance(b, Grid)]
    return [5.5 * max(w) for w in zip_longest(*grids, fillvalue=0)]


def height(row: list[tuple[int, Cell]], columns: list[float]) -> float:
    """The height in points that shows every line of a row; cells merged downwards do not count."""
    most = 1
    for c, cell in row:
        if cell.down == 1 and style_of(cell) != "running":
            room = max(1, int(sum(columns[c : c + cell.across]) / 2.2))
            most = max(most, sum(-(-max(1, len(t)) // room) for t in cell.text.split("\n")))
    return 14.5 * most + (10 if row[0][1].role in SIZES else 2)


def ruled(role: str) -> bool:
    return role not in {"cover", "heading", "under", "note", "signature", "body", "title", "unit", "office"}


def xlsx(paper: Paper) -> bytes:
    """The workbook's bytes."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False})
    book.set_properties({"title": f"{paper.title}（示例数据）", "author": "示例数据", "created": CREATED})
    styles: dict[str, object] = {}
    for part in paper.parts:
        sheet = book.add_worksheet(part.name)
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        columns = widths(part)
        for c, width in enumerate(columns):
            sheet.set_column(c, c, width)
        for r, row in enumerate(rows(part)):
            sheet.set_row(r, height(row, columns))
            for c, cell in row:
                role = style_of(cell)
                if role not in styles:
                    styles[role] = book.add_format(look(role))
                put(sheet, r, c, cell, styles[role], "number_cells" in paper.quirks)
    book.close()
    return packed(unpacked(out.getvalue()))


def look(role: str) -> dict[str, object]:
    """The format of a cell of this role."""
    own: dict[str, object] = {
        "text_wrap": role != "running",
        "valign": "vcenter",
        "align": "center" if role in MIDDLE else "left",
        "font_name": "方正小标宋简体" if role in {"title", "cover"} else "黑体" if role in BOLD else "仿宋_GB2312",
        "font_size": SIZES.get(role, 10.5),
    }
    return {**own, "border": 1} if ruled(role) else own


def style_of(cell: Cell) -> str:
    """The role that says how a cell looks: a category in one narrow cell runs on over its empty neighbours."""
    return "running" if cell.role == "category" and cell.across == cell.down == 1 else cell.role


def valued(cell: Cell, as_number: bool) -> str | int:
    """A cell's value: 序号 as a number where asked for."""
    return int(cell.text) if as_number and cell.role == "serial" and cell.text.isdecimal() else cell.text


def put(sheet, r: int, c: int, cell: Cell, style: object, as_number: bool) -> None:
    """Nothing; the cell is written, merged where it covers more than one."""
    value = valued(cell, as_number)
    if cell.across > 1 or cell.down > 1:
        sheet.merge_range(r, c, r + cell.down - 1, c + cell.across - 1, value, style)
    elif isinstance(value, int):
        sheet.write_number(r, c, value, style)
    elif value:
        sheet.write_string(r, c, value, style)
    else:
        sheet.write_blank(r, c, None, style)


def xls(paper: Paper) -> bytes:
    """The old workbook's bytes; xlwt writes no dates of its own."""
    import xlwt

    book = xlwt.Workbook(encoding="gb18030")
    styles: dict[str, object] = {}
    for part in paper.parts:
        sheet = book.add_sheet(part.name)
        sheet.portrait = False
        sheet.paper_size_code = 9
        sheet.fit_num_pages = 1
        sheet.fit_width_to_pages, sheet.fit_height_to_pages = 1, 0
        columns = widths(part)
        for c, width in enumerate(columns):
            sheet.col(c).width = int(width * 256)
        for r, row in enumerate(rows(part)):
            sheet.row(r).height_mismatch = True
            sheet.row(r).height = int(height(row, columns) * 20)
            for c, cell in row:
                role = style_of(cell)
                if role not in styles:
                    styles[role] = xlwt.easyxf(easy(role))
                value = valued(cell, "number_cells" in paper.quirks)
                if cell.across > 1 or cell.down > 1:
                    sheet.write_merge(r, r + cell.down - 1, c, c + cell.across - 1, value, styles[role])
                else:
                    sheet.write(r, c, value, styles[role])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def easy(role: str) -> str:
    """The format of a cell of this role, in xlwt's words."""
    align = "center" if role in MIDDLE else "left"
    size = int(SIZES.get(role, 10.5) * 20)
    lines = "; borders: left thin, right thin, top thin, bottom thin" if ruled(role) else ""
    bold = "; font: bold on" if role in BOLD else ""
    wrap = "off" if role == "running" else "on"
    return f"align: wrap {wrap}, vert centre, horiz {align}; font: name 宋体, height {size}{bold}{lines}"
