"""The made-up dense sub-district 望禾街道: people, rooms, sites and activities on its streets, always the same."""

from __future__ import annotations

import numpy as np
import pandas as pd

from . import streets
from .streets import CENTRE, SIZE, Network

NAME = "望禾街道"
_WORDS = {
    "communities": "枕溪 听枫 禾畔 揽翠 栖梧 沐晴 漱石 临漪 鹭汀 知秋 拾光",
    "villages": "禾丰 稻浪 青垄 柳湾 竹岫 茶坪 樟岙 枫坑 梅垞 藕池 砚坪 松漈 桑墩 蓼溪 岩坂 麦垄 菱塘 杉坪",
    "estates": "云锦 听澜 翠微 晴岚 梧桐 银杏 芳草 朝晖 书香 金穗 碧水 春晓",
    "topics": "禾畔茶话议事会 邻里百家宴 银龄智能手机课堂 亲子绘本共读 越剧票友会 太极拳晨练 书法公益班 义诊进小区 垃圾分类闯关 "
    "反诈宣传夜市 暑期小候鸟课堂 手工编织班 邻里运动会 元宵灯谜会 端午包粽子 重阳敬老活动 青年创业沙龙 助残就业指导 消防疏散演练 "
    "旧物交换集市",
    "organisers": "禾声合唱团 夕照书画社 乐龄太极社 望禾戏迷社 亲子阅读俱乐部 绿手指园艺社 棋友俱乐部 骑行俱乐部 编织社 摄影社 "
    "乒乓球俱乐部 邻里厨艺社 禾邻里社区服务社 同舟社会工作服务中心 晨光助残服务中心 小树苗儿童发展中心 银发守望协会 "
    "青苗法律援助站 稻香志愿服务队 暖阳心理关爱站 清溪环保促进会 拾光读书会",
}
PEOPLE, TOWN_PEOPLE, ROOM_AREA, ATTENDANCE = 146_700, 99_860, 1810.41, 10_264
PLOT_AREA = 13_340  # square metres
COMMUNITIES = tuple(a + "社区" for a in _WORDS["communities"].split())
VILLAGES = tuple(a + "村" for a in _WORDS["villages"].split())
ESTATES = [a + b for a in _WORDS["estates"].split() for b in ("苑", "里", "新村", "家园", "公寓", "花园")]
HAMLETS = [a + b for a in "上下前后里外大小东西高石" for b in "塘坞湾坑溪坪田墩岙桥"]
AGES = ("age_0_2", "age_3_6", "age_7_14", "age_15_59", "age_60_79", "age_80_up")
TOWN_AGES, VILLAGE_AGES = (24, 43, 93, 620, 183, 37), (13, 28, 69, 551, 274, 65)  # per thousand
HARDWARE = {"exhaust": 20, "circuits": 55, "plumbing": 60, "step_free": 50, "insulation": 55}  # per cent of rooms
OPERATOR = "禾邻里社区服务社"


def _apportion(total: int, weights: np.ndarray) -> np.ndarray:
    """Whole numbers in proportion to whole-number ``weights`` that add up to ``total`` (largest remainder)."""
    share = total * weights
    out, rest = share // weights.sum(), share % weights.sum()
    out[np.argsort(-rest, kind="stable")[: total - out.sum()]] += 1
    return out


def _spread(points: np.ndarray, first: int, count: int) -> list[int]:
    """``first`` and further points, each the farthest from those before."""
    chosen, d = [first], ((points - points[first]) ** 2).sum(-1)
    while len(chosen) < count:
        chosen.append(int(d.argmax()))
        d = np.minimum(d, ((points - points[chosen[-1]]) ** 2).sum(-1))
    return chosen


