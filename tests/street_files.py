"""The made-up old town of ``data/streets``: an OpenStreetMap file and tables with longitudes, as an office has them.

A piece of the made-up 望禾街道, laid into an uninhabited desert so that no real street is meant. Streets as OpenStreetMap
XML in WGS-84; sites, rooms and people in GCJ-02 (what Gaode and Tencent hand out), a few metres off the street.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
import pandas as pd

from governance.examples.streets import CENTRE
from governance.examples.town import NAME, urban
from governance.streets.shift import from_wgs84

MARK = "(示例数据)"
HALF = 1100.0  # metres from the middle to the rim
ORIGIN = (500_000.0, 4_320_000.0)  # EPSG:32644
HIGHWAY = {"road": "residential", "path": "footway", "bridge": "residential", "steps": "steps", "ferry": "ferry"}
ROADS = ["枕溪", "听枫", "禾畔", "揽翠", "栖梧", "沐晴", "漱石", "临漪", "鹭汀", "知秋", "拾光", "云锦"]
COLUMNS = {
    "site": "设施编号", "room": "用房编号", "name": "名称", "service": "服务类别", "township": "街道", "community": "社区",
    "compound": "小区", "lon": "经度", "lat": "纬度", "capacity": "服务能力(人)", "area_m2": "面积(平方米)",
    "own_compound_only": "仅服务本小区", "exhaust": "排烟管道", "circuits": "电路荷载达标", "plumbing": "给排水良好",
    "step_free": "无障碍", "insulation": "保温隔热良好", "households": "户数", "age_0_2": "0-2岁人数", "age_3_6": "3-6岁人数",
    "age_7_14": "7-14岁人数", "age_15_59": "15-59岁人数", "age_60_79": "60-79岁人数", "age_80_up": "80岁及以上人数",
}  # fmt: skip
SERVICES = {"elder_care": "养老", "meals": "助餐", "childcare": "托育", "child_custody": "儿童托管", "culture": "文化",
            "health": "医疗", "idle": "闲置"}  # fmt: skip


def degrees(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude (WGS-84) of points of the made-up town."""
    from pyproj import Transformer

    turn = Transformer.from_crs("EPSG:32644", "EPSG:4326", always_xy=True)
    return turn.transform(x - CENTRE[0] + ORIGIN[0], y - CENTRE[1] + ORIGIN[1])


def piece() -> dict[str, pd.DataFrame]:
    """The frames of the town within HALF metres of its middle."""
    made = urban()
    nodes = made["nodes"]
    inside = (nodes["x"] - CENTRE[0]).abs().lt(HALF) & (nodes["y"] - CENTRE[1]).abs().lt(HALF)
    nodes = nodes[inside].reset_index(drop=True)
    edges = made["edges"]
    edges = edges[edges["source"].isin(nodes["node"]) & edges["target"].isin(nodes["node"])]
    joined = pd.concat([edges["source"], edges["target"]])
    nodes = nodes[nodes["node"].isin(joined)].reset_index(drop=True)
    rest = {t: made[t][made[t]["node"].isin(joined)] for t in ("sites", "rooms", "communities")}
    return {"nodes": nodes, "edges": edges.reset_index(drop=True), **rest}


def osm(town: dict[str, pd.DataFrame]) -> str:
    """The streets as OpenStreetMap XML, a way for each edge, main streets named."""
    nodes, edges = town["nodes"], town["edges"]
    lon, lat = degrees(nodes["x"].to_numpy(float), nodes["y"].to_numpy(float))
    number = dict(zip(nodes["node"], range(1, len(nodes) + 1), strict=True))
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6" generator="示例数据">']
    lines += [
        f'<node id="{i}" lat="{b:.7f}" lon="{a:.7f}"/>' for i, a, b in zip(number.values(), lon, lat, strict=True)
    ]
    for k, (a, b, kind) in enumerate(zip(edges["source"], edges["target"], edges["kind"], strict=True), 1):
        tags = {"highway": HIGHWAY[kind], "name": f"{ROADS[k * 7 // 500 % len(ROADS)]}路"}
        tags |= {"bridge": "yes"} if kind == "bridge" else {}
        inner = "".join(f"<tag k={quoteattr(t)} v={quoteattr(v)}/>" for t, v in tags.items())
        lines.append(f'<way id="{k}"><nd ref="{number[a]}"/><nd ref="{number[b]}"/>{inner}</way>')
    return "\n".join([*lines, "</osm>", ""])


def table(town: dict[str, pd.DataFrame], name: str) -> pd.DataFrame:
    """One table with longitude and latitude in GCJ-02 instead of street nodes, under the office's headers."""
    frame = town[name].reset_index(drop=True)
    at = town["nodes"].set_index("node").loc[frame["node"], ["x", "y"]].to_numpy(float)
    beside = at + np.array([[6, 4], [-5, 7], [8, -3]])[np.arange(len(at)) % 3]
    lon, lat = from_wgs84(*degrees(*beside.T), "gcj02")
    frame = frame.assign(lon=np.round(lon, 6), lat=np.round(lat, 6))
    frame = frame[[c for c in COLUMNS if c in frame]].replace({"service": SERVICES})
    use = {"service": "现用途"} if name == "rooms" else {}
    return frame.replace({True: "是", False: "否"}).rename(columns={**COLUMNS, **use})


def write(out: Path) -> list[Path]:
    """The files written into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    town = piece()
    names = {"sites": "服务设施表", "rooms": "社区用房表", "communities": "村社人口表"}
    made = {f"{NAME}老街{MARK}.osm": osm(town).encode("utf-8")}
    for name, label in names.items():
        text = table(town, name).to_csv(index=False, lineterminator="\r\n")
        made[f"青禾县{label}{MARK}.csv"] = ("\ufeff" + text).encode("utf-8")
    for name, data in made.items():
        (out / name).write_bytes(data)
    return [out / name for name in made]


if __name__ == "__main__":
    print(*write(Path(__file__).resolve().parents[1] / "data" / "streets"), sep="\n")
