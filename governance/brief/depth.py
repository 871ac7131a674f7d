"""What the briefing says of the circle in depth: who is left out, closed doors, doubles, places, standards, land."""

from __future__ import annotations

from typing import Any

import pandas as pd

from .. import rules
from ..survey import Survey
from .accounts import Page, mark, say
from .workbook import FIRST, Number, clean, word

NAMED = 3  # services and plots named in one sentence


def tell(survey: Survey, page: Page) -> dict[str, Any]:
    """圈细: sentences (文, 表) on who is left out, doors, doubles, places, standards; 地块: the one on idle land.

    >>> import governance as gov
    >>> from governance.brief import contents
    >>> found = gov.survey.run(gov.examples.county())
    >>> told = tell(found, Page(contents.sheets(found), [], "四"))
    >>> len(told["圈细"]), told["地块"]["文"][:10]
    (5, '改造之后再用闲置地块')
    """
    made = {
        "left_out": _left_out(page),
        "doors": _doors(page),
        "doubles": _doubled(page),
        "served": _served(page),
        "standards": _standards(page),
        "land": _land(page),
    }
    said = {key: {"文": text, "表": mark(page.sheets, key)} for key, text in made.items() if text}
    return {"地块": said.pop("land", None), "圈细": list(said.values())}


def _service(page: Page, key: str, name: Any) -> str:
    return str(word(page.sheets[key], "service", name))


def _left_out(page: Page) -> str:
    """Who has nothing in time, by age: the groups of services for the old and for children."""
    frame = page.sheets["left_out"].frame
    named = frame[(frame["left_out"] > 0) & frame["service"].isin(rules.value("siting.places"))]
    if named.empty:
        return ""
    parts = []
    for service, rows in named.groupby("service", sort=False):
        groups = [
            f"{_age(page, i, group)}{say(page, 'left_out', 'left_out', i)}人"
            for i, group in zip(rows.index.tolist(), rows["group"], strict=True)
        ]
        parts.append(f"没有{_service(page, 'left_out', service)}的{'、'.join(groups)}")
    return f"十五分钟内{'；'.join(parts)}"


def _age(page: Page, row: int, group: str) -> str:
    """The words for an age group, whose numbers are told to come from the sheet's own words."""
    sheet = page.sheets["left_out"]
    text = str(word(sheet, "group", group))
    page.said.append(Number(page.place, "年龄组", text, text, sheet.name, "年龄组", str(row + FIRST), "原文"))
    return text


def _doors(page: Page) -> str:
    """What doors that are open to one compound only cost."""
    islands, doors = page.sheets["islands"].frame, page.sheets["doors"].frame
    kept = doors.index[doors["kept_out"] > 0]
    if islands.empty or not len(kept):
        return ""
    parts = [
        f"{_service(page, 'doors', doors['service'].loc[i])}少覆盖{say(page, 'doors', 'kept_out', i)}人"
        for i in kept.tolist()
    ]
    rooms = say(page, "islands", "room", how="计数")
    return f"上述覆盖按各用房都开放计；{rooms}处用房只对本小区开放，按现状{'、'.join(parts)}"


def _doubled(page: Page) -> str:
    """The service with most people who have three or more of its places, and how many have none."""
    frame = page.sheets["doubles"].frame
    many = frame[(frame["sites"] == "3+") & (frame["people"] > 0)]
    if many.empty:
        return ""
    i = many.index[int(many["people"].argmax())]
    none = frame.index[(frame["service"] == frame["service"].loc[i]) & (frame["sites"] == "0")][0]
    return (
        f"{_service(page, 'doubles', frame['service'].loc[i])}设施分布不均：{say(page, 'doubles', 'people', i)}人身边有三处以上，"
        f"{say(page, 'doubles', 'people', int(none))}人一处也没有"
    )


def _served(page: Page) -> str:
    """Places against people, of the services that have places to count."""
    frame = page.sheets["served"].frame
    whole = frame[(frame["community"] == "") & frame["service"].isin(rules.value("siting.places"))]
    whole = whole[whole["served"].notna() & (whole["no_place"].fillna(0) > 0)]
    if whole.empty:
        return ""
    parts = [
        f"{_service(page, 'served', r.service)}有位可用{say(page, 'served', 'served', int(i))}人、"
        f"走得到而没有位{say(page, 'served', 'no_place', int(i))}人"
        for i, r in zip(whole.index, whole.itertuples(index=False), strict=True)
    ]
    return f"按设施登记的服务能力，{'；'.join(parts)}"


def _standards(page: Page) -> str:
    """How many communities miss the standards that were read in a public source."""
    frame = page.sheets["standards"].frame
    known = frame[~frame["needs_review"].astype(bool) & (frame["community"] != "")]
    known = known[
        known["service"].isna() & known["place"].isna() & ~known["standard"].str.contains("有条件|综合体")
    ]  # no community must have a complex
    short, nobody = (known[known["outcome"] == outcome] for outcome in ("missed", "not_applicable"))
    if short.empty:
        return ""
    parts = [
        f"{clean(name)}{say(page, 'standards', 'community', rows.index.to_numpy(), how='不重复计数')}个"
        for name, rows in short.groupby("standard", sort=False)
    ]
    told = f"对照已核实的公开标准，未达到的村（社区）：{'、'.join(parts[:NAMED])}"
    if nobody.empty:
        return told
    number = say(page, "standards", "community", nobody.index.to_numpy(), how="不重复计数")
    return f"{told}；另有{number}个没有服务对象，不适用"


def _land(page: Page) -> str:
    """What to build on idle land once the rooms are converted."""
    frame: pd.DataFrame = page.sheets["land"].frame
    if frame.empty:
        return ""
    parts = [f"{clean(r.name)}建{_service(page, 'land', r.service)}" for r in frame.head(NAMED).itertuples(index=False)]
    last = say(page, "land", "cumulative", len(frame) - 1)
    return f"改造之后再用闲置地块{'、'.join(parts)}，可再净增{last}人次；造价为估算，须以本地报价核定"
