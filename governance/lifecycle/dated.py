"""The lists as the log has made them: dated versions, and what was in force on a day."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..errors import LifecycleError, TableError, require
from ..norm import NEVER, days
from ..tables.fields import fields, typed
from .log import CLEAR, Row, cases, framed, given_values, pairs, published
from .states import said

Version = dict[str, Any]
_TYPED = {"date": "datetime64[us]"}
KNOWN = "known_from"


def replay(items: pd.DataFrame, log: pd.DataFrame) -> pd.DataFrame:
    """``items`` with every published change of ``log``: the dated versions that result, an ``items`` table again.

    A change ends the version in force before its ``since`` (``until``) and begins a new one: ``since`` the day it takes
    effect, ``known_from`` the day of publication, ``source`` naming the application. Published after it took effect, it keeps
    both days, and ``norm.versions`` counts it from the later one. A version keeps its words for ever; only a version that a
    further change replaced before it ever came into force gives way. Applications not published change nothing.
    The original rows come first in their order, then the new versions by publication, effect, application; columns the
    schema does not name are kept.

    Raises TableError for ``items`` without item, township, list_kind, since, or with rows that have no date in ``since``
    (how many of which townships); LifecycleError listing every change that the lists cannot take (an item to be edited
    that is not in force, one to be added that is).

    What it does not show: whether the log is whole; it trusts what ``append`` let in.

    >>> import governance as gov
    >>> items = gov.examples.county().items
    >>> from governance.lifecycle import empty
    >>> bool(replay(items, empty()).equals(items))
    True
    """
    require(items, ["item", "township", "list_kind", "since"], "履职事项清单")
    _dated(items)
    changes = published(cases(log))
    touched = {pair for change in changes for pair in pairs(change)}
    chains = _chains(items, touched)
    originals = [version["row"] for chain in chains.values() for version in chain]
    faults = []
    for change in changes:
        for pair in pairs(change):
            chain = chains.setdefault(pair, [])
            if fault := _refused(chain, change):
                faults.append(
                    f"申请“{change['application']}”({said('change', change['change'])}):{pair[0]}的事项{pair[1]}{fault}"
                )
            else:
                _changed(chain, change, pair)
    if faults:
        raise LifecycleError(f"有 {len(faults)} 处已公布的变更与清单对不上:\n" + "\n".join(faults))
    return _framed(items, [v for chain in chains.values() for v in chain], originals)


def _dated(items: pd.DataFrame) -> None:
    """Raise TableError where a row has no day from which it holds: it would be in force on no day at all."""
    undated = items["township"][days(items["since"]) == NEVER].astype("str").fillna("(未写乡镇)")
    if len(undated):
        towns = "、".join(f"{town} {n} 行" for town, n in undated.value_counts(sort=False).items())
        raise TableError(
            f"履职事项清单有 {len(undated)} 行没有施行日期,不知道自何日起有效:{towns};"
            '请补填施行日期(since 列),从文件读入的用 documents.read(..., since="2025-07-01") 写明'
        )


def at(
    items: pd.DataFrame, log: pd.DataFrame, day: str | pd.Timestamp, *, known: str | pd.Timestamp | None = None
) -> pd.DataFrame:
    """The list in force on ``day``: an ``items`` table, one row per item and township.

    known : the day whose knowledge counts: changes published later are left out, and what they ended is still in force.
        ``known=day`` is what everybody could know that day; None is all that is in the log by now.

    Raises what ``replay`` raises.

    >>> import governance as gov
    >>> from governance.lifecycle import empty
    >>> items = gov.examples.county().items
    >>> len(at(items, empty(), "2025-06-30")), len(at(items, empty(), "2025-07-01")) == len(items)
    (0, True)
    """
    when, told = pd.Timestamp(day), framed(log)
    if known is not None:
        told = told[told["day"] <= pd.Timestamp(known)]
    held = replay(items, told)
    if known is not None:
        held = _as_known(held, pd.Timestamp(known))
    live = (held["since"] <= when) & (held["until"].isna() | (held["until"] > when))
    return held[live].reset_index(drop=True)


def _as_known(held: pd.DataFrame, known: pd.Timestamp) -> pd.DataFrame:
    """Without the versions published after ``known``; the one before such a version goes on in its place.

    A version that ends no later than it begins never held, so nothing goes on through it.
    """
    late = (held[KNOWN] > known).to_numpy()
    if not late.any():
        return held
    ends = {
        (item, township, since): until
        for item, township, since, until in held.loc[late, ["item", "township", "since", "until"]].itertuples(
            index=False
        )
        if pd.isna(until) or until > since
    }
    out = held[~late].copy()
    for row, item, township, until in out.loc[out["until"].notna(), ["item", "township", "until"]].itertuples():
        while (item, township, until) in ends:
            until = ends[item, township, until]
        out.loc[row, "until"] = until
    return out


def _chains(items: pd.DataFrame, touched: set[tuple[str, str]]) -> dict[tuple[str, str], list[Version]]:
    """The versions of every pair that a change concerns, oldest first, each with the ``row`` it came from."""
    spots = items["item"].isin({item for _, item in touched}) & items["township"].isin({t for t, _ in touched})
    near = items.reset_index(drop=True)[spots.to_numpy(bool)]
    near = near.assign(until=near.get("until", pd.Series(pd.NaT, near.index)))
    near = near.sort_values("since", kind="stable")
    plain = near.astype(object).where(near.notna(), None)
    chains: dict[tuple[str, str], list[Version]] = {}
    told: list[Version] = plain.to_dict("records")  # type: ignore[assignment]
    for row, version in zip(plain.index, told, strict=True):
        if (pair := (version["township"], version["item"])) in touched:
            chains.setdefault(pair, []).append(version | {"row": row})
    return chains


def _refused(chain: list[Version], change: Row) -> str:
    """Why the versions of one item cannot take the change, or nothing."""
    since, last = change["since"], chain[-1] if chain else None
    if last and (since < last["since"] or (since == last["since"] and not _in_time(last, change))):
        return f"已有自{last['since']:%Y-%m-%d}起施行的版本,不能自{since:%Y-%m-%d}起再改;请改为其后的日期"
    held = last is not None and (last["until"] is None or last["until"] > since)
    if change["change"] == "add":
        return f"在{since:%Y-%m-%d}已在清单内,不能新增" if held else ""
    if not held or last is None:
        return f"在{since:%Y-%m-%d}不在清单内"
    if change["change"] == "move" and change["list_kind"] == last["list_kind"]:
        return f"本就在{said('list_kind', last['list_kind'])}清单,不需移动"
    return ""


def _in_time(last: Version, change: Row) -> bool:
    """Whether a change from the very day its version began comes before anybody went by that version."""
    gone = last["until"] is not None and last["until"] <= change["since"]
    return gone or change["published"] <= change["since"] or change["published"] == last.get(KNOWN)


def _changed(chain: list[Version], change: Row, pair: tuple[str, str]) -> None:
    """Take the change into the versions of one item."""
    since, kind = change["since"], change["change"]
    values = {c: None if v == CLEAR else v for c, v in given_values(change).items()}
    new = {"since": since, KNOWN: change["published"], "source": f"变更日志›申请{change['application']}"}
    if kind == "add":
        chain.append({"township": pair[0], "item": pair[1], **values, **new, "until": None, "row": None})
        return
    last = chain[-1]
    if last["since"] == since:
        chain.pop()
    else:
        chain[-1] = last | {"until": since}
    if kind != "remove":
        chain.append(last | values | new | {"row": None})


def _framed(items: pd.DataFrame, held: list[Version], originals: list[int]) -> pd.DataFrame:
    """``items`` with the rows ``originals`` as the versions held now have them, and the new versions after them."""
    kinds = {f.name: f.type for f in fields("items")}
    others = [c for c in items.columns if c not in kinds]
    out = items.reset_index(drop=True).reindex(columns=[*kinds, *others])
    out = out.assign(**{c: typed(out[c], k) for c, k in kinds.items() if str(out[c].dtype) != _TYPED.get(k, "str")})
    ends = {v["row"]: v["until"] for v in held if v["row"] is not None}
    until = out["until"].copy()
    until.loc[list(ends)] = pd.to_datetime(pd.Series(list(ends.values()), dtype=object)).to_numpy("datetime64[us]")
    out = out.assign(until=until).drop(index=[row for row in originals if row not in ends]).reset_index(drop=True)
    fresh = sorted((v for v in held if v["row"] is None), key=_place)
    if not fresh:
        return out
    new = pd.DataFrame(fresh, columns=out.columns, dtype=object)
    new = new.assign(**{c: typed(new[c], kind) for c, kind in kinds.items()})
    return pd.concat([out, new.astype({c: out[c].dtype for c in others})], ignore_index=True)


def _place(version: Version) -> tuple[Any, ...]:
    return tuple(version[c] for c in (KNOWN, "since", "source", "township", "item"))
