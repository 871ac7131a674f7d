"""The layers of the web map as plain columns: whole metres, Chinese words, which rows belong to which service."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import rules, tables
from ..errors import require
from . import ground
from .canvas import INK, SERVICES, plain, shades
from .people import order

if TYPE_CHECKING:
    from ..tables import County

ALL, PLAIN = "all", "#a9b0b8"
NAMED = 10  # gaps of a service with a name on the map
MARKS = {"o": "circle", "s": "square", "^": "triangle", "v": "inverted_triangle", "D": "diamond", "P": "plus",
         "X": "x", "h": "hex"}  # fmt: skip


def layers(county: County, near: pd.DataFrame, gaps: pd.DataFrame | None, plan: pd.DataFrame | None) -> dict[str, Any]:
    """Columns of every layer, which rows belong to which service, and the words beside the map.

    Raises TableError as ``web_map`` says.
    """
    require(near, ["service", "node", "metres"], "可达范围")
    longest = max(rules.value("circle.minutes"))
    met = set(near["service"].dropna()) - {"idle"}
    services = order(pd.Series([*rules.value("circle.groups"), *sorted(met)], dtype=object))
    words = {s: ground.known(s) for s in services}
    at = ground.positions(county.streets)
    origin = at.min().round() if len(at) else pd.Series({"x": 0.0, "y": 0.0})
    streets, codes, lost = _streets(county, near, services, origin)
    sites, rooms = _places(county.sites, at - origin, "site"), _places(county.rooms, at - origin, "room")
    holes, out = _gaps(county, gaps, at - origin, services)
    frames = {"sites": sites, "rooms": rooms, "gaps": holes}
    unseen = {
        "路段": lost,
        "设施": len(county.sites) - len(sites),
        "用房": len(county.rooms) - len(rooms),
        "缺口": out,
    }
    moves = _plan(county, plan, at - origin)
    if plan is not None:
        unseen["改造"] = len(plan) - len(moves)
    left = "、".join(f"{name}{n}处" for name, n in unseen.items() if n)
    return {
        "streets": streets,
        "rings": {**codes, ALL: str(len(rules.value("circle.minutes")) + 1) * len(streets["xs"])},
        **frames,
        "plan": moves,
        "shown": {name: _indices(frame, services) for name, frame in frames.items()},
        "options": [*words.items(), (ALL, "全部服务")],
        "words": {
            **{s: _told(county, near, s, longest) for s in services},
            ALL: _all(services, pd.concat([sites["service"], rooms["service"]]), len(holes)),
        },
        "palette": [*shades(len(rules.value("circle.minutes"))), PLAIN],
        "left": f"没有路网节点或坐标、未画出：{left}" if left else "",
    }


def _indices(frame: pd.DataFrame, services: list[str]) -> dict[str, list[int]]:
    """Rows of each service; of all together, the rows that are for all, or where there are none, every row."""
    kind = frame["service"].to_numpy(object)
    all_ = np.flatnonzero(kind == ALL) if (kind == ALL).any() else np.arange(len(frame))
    idle = kind == "idle"
    return {**{s: np.flatnonzero((kind == s) | idle).tolist() for s in services}, ALL: all_.tolist()}


def _streets(county: County, near: pd.DataFrame, services: list[str], origin: pd.Series) -> tuple[dict, dict, int]:
    """xs, ys in whole metres from ``origin``; per service the ring of every line as one text; how many streets could not be drawn."""
    import shapely

    longest = max(rules.value("circle.minutes"))
    edges = county.streets.edges
    kept, found = ground.lines(ground.positions(county.streets), edges)
    code = np.zeros((len(found), len(services)), np.int64)
    for k, service in enumerate(services):
        pace = ground.pace(service, longest)
        code[:, k] = ground.rings(edges, ground.steps(near, service, longest), pace)[kept]
    line = np.array([shapely.LineString(np.round(points - origin.to_numpy())) for points in found], dtype=object)
    whole = shapely.length(line) > 0 if len(line) else np.zeros(0, bool)
    alike, group = np.unique(code[whole], axis=0, return_inverse=True)
    xs, ys, rings = [], [], []
    for k, ring in enumerate(alike):
        joined = shapely.line_merge(shapely.MultiLineString(list(line[whole][group.ravel() == k])))
        for part in shapely.get_parts(shapely.simplify(joined, 1.0)):
            points = np.rint(shapely.get_coordinates(part)).astype(int)
            xs.append(points[:, 0].tolist())
            ys.append(points[:, 1].tolist())
            rings.append(ring)
    texts = {s: "".join(str(ring[k]) for ring in rings) for k, s in enumerate(services)}
    return {"xs": xs, "ys": ys}, texts, int((~kept).sum())


def _places(frame: pd.DataFrame, at: pd.DataFrame, key: str) -> pd.DataFrame:
    """x, y, service and what to say of every site or room that lies somewhere."""
    require(frame, [key, "name", "service", "node"], "服务设施表" if key == "site" else "社区用房表")
    found = frame.join(at, on="node").dropna(subset=["x", "y"])
    column = "capacity" if key == "site" else "area_m2"
    unit = "人" if key == "site" else "平方米"
    size = found[column] if column in found else pd.Series(np.nan, found.index)
    kind = found["service"].astype(object)
    return pd.DataFrame(
        {
            "x": found["x"].round().astype(int),
            "y": found["y"].round().astype(int),
            "service": kind,
            "name": [plain(n) for n in found["name"]],
            "word": [tables.label(f"{key}s", "service", s) for s in kind],
            "size": [f"{n:,.10g}{unit}" if pd.notna(n) else "未填" for n in size],
            "colour": ["#ffffff" if s == "idle" else SERVICES.get(s, (INK, "o"))[0] for s in kind],
            "mark": ["square" if s == "idle" else MARKS[SERVICES.get(s, (INK, "o"))[1]] for s in kind],
        }
    ).reset_index(drop=True)


def _gaps(county: County, gaps: pd.DataFrame | None, at: pd.DataFrame, services: list[str]) -> tuple[pd.DataFrame, int]:
    """A row for each home and service it lacks, one for each home with all it lacks; how many homes lie nowhere."""
    columns = ["x", "y", "service", "name", "people", "missing", "nearest", "size", "tag"]
    if gaps is None or gaps.empty:
        return pd.DataFrame(columns=columns), 0
    keys = ground.COMPOUND
    require(gaps, [*keys, "service", "people", "metres"], "缺口表")
    homes = county.communities[[*keys, "node"]].assign(compound=county.communities["compound"].fillna(""))
    found = gaps.assign(compound=gaps["compound"].fillna("")).merge(homes, on=keys, how="left").join(at, on="node")
    lost = int(found.loc[found["x"].isna(), keys].drop_duplicates().shape[0])
    found = found.dropna(subset=["x", "y"]).reset_index(drop=True)
    found["name"] = [
        plain(n) for n in found["township"].astype(str) + found["community"].astype(str) + found["compound"]
    ]
    found["short"] = [plain(n) for n in ground.called(found)]
    word = found["service"].map(lambda s: tables.label("sites", "service", s))
    found["nearest"] = [f"{w}：{m:,.0f}米" if pd.notna(m) else f"{w}：搜索范围内没有"
                        for w, m in zip(word, found["metres"], strict=True)]  # fmt: skip
    found["missing"] = [f"{w}{n:,}人" for w, n in zip(word, found["people"], strict=True)]
    whole = found.groupby([*keys], sort=False, as_index=False).agg(
        x=("x", "first"), y=("y", "first"), name=("name", "first"), short=("short", "first"), people=("people", "sum"),
        missing=("missing", "、".join), nearest=("nearest", "；".join),
    )  # fmt: skip
    both = pd.concat([found, whole.assign(service=ALL)], ignore_index=True)
    both["people"] = both["people"].astype(int)
    both = both.sort_values("people", ascending=False, kind="stable", ignore_index=True)
    most = both.groupby("service")["people"].transform("max")
    both["size"] = ((both["people"] / most) ** 0.5 * 34).clip(lower=4).round(1)
    both["tag"] = _tags(both)
    return both.astype({"x": float, "y": float}).round({"x": 0, "y": 0}).astype({"x": int, "y": int})[columns], lost


def _tags(rows: pd.DataFrame) -> list[str]:
    """Names of each service's largest gaps, left out where one would lie on a larger one when the map opens."""
    tags = [""] * len(rows)
    step = max(float(np.ptp(rows["x"])), float(np.ptp(rows["y"])), 1.0) / 700  # metres a pixel
    for _, mine in rows.groupby("service", sort=False):
        boxes: list[tuple[float, float, float]] = []
        for k, x, y, name, people in mine[["x", "y", "short", "people"]].itertuples():
            wide = (len(name) * 13 + 50) * step
            free = all(abs(y - b) > 16 * step or x + wide < a or a + w < x for a, b, w in boxes)
            if free and len(boxes) < NAMED:
                boxes.append((x, y, wide))
                tags[k] = f"{name} {people:,}"
    return tags


