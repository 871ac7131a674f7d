"""The made-up county 青禾县: every name and figure invented, calibrated to the two articles, always the same."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from ..files import replaced
from ..tables import County, Streets, frame, frames, label
from ..tables.fields import fields
from ..tables.forms import cell_texts, workbook
from . import town
from .ledger import IN_FORCE, LISTS, MARK, bank, planned, told

SEED = 20250701
NAME = "青禾县"
DENSE = "望禾街道"
KNOWN = pd.Timestamp("2025-06-30")

# township: setting, km2, people, staff, villages, communities, duties: basic, assisting, reclaimed
# sums: 1220.9 km2 (望禾 4.3 %), 419142 people (望禾 35 %), 1380 / 912 / 684 items = 12 x (115 / 76 / 57)
TOWNSHIPS = {
    "望禾街道": ("urban", 52.5, 146_700, 118, 18, 11, 124, 84, 62),
    "临禾街道": ("urban", 61.4, 52_310, 82, 12, 8, 121, 82, 60),
    "澄湖街道": ("urban", 74.8, 44_260, 76, 13, 6, 119, 80, 60),
    "栎桥镇": ("rural", 98.6, 35_480, 66, 22, 3, 117, 78, 58),
    "梅渡镇": ("rural", 88.3, 29_720, 61, 19, 2, 116, 77, 58),
    "砚溪镇": ("rural", 110.2, 24_640, 57, 20, 2, 115, 76, 57),
    "稻岸镇": ("rural", 92.7, 22_180, 54, 17, 1, 114, 75, 57),
    "枫垟镇": ("rural", 126.5, 18_930, 50, 19, 1, 113, 74, 56),
    "竹岙镇": ("mountain", 148.9, 16_270, 47, 21, 1, 112, 73, 55),
    "雾岭乡": ("mountain", 139.6, 10_850, 38, 15, 0, 110, 71, 54),
    "茶坞乡": ("mountain", 121.8, 9_420, 36, 13, 0, 110, 71, 54),
    "鹤坪乡": ("mountain", 105.6, 8_382, 34, 12, 0, 109, 71, 53),
}
OFFICES = {  # office: posts (share of staff, skills)
    "党政综合办公室": (("党建岗", 0.07, "党务、文秘"), ("综合文秘岗", 0.10, "文秘、统计")),
    "经济发展办公室": (("企业服务岗", 0.06, "统计、项目管理"), ("农业农村岗", 0.09, "农技")),
    "社会事务办公室": (("民政社保岗", 0.10, "社会工作"), ("卫生健康岗", 0.05, "卫生")),
    "平安法治办公室": (("综治维稳岗", 0.10, "法律、调解"), ("信访岗", 0.05, "调解")),
    "应急管理办公室": (("安全监管岗", 0.08, "安全生产"), ("消防救援岗", 0.05, "消防")),
    "自然资源和生态环境办公室": (("规划建设岗", 0.06, "规划、测绘"), ("生态环保岗", 0.05, "环保")),
    "综合行政执法队": (("执法岗", 0.08, "执法"),),
    "便民服务中心": (("窗口服务岗", 0.06, "窗口服务"),),
}
AGES = {
    "age_0_2": 0.018,
    "age_3_6": 0.029,
    "age_7_14": 0.072,
    "age_15_59": 0.601,
    "age_60_79": 0.230,
    "age_80_up": 0.050,
}


def _choose(bank: pd.DataFrame, setting: str, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """``count`` items for a township: one of each category first, then by how well the setting fits."""
    weight = np.where(bank["setting"] == setting, 6.0, np.where(bank["setting"] == "all", 4.0, 0.12))
    if setting == "mountain":
        weight = np.where(bank["setting"] == "rural", 3.0, weight)
    luck = rng.random(len(bank)) ** (1 / weight)  # weighted sampling without replacement (Efraimidis-Spirakis)
    ranked = bank.assign(luck=luck).sort_values("luck", ascending=False)
    first = ranked.drop_duplicates("category").index
    rest = ranked.index.difference(first, sort=False)
    return bank.loc[sorted([*first, *rest[: count - len(first)]])]


def _items(rng: np.random.Generator) -> pd.DataFrame:
    banks = {kind: bank(kind) for kind in LISTS}
    parts = []
    for township, (setting, *_, basic, assisting, reclaimed) in TOWNSHIPS.items():
        for kind, count in zip(LISTS, (basic, assisting, reclaimed), strict=True):
            parts.append(_choose(banks[kind], setting, count, rng).assign(township=township))
    whole = pd.concat(parts, ignore_index=True)
    words = {"知识培训": "training", "业务指导": "guidance", "资金支持": "funds"}
    return whole.assign(
        support=["|".join(words[w] for w in s.split("、") if w) for s in whole["support"]],
        since=IN_FORCE,
        known_from=KNOWN,
        until=pd.Series(pd.NaT, whole.index),
        source=f"{MARK}›事项库",
    )


def _staff() -> pd.DataFrame:
    rows = []
    for township, (_, _, _, people, *_) in TOWNSHIPS.items():
        posts = [(office, *post) for office, all_posts in OFFICES.items() for post in all_posts]
        counts = [max(1, round(people * share)) for _, _, share, _ in posts]
        counts[1] += people - sum(counts)
        hours = 26.0 if township == DENSE else 30.0
        rows += [
            {
                "township": township,
                "office": office,
                "post": post,
                "headcount": n,
                "quota": n + (n > 4),
                "hours_per_month": hours,
                "skills": skills,
            }
            for (office, post, _, skills), n in zip(posts, counts, strict=True)
        ]
    return pd.DataFrame(rows)


def _villages(rng: np.random.Generator, taken: set[str]) -> dict[str, list[tuple[str, str]]]:
    """(kind, name) of the village-level units of the eleven other townships; no name twice."""
    heads, tails = "枫栎楮榆柘榉樟槐桑梓芦荻菱茭蘅荷稻禾穗粟", "坞岙垟湾坪埠塘溪岭墩桥畈泽洲源"
    names = [h + t for h in heads for t in tails if f"{h}{t}村" not in taken and f"{h}{t}社区" not in taken]
    order = [names[i] for i in rng.permutation(len(names))]
    out = {}
    for township, (_, _, _, _, villages, communities, *_) in TOWNSHIPS.items():
        if township != DENSE:
            picked, order = order[: villages + communities], order[villages + communities :]
            out[township] = [("village", f"{n}村") for n in picked[:villages]]
            out[township] += [("community", f"{n}社区") for n in picked[villages:]]
    return out


def _communities(below: dict[str, list[tuple[str, str]]], rng: np.random.Generator) -> pd.DataFrame:
    """Village-level population outside the dense sub-district; age groups add up to the township's people."""
    rows = []
    for township, units in below.items():
        total = TOWNSHIPS[township][2]
        weight = rng.uniform(0.6, 1.4, len(units)) * np.where([k == "community" for k, _ in units], 2.6, 1.0)
        people = _split(total, weight)
        for (_, name), n in zip(units, people, strict=True):
            old = 1.0 + 0.5 * (TOWNSHIPS[township][0] == "mountain")
            ages = _split(int(n), np.array(list(AGES.values())) * [1, 1, 1, 1, old, old])
            rows.append(
                {
                    "township": township,
                    "community": name,
                    "households": round(n / 2.26),
                    **dict(zip(AGES, (int(a) for a in ages), strict=True)),
                }
            )
    return pd.DataFrame(rows)


