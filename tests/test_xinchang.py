"""The facts about Xinchang hold together, and the made-up county keeps to the articles' figures."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import governance as gov

ROOT = Path(__file__).resolve().parents[1]
FACTS = ROOT / "data" / "xinchang"
SEED = ROOT.parent / "shared" / "seed.txt"
STATUSES = {"stated", "verified", "weak", "recalled"}
FILES = ("figures", "units", "census_2020", "comparison", "standards")
AGES = ["age_0_2", "age_3_6", "age_7_14", "age_15_59", "age_60_79", "age_80_up"]
WRITTEN = {
    "list_kinds": "三张清单",
    "drafting_rounds": "三上三下",
    "market_entities": "2万",
    "new_public_space_m2": "4万",
}  # figures the articles write otherwise than in digits


def facts(name: str) -> pd.DataFrame:
    return pd.read_csv(FACTS / f"{name}.csv", encoding="utf-8", dtype={"code": str, "parent_code": str})


@pytest.fixture(scope="module")
def figure() -> pd.Series:
    return facts("figures").set_index("measure")["value"]


@pytest.fixture(scope="module")
def seed() -> str:
    if not SEED.exists():
        pytest.skip("the two articles (../shared/seed.txt) are not beside this checkout")
    return SEED.read_text("utf-8")


@pytest.fixture(scope="module")
def county() -> gov.County:
    return gov.examples.county()


# --- the files themselves


@pytest.mark.parametrize("name", FILES)
def test_every_fact_has_a_source_a_known_status_and_a_chinese_label(name: str) -> None:
    frame = facts(name)
    assert len(frame) > 0
    assert set(frame["status"]) <= STATUSES
    assert frame["source"].notna().all()
    assert frame["source"].str.strip().ne("").all()
    assert frame["label"].str.contains(r"[\u4e00-\u9fff]").all()
    assert not frame.duplicated().any()


@pytest.mark.parametrize("name", FILES)
def test_the_readme_tells_the_number_of_rows(name: str) -> None:
    text = (ROOT / "data" / "README.md").read_text("utf-8")
    told = re.search(rf"`{name}\.csv` \| (\d+) \|", text)
    assert told
    assert int(told[1]) == len(facts(name))


def test_only_what_the_articles_say_is_marked_as_stated() -> None:
    assert set(facts("figures")["status"]) == {"stated"}
    assert facts("figures")["measure"].is_unique
    stated = facts("comparison").query("status == 'stated'")
    assert set(stated["place"]) == {"新昌县"}
    assert not (facts("standards")["status"] == "stated").any()


def test_recalled_standards_say_so_to_the_reader() -> None:
    recalled = facts("standards").query("status == 'recalled'")
    assert len(recalled) == 4
    assert recalled["source"].str.contains("凭记忆").all()


# --- against the articles


def test_every_quote_stands_in_the_articles_word_for_word(seed: str) -> None:
    quotes = facts("figures")["quote"]
    assert [q for q in quotes if q not in seed] == []


def test_every_quote_holds_its_value() -> None:
    for row in facts("figures").itertuples():
        written = WRITTEN.get(row.measure, f"{row.value:g}")
        assert re.search(rf"(?<![\d.]){re.escape(written)}(?![\d.])", row.quote), row.measure


def test_no_number_of_the_articles_is_missing(seed: str) -> None:
    spans = [m.span() for quote in facts("figures")["quote"] for m in re.finditer(re.escape(quote), seed)]
    missing = [
        seed[m.start() - 8 : m.end() + 8]
        for m in re.finditer(r"\d+(?:\.\d+)?", seed)
        if not any(a <= m.start() and m.end() <= b for a, b in spans)
    ]
    assert missing == []


def test_vague_numbers_are_not_passed_off_as_exact() -> None:
    for row in facts("figures").itertuples():
        written = WRITTEN.get(row.measure, f"{row.value:g}")
        if f"{written}余" in row.quote:
            assert row.precision == "more_than", row.measure
        elif f"约{written}" in row.quote:
            assert row.precision == "about", row.measure
        else:
            assert row.precision == "exact", row.measure


# --- units and sums


def test_units_are_twelve_townships_and_292_village_level_units() -> None:
    units = facts("units")
    towns, rest = units[units["kind"] == "township"], units[units["kind"] != "township"]
    assert (len(towns), len(rest)) == (12, 292)
    assert set(rest["kind"]) == {"village", "community"}
    assert set(rest["parent_code"]) == set(towns["code"])


def test_codes_and_names_are_unique_jointly_and_agree_with_the_parent() -> None:
    units = facts("units")
    assert not units.duplicated(["code", "unit"]).any()
    assert not units.duplicated(["parent", "unit"]).any()
    rest = units[units["kind"] != "township"]
    assert (rest["code"].str[:9] == rest["parent_code"]).all()
    name = units.set_index("code")["unit"]
    assert (rest["parent_code"].map(name) == rest["parent"]).all()
    assert units["code"].str.fullmatch(r"330624\d{3}(\d{3})?").all()


def test_units_are_those_of_the_shared_list() -> None:
    path = SEED.parent / "xinchang_units_2023.csv"
    if not path.exists():
        pytest.skip("the shared list of units (../shared) is not beside this checkout")
    shared = pd.read_csv(path, dtype=str)
    ours = facts("units").query("kind != 'township'")
    rows = set(zip(ours["code"], ours["unit"], ours["parent_code"], ours["parent"], strict=True))
    assert rows == set(shared[["code", "name", "township_code", "township"]].itertuples(index=False, name=None))


def test_qixing_differs_from_the_article_by_one_unit_and_says_so(figure: pd.Series) -> None:
    units = facts("units")
    kinds = units.query("parent == '七星街道'")["kind"].value_counts()
    assert (kinds["community"], kinds["village"]) == (10, 19)
    assert (figure["communities"], figure["villages"]) == (11, 18)
    note = units.set_index("unit").loc["七星街道", "note"]
    assert "不推断" in note
    assert "11个社区、18个行政村" in note


def test_the_two_code_systems_are_warned_of() -> None:
    note = facts("units").set_index("unit")["note"]
    assert "代码与名称须同时核对" in note["羽林街道"]
    assert note["羽林街道"] == note["南明街道"]


@pytest.mark.parametrize(("place", "total", "share"), [("新昌县", 248, 53.6), ("全国", 340, 65.6)])
def test_the_three_lists_add_up(place: str, total: int, share: float) -> None:
    items = facts("comparison").query("place == @place").set_index(["list_kind", "measure"])["value"]
    parts = [items[kind, "items"] for kind in ("basic", "assisting", "reclaimed")]
    assert sum(parts) == total == items["all", "items"]
    assert round(100 * sum(parts[1:]) / total, 1) == share == items["assisting+reclaimed", "share"]


def test_feicheng_parts_add_up_and_totals_are_never_called_means() -> None:
    rows = facts("comparison")
    items = rows.query("place == '肥城市'").set_index("measure")["value"]
    assert items["department_items"] + items["township_items"] == items["items"]
    kunshan = rows.query("place == '昆山市'").set_index("list_kind")["count_of"]
    assert kunshan.to_dict() == {"basic": "township_mean", "assisting": "township_mean", "reclaimed": "county_total"}


def test_comparison_repeats_the_articles_figures(figure: pd.Series) -> None:
    rows = facts("comparison").query("place == '新昌县'").set_index(["list_kind", "measure"])["value"]
    for kind in ("basic", "assisting", "reclaimed"):
        assert rows[kind, "items"] == figure[f"{kind}_items_mean"]
        assert rows[kind, "categories"] == figure[f"{kind}_categories"]


def test_area_and_census_agree_with_the_articles_share_of_land(figure: pd.Series) -> None:
    census = facts("census_2020").set_index("measure")["value"]
    assert round(100 * figure["area_km2"] / census["area_km2"], 1) == figure["land_share"]
    assert census["share_65_up"] < census["share_60_up"] < 100


def test_standards_have_ordered_bounds() -> None:
    standards = facts("standards")
    assert standards["standard"].is_unique
    both = standards.dropna(subset=["high"])
    assert (both["low"] <= both["high"]).all()
    assert standards.set_index("standard").loc["childcare_places_1000_people", "status"] == "weak"


# --- the made-up county


def test_the_example_county_says_it_is_made_up(county: gov.County) -> None:
    assert county.example
    real = set(facts("units").query("kind == 'township'")["unit"])
    assert not real & set(county.units["unit"])


def in_force(county: gov.County, day: str = "2026-01-01") -> pd.DataFrame:
    items, date = county.items, pd.Timestamp(day)
    return items[(items["since"] <= date) & (items["until"].isna() | (items["until"] > date))]


def test_lists_average_the_articles_numbers_over_twelve_townships(county: gov.County, figure: pd.Series) -> None:
    towns = county.units.loc[county.units["kind"] == "township", "unit"]
    assert len(towns) == figure["townships"]
    counts = in_force(county).pivot_table(index="township", columns="list_kind", values="item", aggfunc="nunique")
    assert set(counts.index) == set(towns)
    for kind in ("basic", "assisting", "reclaimed"):
        assert counts[kind].mean() == figure[f"{kind}_items_mean"]
        assert len(set(counts[kind])) > 1, "each township has its own mix"


def test_lists_have_the_articles_number_of_categories(county: gov.County, figure: pd.Series) -> None:
    categories = in_force(county).groupby("list_kind")["category"].nunique()
    assert categories.to_dict() == {k: figure[f"{k}_categories"] for k in ("basic", "assisting", "reclaimed")}


def dense(county: gov.County) -> str:
    return str(county.rooms["township"].value_counts().idxmax())


def test_the_dense_sub_district_has_fifteen_rooms_of_the_stated_area(county: gov.County, figure: pd.Series) -> None:
    rooms = county.rooms[county.rooms["township"] == dense(county)]
    assert len(rooms) == figure["rooms"]
    assert round(rooms["area_m2"].sum(), 2) == figure["rooms_area_m2"]


def test_the_dense_sub_district_has_the_villages_and_communities_stated(county: gov.County, figure: pd.Series) -> None:
    kinds = county.units.loc[county.units["parent"] == dense(county), "kind"].value_counts()
    assert (kinds["village"], kinds["community"]) == (figure["villages"], figure["communities"])


def test_the_dense_sub_district_has_one_centre_24_care_and_10_meal_points(
    county: gov.County, figure: pd.Series
) -> None:
    tiers = county.sites.loc[county.sites["township"] == dense(county), "tier"].value_counts()
    assert [tiers["centre"], tiers["care_point"], tiers["meal_point"]] == [
        figure["elder_centres"],
        figure["care_points"],
        figure["meal_points"],
    ]


def test_the_dense_sub_district_holds_35_percent_of_the_people_on_4_3_percent_of_the_land(
    county: gov.County, figure: pd.Series
) -> None:
    people = county.communities.set_index("township")[AGES].sum(axis=1).groupby(level=0).sum()
    towns = county.units[county.units["kind"] == "township"].set_index("unit")["area_km2"]
    assert set(people.index) == set(towns.index)
    assert 100 * people[dense(county)] / people.sum() == pytest.approx(figure["people_share"], abs=0.5)
    assert 100 * towns[dense(county)] / towns.sum() == pytest.approx(figure["land_share"], abs=0.05)