def _plan(county: County, plan: pd.DataFrame | None, at: pd.DataFrame) -> pd.DataFrame:
    """x, y, number and what to say of every conversion whose room lies somewhere."""
    if plan is None:
        return pd.DataFrame(columns=["x", "y", "number", "name", "change", "net"])
    rooms = ground.converted(county, plan).join(at, on="node")
    words = [[tables.label("rooms", "service", s) for s in rooms[c]] for c in ("from_service", "service")]
    rooms["change"] = [f"{a}→{b}" for a, b in zip(*words, strict=True)]
    rooms["net"] = [f"{n:+,}人次" for n in rooms["net"]]
    rooms["name"] = [plain(n) for n in rooms["name"]]
    rooms = rooms.dropna(subset=["x", "y"]).round({"x": 0, "y": 0}).astype({"x": int, "y": int})
    return rooms[["x", "y", "number", "name", "change", "net"]].reset_index(drop=True)


def _told(county: County, near: pd.DataFrame, service: str, minutes: float) -> str:
    """The finding of one service and its legend, as HTML."""
    homes, pace = ground.left_out(county, near, service, minutes), ground.pace(service, minutes)
    total, lost = int(homes["people"].sum()), int(homes["missing"].sum())
    told = f"{minutes:g}分钟内走得到的占{1 - lost / total:.1%}，{lost:,}人走不到" if total else ""
    rings = [*(f"{m:g}分钟内" for m in pace.rings), f"超过{minutes:g}分钟"]
    legend = list(zip(shades(len(pace.rings)), rings, strict=True))
    return _legend(ground.known(service), told, legend, f"道路按{pace.group}步速{pace.speed:g}米/分钟、较远一端着色")


def _legend(head: str, told: str, rings: list[tuple[str, str]], foot: str = "") -> str:
    """HTML of a heading, a sentence, coloured lines and a remark."""
    lines = "".join(
        f'<div><span style="display:inline-block;width:26px;height:5px;background:{c};margin-right:8px;'
        f'vertical-align:middle"></span>{escape(w)}</div>'
        for c, w in rings
    )
    return (
        f'<div style="font-size:16px;font-weight:bold">{escape(head)}</div><div style="margin:4px 0">{escape(told)}</div>'
        f'{lines}<div style="color:#6b737c;font-size:12px;margin-top:4px">{escape(foot)}</div>'
    )


def _all(services: list[str], kinds: pd.Series, holes: int) -> str:
    """The legend of all services together, as HTML: the colour and the number of places of each."""
    lines = [(SERVICES.get(s, (INK, "o"))[0], f"{ground.known(s)}（{int((kinds == s).sum())}处）") for s in services]
    return _legend(
        "全部服务", "缺口按人次计（人×服务）" if holes else "", lines, "颜色为设施和用房的服务；道路不分时间"
    )