def _split(total: int, weight: np.ndarray) -> np.ndarray:
    """Whole numbers in the ratio of ``weight`` that add up to ``total`` (largest remainder)."""
    exact = total * weight / weight.sum()
    whole = np.floor(exact).astype(int)
    whole[np.argsort(-(exact - whole), kind="stable")[: total - whole.sum()]] += 1
    return whole


def _units(below: dict[str, list[tuple[str, str]]], departments: list[str]) -> pd.DataFrame:
    area = round(sum(t[1] for t in TOWNSHIPS.values()), 1)
    rows: list[dict[str, object]] = [{"unit": NAME, "kind": "county", "area_km2": area}]
    rows += [{"unit": d, "kind": "department", "parent": NAME} for d in departments]
    rows += [
        {"unit": t, "kind": "township", "parent": NAME, "setting": s, "area_km2": km2}
        for t, (s, km2, *_) in TOWNSHIPS.items()
    ]
    rows += [{"unit": o, "kind": "office", "parent": t} for t in TOWNSHIPS for o in OFFICES]
    rows += [{"unit": n, "kind": k, "parent": t} for t, units in below.items() for k, n in units]
    return pd.DataFrame(rows)


@functools.cache
def _made() -> tuple[County, pd.DataFrame]:
    rng = np.random.Generator(np.random.PCG64(SEED))
    urban = town.urban()
    items = _items(rng)
    taken = set(urban["communities"]["community"])
    below = _villages(rng, taken)
    others = _communities(below, rng)
    dense = urban["communities"].drop_duplicates("community")["community"]
    below[DENSE] = [("village" if n.endswith("村") else "community", n) for n in dense]
    banks = pd.concat([bank(k) for k in (*LISTS, "off_list")])
    departments = sorted(set(banks["department"]))
    plan = planned(items, {t: row[2] for t, row in TOWNSHIPS.items()}, rng)
    tasks = told(plan, {t: [n for _, n in units] for t, units in below.items()}, list(OFFICES), departments, rng)
    truth = plan[["verdict", "item"]].assign(task=tasks["task"])[["task", "verdict", "item"]]
    county = County(
        name=NAME,
        example=True,
        units=frame("units", _units(below, departments)),
        items=frame("items", items[[f.name for f in fields("items")]]),
        tasks=frame("tasks", tasks),
        staff=frame("staff", _staff()),
        communities=frame("communities", pd.concat([urban["communities"], others], ignore_index=True)),
        rooms=frame("rooms", urban["rooms"]),
        plots=frame("plots", urban["plots"]),
        sites=frame("sites", urban["sites"]),
        streets=Streets(frame("nodes", urban["nodes"]), frame("edges", urban["edges"])),
        activities=frame("activities", urban["activities"]),
        counts=pd.DataFrame(columns=["file", "sheet", "table", "read", "kept", "rejected", "note"]),
    )
    return county, truth


