"""The county a command is about: its tables, the lists in documents beside them, and what is left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from .. import departments, documents, examples, rules, tables
from ..errors import DocumentError
from ..tables import County, headers
from ..words import proper
from . import ground, published

ENDINGS = (".docx", ".pdf", ".html", ".htm")


def read(
    path: Path | None,
    *,
    since: str | None = None,
    meanings: str | None = None,
    on: ground.Ground | None = None,
) -> ground.Settled:
    """The county, what to tell of it and what lies on no street: the example for None, else a folder or workbook.

    Lists that stand only in documents are read from those. Tasks and staff of townships without a list are left out,
    since nothing can be said of them. on : the streets, and what longitudes are. Raises TableError and DocumentError as
    the readers do, and DocumentError for documents that are unclear, undated, or of townships the tables do not know.
    """
    if path is None:
        return ground.settle(examples.county(), None, on or ground.Ground())
    checked = tables.check(path)
    county, told = tables.sound(checked), []
    if county.items.empty and path.is_dir() and any(p.suffix.lower() in ENDINGS for p in path.rglob("*")):
        found = documents.check(path, since=since, meanings=meanings, endings=ENDINGS)
        found = replace(found, files=found.files[found.files["kind"] != ""])
        _refuse(county, found, path)
        county = replace(county, items=found.items)
        told += [published.files(found), *alike(found.items)]
    county, told = covered(county, told)
    settled = ground.settle(county, path, on or ground.Ground(), checked.rows)
    loud, quiet = uncounted(settled.county)
    return settled._replace(told=[*loud, *columns(checked.counts), *told, *settled.told, *quiet])


def columns(counts: pd.DataFrame) -> list[str]:
    """A line a sheet on the columns that nobody read, or that were read otherwise than they stand."""
    some = counts[counts["table"].notna() & (counts["file"] != "")]
    if not (some["table"] == "nodes").any():
        some = some[some["table"] != "edges"]  # read again with the streets, which say what they do not use
    lines = []
    for row in some.to_dict("records"):
        where = "›".join(t for t in (row["file"], row["sheet"]) if isinstance(t, str) and t)
        said = [note for note in row["note"].split(";") if note.startswith(headers.TOLD)]
        lines += [proper(f"{tables.label(row['table'])}“{where}”:{';'.join(said)}。")] if said else []
    return lines


def uncounted(county: County) -> tuple[list[str], list[str]]:
    """What to say first where not one home counts at all, and what last of services for whose people nobody is counted."""
    homes, groups = county.communities, rules.value("circle.groups")
    people = homes[list(rules.value("circle.speed"))].sum()
    if homes.empty or county.streets.nodes.empty:
        return [], []
    if not people.sum():
        return [proper(f"注意:{len(homes)} 处居民点都没有人数,覆盖人数全部为 0:核对村社人口表的年龄列。")], []
    if homes["node"].isna().all():
        off = f"注意:{len(homes)} 处居民点没有一处落到路网上,覆盖人数全部为 0"
        return [proper(f"{off}:给村社人口表填写经度和纬度,或路网节点。")], []
    lacks = [tables.label("sites", "service", s) for s, ages in groups.items() if not people[list(ages)].sum()]
    return [], [proper(f"{'、'.join(lacks)}:无人口数据(服务对象各年龄都没有人数),不是覆盖为 0。")] if lacks else []


def _refuse(county: County, found: documents.Reading, path: Path) -> None:
    """Raise DocumentError where the lists cannot be used as they are."""
    again = f"运行 governance lists {path} 可看明细并写成核对过的表"
    if (found.problems["level"] != "look").any():
        raise DocumentError(f"{published.problems(found)}\n清单文档有没有读或需要明确的地方,没有分析。{again}。")
    if found.items["since"].isna().any():
        raise DocumentError(f"清单文档没有写明施行日期,没有分析:加上 --since 日期(如 --since 2025-07-01);{again}。")
    known = sorted(county.units.loc[county.units["kind"] == "township", "unit"])
    strange = [town for town in found.items["township"].unique() if known and town not in known]
    if strange:
        names = "、".join(strange)
        raise DocumentError(
            f"清单文档里的{names}不在单位表的乡镇({'、'.join(known)})里,没有分析:核对单位表或文档标题。"
        )


def alike(items: pd.DataFrame) -> list[str]:
    """A sentence on departments written in several ways, which are counted apart until a person makes them one."""
    hints = departments.suggest(items)
    written = set("、".join(items["department"].dropna()).split("、"))
    sure = hints[hints["suggestion"].isin(written)]
    if sure.empty:
        return []
    pairs = "、".join(f"{a}与{b}" for a, b in zip(sure["name"].head(3), sure["suggestion"].head(3), strict=True))
    return [proper(f"部门有 {len(sure)} 种写法疑似与别的写法是同一单位(如{pairs}),现按不同单位计;可先统一写法再分析。")]


def covered(county: County, told: list[str]) -> tuple[County, list[str]]:
    """The county without the tasks and staff of townships that have no list, and what is told of them."""
    towns = set(county.items["township"])
    listed = county.tasks["township"].isin(towns)
    if not towns or listed.all() or not listed.any():
        return county, told
    without = county.tasks.loc[~listed, "township"].unique()
    named = "、".join(without[:3]) + ("等 " if len(without) > 3 else "共 ")
    line = f"{named}{len(without)} 个乡镇(街道)没有清单,其 {int((~listed).sum()):,} 条任务和人员没有纳入分析。"
    staff = county.staff[county.staff["township"].isin(towns)]
    return replace(county, tasks=county.tasks[listed], staff=staff), [*told, proper(line)]