def _seats(rng: np.random.Generator, whole: Network, villages: list[list[int]]) -> list[tuple[str, str, int]]:
    """(community, compound, point) of every compound: 11 communities in the town, then 18 villages."""
    joined = streets.hanging(len(whole.points), whole.pairs) == streets.hanging(len(whole.points), whole.pairs).max()
    q = np.rint(whole.points * 10).astype(np.int64)
    mid = np.rint(CENTRE * 10).astype(np.int64)
    town = np.flatnonzero((whole.label == 0) & joined)
    core = town[(((whole.points[town] - CENTRE) / SIZE) ** 2).sum(-1) < 0.5]
    hearts = core[_spread(q[core], int(((q[core] - mid) ** 2).sum(-1).argmin()), len(COMMUNITIES))]
    cell = ((q[town][:, None] - q[hearts][None]) ** 2).sum(-1).argmin(1)
    estates, hamlets = iter(rng.permutation(ESTATES).tolist()), iter(rng.permutation(HAMLETS).tolist())
    out = []
    for k, name in enumerate(COMMUNITIES):
        mine = town[cell == k]
        mine = mine[((q[mine] - q[hearts[k]]) ** 2).sum(-1) < 5600**2]
        chosen = mine[_spread(q[mine], int(np.flatnonzero(mine == hearts[k])[0]), int(rng.integers(4, 7)))]
        out += [(name, next(estates), int(p)) for p in chosen]
    for name, labels in zip(VILLAGES, villages, strict=True):
        plots = [np.flatnonzero((whole.label == label) & joined) for label in labels]
        chosen = [p[((q[p] * len(p) - q[p].sum(0)) ** 2).sum(-1).argmin()] for p in plots if len(p)]
        chosen += [plots[0][-1]] if len(chosen) == 1 else []
        out += [(name, next(hamlets), int(p)) for p in chosen]
    return out


def _communities(rng: np.random.Generator, seats: list[tuple[str, str, int]], ids: np.ndarray) -> pd.DataFrame:
    """Households and age groups of every compound, adding up to PEOPLE."""
    frame = pd.DataFrame(seats, columns=["community", "compound", "node"])
    urban = frame["community"].isin(COMMUNITIES).to_numpy()
    first = ~frame.duplicated("community").to_numpy()
    weight = rng.integers(60, 141, len(frame)) * np.where(~urban & first, 3, 1)
    people = np.empty(len(frame), np.int64)
    people[urban] = _apportion(TOWN_PEOPLE, weight[urban])
    people[~urban] = _apportion(PEOPLE - TOWN_PEOPLE, weight[~urban])
    parts = np.where(urban[:, None], TOWN_AGES, VILLAGE_AGES) * rng.integers(86, 115, (len(frame), len(AGES)))
    ages = np.array([_apportion(int(n), w) for n, w in zip(people, parts, strict=True)])
    frame.insert(0, "township", NAME)
    frame["node"] = ids[frame["node"]]
    frame["households"] = people * 100 // rng.integers(215, 256, len(frame))
    return frame.assign(**{age: ages[:, k] for k, age in enumerate(AGES)})


def _beside(at: np.ndarray, near: np.ndarray, seat: np.ndarray, step: int) -> np.ndarray:
    """The ``step``-th nearest of the points ``near`` to each seat."""
    d = ((at[near][None] - at[seat][:, None]) ** 2).sum(-1)
    return near[np.argsort(d, axis=1, kind="stable")[:, step]]


