"""What to build on which idle plot, so that most people who lack a service gain it."""

from __future__ import annotations

import pandas as pd

from .. import rules
from ..errors import require
from .choosing import best
from .limits import Limits, buildings, checked, ready
from .rooms import PLAN, case_of, plan

BUILT = tuple("plot" if c == "room" else c for c in PLAN)


def build(
    plots: pd.DataFrame,
    communities: pd.DataFrame,
    near: pd.DataFrame,
    *,
    budget: int | None = None,
    limits: Limits | None = None,
) -> pd.DataFrame:
    """The buildings on idle land that bring most people a service within fifteen minutes: one row each, best first.

    plots : plot, name, area_m2 (idle, reserved or newly converted land, the plots of 邻里里), and where known floor_m2
    (square metres of public rooms that may be built; the ground area where missing). communities : as for
    ``convert``. near : ``circle.reach`` of all places, the plots among them with the service ``idle``: sites and rooms
    count as they are. budget : at most so many buildings (``siting.budget`` when None). limits : as for ``convert``;
    ``retrofit`` means nothing here.

    Every service of ``circle.groups`` whose least area (``siting.needs``) fits on the plot is possible. A plot takes
    one building of one service, of all the area it allows up to ``most_m2`` of ``siting.build``; a plot large enough
    for several is entered as several rows. Hardware is built in; cost is ``per_m2`` of the same rule.

    Returns the columns of ``convert`` with plot in the place of room: from_service is ``idle``, lost 0, retrofit NaN.
    Raises as ``convert`` does.

    What it does not show: real prices, land use, owners, what the plot is kept for, whether a service is run.
    Source: as for ``convert``.

    >>> near = pd.DataFrame({"origin": "P1", "service": "idle", "node": ["a", "b"], "metres": [0.0, 700.0]})
    >>> plots = pd.DataFrame({"plot": ["P1"], "name": "甲村留用地", "area_m2": 100.0})
    >>> people = pd.DataFrame({"township": "甲镇", "community": "乙村", "compound": "", "node": ["a", "b"],
    ...                        **{age: 10 for age in rules.value("circle.speed")}})
    >>> build(plots, people, near)[["plot", "service", "net", "bound", "cost"]].values.tolist()
    [['P1', 'health', 110, 110, 45.0]]
    """
    require(plots, ["plot", "name", "area_m2"], "闲置地块表")
    limits = limits or Limits()
    land = plots[["plot", "name", "area_m2"]].rename(columns={"plot": "room"}).assign(service="idle")
    if "floor_m2" in plots:
        land["area_m2"] = plots["floor_m2"].astype("Float64").fillna(land["area_m2"].astype("Float64"))
    land = ready(land, near, "地块")
    most, stays = checked(land, limits, budget)
    options = buildings(land, list(rules.value("circle.groups")), stays)
    where, case = case_of(land, communities, near, options, (most, limits))
    return plan(where, case, best(where, case)).rename(columns={"room": "plot"})[list(BUILT)]
