"""The demo county's twelve lists: which township is published in which file, layout and quirks; and the answer key."""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import governance as gov

from . import book, layouts, press, web, word
from .layouts import LAYOUTS
from .model import LISTS, Paper

LISTS_AT = Path(__file__).parents[2] / "data" / "lists"
BESIDE = Path(__file__).parent


@dataclass(frozen=True)
class Spec:
    """One file: for whom, which lists, and how."""

    file: str
    townships: tuple[str, ...]
    layout: str
    quirks: tuple[str, ...]
    lists: tuple[str, ...] = LISTS

    @property
    def kind(self) -> str:
        return {"htm": "html"}.get(self.file.rpartition(".")[2], self.file.rpartition(".")[2])


SPECS = (
    Spec(
        "青禾县望禾街道履行职责事项清单.docx",
        ("望禾街道",),
        "classic",
        ("cover", "contents", "preamble", "marked_heads"),
    ),
    Spec(
        "茶坞乡/1.青禾县茶坞乡基本履职事项清单.docx",
        ("茶坞乡",),
        "tasks",
        ("numbers_wide", "lines", "marked_heads"),
        ("basic",),
    ),
    Spec(
        "茶坞乡/2.青禾县茶坞乡配合履职事项清单.pdf",
        ("茶坞乡",),
        "tasks",
        ("office", "radicals", "lost_brackets", "marked_heads"),
        ("assisting",),
    ),
    Spec(
        "茶坞乡/3.青禾县茶坞乡上级部门收回事项清单.htm",
        ("茶坞乡",),
        "one_cell",
        ("word_html", "broken_heads", "broken_words"),
        ("reclaimed",),
    ),
    Spec("临禾街道履职清单（定稿）.docx", ("临禾街道",), "left", ("auto_numbers", "lines", "signature")),
    Spec(
        "栎桥镇履行职责事项清单.docx",
        ("栎桥镇",),
        "inside",
        (
            "numbers_round",
            "several",
            "grouped",
            "typos",
            "spaced_heads",
            "head_again",
            "split_rows",
            "broken_words",
            "tracked",
            "content_controls",
        ),
    ),
    Spec(
        "鹤坪乡履行职责事项清单（公示稿）.docx",
        ("鹤坪乡",),
        "two_level",
        ("numbers_circled", "wide_brackets", "marked_heads", "notes", "signature"),
    ),
    Spec("澄湖街道履职事项清单.xlsx", ("澄湖街道",), "workbook", ("numbers_comma", "aliases", "notes", "broken_words")),
    Spec(
        "梅渡镇等3个乡镇履职事项清单汇总.xlsx",
        ("梅渡镇", "砚溪镇", "雾岭乡"),
        "column",
        ("stacked", "numbers_wide", "lines", "wide_digits", "number_cells"),
    ),
    Spec("稻岸镇事项清单.xls", ("稻岸镇",), "left", ("numbers_half_round", "number_cells")),
    Spec(
        "枫垟镇履行职责事项清单.html",
        ("枫垟镇",),
        "page",
        ("nested", "gb18030", "numbers_comma", "spaced_heads", "broken_words"),
    ),
    Spec("竹岙镇履行职责事项清单.pdf", ("竹岙镇",), "book", ("numbers_round", "preamble", "slashes")),
)
WRONG = {  # township -> (list, category, where) -> what is added: counts that the reader must report
    "鹤坪乡": {("basic", "平安法治", "row"): 1},
    "澄湖街道": {("assisting", "", "title"): 1},
    "枫垟镇": {("reclaimed", "民生服务", "row"): -2},
}


def rewordings() -> pd.DataFrame:
    """How some townships word a duty: township, name (the county's) and printed."""
    return pd.read_csv(BESIDE / "rewordings.csv", dtype=str)


def local() -> pd.DataFrame:
    """What one township alone has: township, name (of the county's item it stands for), printed and what goes with it.

    ``near`` marks those that sound like the duty they stand for but have another object.
    """
    return pd.read_csv(BESIDE / "local.csv", dtype=str)


@functools.cache
def _listed() -> pd.DataFrame:
    """The county's items as the townships word them; ``county_name`` is the county's wording, empty for local duties."""
    whole = gov.examples.county().items
    whole.insert(whole.columns.get_loc("name") + 1, "county_name", whole["name"])
    at = pd.Series(whole.index, pd.MultiIndex.from_frame(whole[["township", "name"]]))
    own, other = local(), rewordings()
    whole.loc[at[pd.MultiIndex.from_frame(other[["township", "name"]])], "name"] = other["printed"].to_numpy()
    rows = at[pd.MultiIndex.from_frame(own[["township", "name"]])]
    columns = ["department", "department_duty", "township_duty", "method", "basis"]
    whole.loc[rows, ["name", *columns]] = own[["printed", *columns]].to_numpy()
    whole.loc[rows, "county_name"] = ""
    return whole