def _rooms(rng: np.random.Generator, communities: pd.DataFrame, nodes: pd.DataFrame, near: np.ndarray) -> pd.DataFrame:
    """Fifteen rooms of ROOM_AREA: next door to one another in seven communities, nearly all for elder care."""
    names = communities["community"].unique()[: len(COMMUNITIES)]
    at = nodes[["x", "y"]].to_numpy()
    rows = []
    for k, name in enumerate(names[np.sort(rng.permutation(len(names))[:8])]):
        mine = communities[communities["community"] == name]
        seat = nodes["node"].searchsorted(mine["node"].to_numpy())
        d = ((at[seat] - at[seat[0]]) ** 2).sum(-1)
        for c in np.argsort(d, kind="stable")[: 1 if k == 7 else 2]:
            point = _beside(at, near, seat[c : c + 1], 0)[0]
            rows.append((name, mine["compound"].iloc[c], nodes["node"].iloc[point]))
    frame = pd.DataFrame(rows, columns=["community", "compound", "node"])
    n = len(frame)
    frame.insert(0, "room", [f"F{i:02d}" for i in range(1, n + 1)])
    frame.insert(1, "name", frame["compound"] + "配套用房")
    frame.insert(2, "township", NAME)
    frame["area_m2"] = _apportion(round(ROOM_AREA * 100), rng.integers(45, 160, n)) / 100
    frame["service"] = [{3: "idle", 6: "idle", 8: "culture", 12: "idle"}.get(i, "elder_care") for i in range(n)]
    used = (frame["service"] != "idle").to_numpy()
    frame["operator"] = pd.Series(OPERATOR, frame.index, object).where(used & (rng.random(n) < 0.45), None)
    frame["funding"] = np.where(rng.random(n) < 0.8, "government", "mixed").astype(object)
    frame["own_compound_only"] = rng.random(n) < 0.8
    for flag, share in HARDWARE.items():
        known = rng.random(n) < 0.96
        frame[flag] = pd.Series(rng.integers(0, 100, n) < share, dtype=object).where(known, None)
    return frame


def _plots(rng: np.random.Generator, communities: pd.DataFrame, nodes: pd.DataFrame, near: np.ndarray) -> pd.DataFrame:
    """Idle reserved land of nine villages, PLOT_AREA in all, near their largest hamlets."""
    units = communities[communities["community"].isin(VILLAGES)]
    units = units.sort_values("households", ascending=False, kind="stable").drop_duplicates("community")
    mine = units[units["community"].isin(rng.permutation(np.array(VILLAGES, object))[:9])].sort_index()
    at, n = nodes[["x", "y"]].to_numpy(), len(mine)
    point = _beside(at, near, nodes["node"].searchsorted(mine["node"].to_numpy()), 4)
    frame = pd.DataFrame({"plot": [f"L{i:02d}" for i in range(1, n + 1)], "township": NAME})
    frame.insert(1, "name", mine["community"].to_numpy(object) + "预留地块")
    frame["community"], frame["node"] = mine["community"].to_numpy(object), nodes["node"].to_numpy()[point]
    frame["area_m2"] = _apportion(PLOT_AREA, rng.integers(60, 160, n)).astype(float)
    return frame.assign(floor_m2=frame["area_m2"] * 3)


def _sites(communities: pd.DataFrame, nodes: pd.DataFrame, near: np.ndarray) -> pd.DataFrame:
    """One centre, 24 care points, 10 meal points, and too few of everything else, near the first compounds."""
    units = communities.drop_duplicates("community").reset_index(drop=True)
    n, town = len(units), len(COMMUNITIES)
    plan = [("综合养老服务中心", "elder_care", "centre", [0])]
    plan.append(("居家养老照料中心", "elder_care", "care_point", [k for k in range(n) if k not in (4, 12, 17, 21, 26)]))
    plan.append(("助餐点", "meals", "meal_point", [0, 2, 3, 5, 7, 9, 11, 15, 20, 24]))
    plan.append(("卫生服务站", "health", "other", [1, 6, town + 5]))
    plan += [("文化活动站", "culture", "other", [0, 8]), ("托育园", "childcare", "other", [3])]
    plan.append(("儿童托管点", "child_custody", "other", [5]))
    rows = [(label, service, tier, k) for label, service, tier, ks in plan for k in ks]
    frame = pd.DataFrame(rows, columns=["name", "service", "tier", "unit"])
    seat = nodes["node"].searchsorted(units["node"].to_numpy())[frame["unit"]]
    step = 1 + frame.groupby("unit").cumcount().to_numpy()
    at = nodes[["x", "y"]].to_numpy()
    point = np.concatenate([_beside(at, near, seat[i : i + 1], int(s)) for i, s in enumerate(step)])
    frame["community"] = units["community"].to_numpy()[frame["unit"]]
    frame["name"] = np.where(frame["tier"] == "centre", NAME, frame["community"]) + frame["name"]
    frame["capacity"] = frame["tier"].map({"centre": 180, "care_point": 30, "meal_point": 60, "other": 45})
    frame["capacity"] += 5 * (np.arange(len(frame)) * 7 % 5)
    frame["area_m2"] = frame["capacity"] * 7.5
    return frame.assign(
        site=[f"S{i:02d}" for i in range(1, len(frame) + 1)], township=NAME, node=nodes["node"].to_numpy()[point]
    )[["site", "name", "service", "tier", "township", "community", "node", "capacity", "area_m2"]]