def county() -> County:
    """The example county, the same at every call: 12 townships, three lists each, 3,000 tasks, a town of 15 rooms.

    Invented throughout (``example`` is True; show it as 示例数据). Means of the two articles hold
    exactly: 115 basic items in 15 categories, 76 assisting in 10, 57 reclaimed in 8 per township; 15 rooms
    of 1,810.41 m2; 35 % of the people on 4.3 % of the land. Lists in force from 2025-07-01, known the day before;
    tasks from 2024-07 to 2026-06. The frames are the caller's own copies.

    What it does not show: any real place. Nothing here is evidence about Xinchang.

    >>> made = county()
    >>> made.name, len(made.tasks), round(float(made.rooms.area_m2.sum()), 2)
    ('青禾县', 3000, 1810.41)
    """
    made, _ = _made()
    frames = {
        f: getattr(made, f).copy()
        for f in ("units", "items", "tasks", "staff", "communities", "rooms", "plots", "sites", "activities", "counts")
    }
    return replace(made, streets=Streets(made.streets.nodes.copy(), made.streets.edges.copy()), **frames)


def write(out: str | Path) -> list[Path]:
    """The files written into the folder ``out``: the example county in the forms that offices use.

    One workbook for ledger and staff, one workbook of lists per township, a CSV for everything else; Chinese
    headers, 示例数据 in every name and title. ``tables.read(out)`` gives ``county()`` back; same bytes every time.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     len(write(folder))
    21
    """
    made, root, mark = county(), Path(out), f"({MARK})"
    tables = frames(made)
    office = {t: tables.pop(t) for t in ("tasks", "staff")}
    titles = {t: f"{NAME}{label(t)}{mark}" for t in office}
    make = {f"{NAME}任务台账和人员{mark}.xlsx": functools.partial(workbook, office, headings=titles)}
    for township, listed in tables.pop("items").groupby("township", sort=False):
        name = f"{township}履行职责事项清单{mark}"
        make[f"履职事项清单/{name}.xlsx"] = functools.partial(workbook, {"items": listed}, headings={"items": name})
    for table, rows in tables.items():
        csv = cell_texts(table, rows).to_csv
        make[f"{label(table)}{mark}.csv"] = functools.partial(
            csv, index=False, encoding="utf-8-sig", lineterminator="\r\n"
        )
    return [replaced(root / name, how) for name, how in make.items()]


def truth() -> pd.DataFrame:
    """What was planted in the example's ledger: task, verdict, item (the item or off-list matter it is about).

    For tests only: no analysis reads it. Verdicts are by the lists of 2025-07-01, also for earlier tasks.

    >>> sorted(truth().verdict.unique())
    ['assist', 'inverted', 'off_list', 'own', 'reclaimed', 'unsupported']
    """
    return _made()[1].copy()