def items(spec: Spec) -> pd.DataFrame:
    """The items a file holds, in the order of its townships and lists."""
    whole = _listed()
    parts = [whole[whole["township"].eq(t) & whole["list_kind"].isin(spec.lists)] for t in spec.townships]
    return pd.concat(parts, ignore_index=True)


def written(paper: Paper, kind: str) -> bytes:
    """The bytes of a paper as a file of this kind."""
    return {"docx": word.docx, "xlsx": book.xlsx, "xls": book.xls, "html": web.html, "pdf": press.pdf}[kind](paper)


def made(spec: Spec) -> bytes:
    """The bytes of one of the county's files."""
    return written(layouts.paper(items(spec), spec.layout, spec.quirks, wrong=WRONG), spec.kind)


def small(kind: str, *, layout: str | layouts.Layout, quirks: tuple[str, ...] = (), items: pd.DataFrame) -> bytes:
    """A document of any kind, layout and quirks with the items given."""
    return written(layouts.paper(items, layout, quirks), kind)


def some(count: int = 8, township: str = "望禾街道") -> pd.DataFrame:
    """A few items of a township: ``count`` of each list, from its first two categories or more."""
    own = gov.examples.county().items.query("township == @township")
    parts = []
    for _, whole in own.groupby("list_kind", sort=False):
        shares = whole.groupby("category", sort=False).head(-(-count // 2))
        parts.append(shares.head(count))
    return pd.concat(parts, ignore_index=True)


def write(folder: Path | str, *, office: bool = False) -> list[Path]:
    """The paths of the twelve documents, written into a folder.

    The one PDF that LibreOffice made is copied from data/lists; with ``office`` it is made anew (in other bytes).
    """
    found = []
    for spec in SPECS:
        path = Path(folder) / spec.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made(spec) if office or "office" not in spec.quirks else (LISTS_AT / spec.file).read_bytes())
        found.append(path)
    return found


def _per_township(spec: Spec) -> list[pd.DataFrame]:
    return [own for _, own in items(spec).groupby("township", sort=False)]


@functools.cache
def _truth() -> pd.DataFrame:
    parts = []
    for spec in SPECS:
        for own in _per_township(spec):
            found = layouts.key(own, spec.layout, spec.quirks)
            found.insert(found.columns.get_loc("name") + 1, "county_name", own["county_name"])
            found.insert(0, "file", spec.file)
            parts.append(found)
    return pd.concat(parts, ignore_index=True)


def truth() -> pd.DataFrame:
    """What a reader should find, one row per item and file: empty where the layout does not show a column.

    ``name`` is as printed, ``county_name`` the county's wording of the same duty, empty for a duty of one township.
    """
    return _truth().copy()


def declared() -> pd.DataFrame:
    """Every count the documents declare: file, township, list_kind, category (empty: the whole list), where, declared,
    actual. Where the two differ, the wrong number was planted."""
    rows = []
    for spec in SPECS:
        layout = LAYOUTS[spec.layout]
        where = {w for w in ("contents",) if w in spec.quirks}
        where |= {"text"} if "preamble" in spec.quirks else set()
        where |= {"title"} if "{total}" in layout.title else set()
        where |= {"row"} if layout.category != "column" else set()
        for own in _per_township(spec):
            township = own["township"].iloc[0]
            said, real = layouts.counted(own, WRONG.get(township)), layouts.counted(own)
            rows += [
                (spec.file, township, kind, category, place, n, real[kind, category, place])
                for (kind, category, place), n in said.items()
                if place in where
            ]
    return pd.DataFrame(rows, columns=["file", "township", "list_kind", "category", "where", "declared", "actual"])


def keys() -> dict[str, bytes]:
    """The answer key's files: name -> bytes (csv, utf-8; the long one gzipped without a date)."""
    import gzip

    out = io.BytesIO()
    with gzip.GzipFile("", "wb", fileobj=out, mtime=0) as packed:
        packed.write(truth().to_csv(index=False, lineterminator="\n").encode())
    counts = declared().to_csv(index=False, lineterminator="\n").encode()
    return {"lists_truth.csv.gz": out.getvalue(), "lists_counts.csv": counts}