def _activities(rng: np.random.Generator, communities: pd.DataFrame, rooms: pd.DataFrame) -> pd.DataFrame:
    """Two years of neighbourhood activities; attendance adds up to ATTENDANCE."""
    n = 206
    topics, organisers = (np.array(_WORDS[key].split(), object) for key in ("topics", "organisers"))
    weight = np.where(communities["community"].isin(COMMUNITIES), 6, 1)
    place = communities["community"].to_numpy()[
        np.searchsorted(np.cumsum(weight), rng.integers(0, weight.sum(), n), "right")
    ]
    open_rooms = rooms[rooms["service"] != "idle"].drop_duplicates("community").set_index("community")["room"]
    used = pd.Series(place).map(open_rooms).where(rng.random(n) < 0.6)
    return pd.DataFrame(
        {
            "activity": [f"H{i:03d}" for i in range(1, n + 1)],
            "date": pd.Timestamp("2024-07-01") + pd.to_timedelta(np.sort(rng.integers(0, 730, n)), unit="D"),
            "township": NAME,
            "community": place,
            "room": used.to_numpy(object),
            "name": topics[rng.integers(0, len(topics), n)],
            "organiser": organisers[rng.integers(0, len(organisers), n)],
            "attendance": _apportion(ATTENDANCE, rng.integers(15, 110, n)),
        }
    )


def urban(seed: int = 20250701) -> dict[str, pd.DataFrame]:
    """The frames nodes, edges, communities, rooms, plots, sites and activities of the made-up sub-district 望禾街道.

    seed : another seed makes another town of the same kind.

    Columns are those of ``schemas/``, values English words, ids strings; about 8,000 nodes in projected metres,
    18 villages and 11 communities with 146,700 people, 15 rooms of 1,810.41 m2, 9 idle plots of 13,340 m2, 1 elder-care centre, 24 care
    points, 10 meal points, and fewer of everything else than the people need. Source: calibrated to the second
    article (DOMAIN.md section 6); every name and figure is invented (示例数据) and says nothing of a real place.

    >>> frames = urban()
    >>> sorted(frames), len(frames["rooms"]), round(float(frames["rooms"].area_m2.sum()), 2)
    (['activities', 'communities', 'edges', 'nodes', 'plots', 'rooms', 'sites'], 15, 1810.41)
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    whole, height, villages = streets.network(rng)
    nodes, edges = streets.as_tables(rng, whole, height)
    seats = _seats(rng, whole, villages)
    communities = _communities(rng, seats, nodes["node"].to_numpy())
    near = np.flatnonzero((whole.label >= 0) & (streets.hanging(len(whole.points), whole.pairs) > 50))
    rooms = _rooms(rng, communities, nodes, near)
    apart = np.random.Generator(np.random.PCG64(seed + 1))  # so that land changes nothing else
    return {
        "nodes": nodes,
        "edges": edges,
        "communities": communities,
        "rooms": rooms,
        "plots": _plots(apart, communities, nodes, near),
        "sites": _sites(communities, nodes, near),
        "activities": _activities(rng, communities, rooms),
    }
