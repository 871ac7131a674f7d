"""Slopes from heights and rasters, flat-equivalent lengths after Tobler, streets without steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.errors import TableError
from governance.streets.slope import climb, slopes, step_free
from governance.tables import Streets

CRS = "EPSG:32651"


#   a ---100--- b ---50--- c      heights 10, 16, 13
def hill(**columns: object) -> Streets:
    nodes = pd.DataFrame({"node": list("abc"), "x": [5.0, 105.0, 155.0], "y": 5.0, "height": [10.0, 16.0, 13.0]})
    edges = pd.DataFrame({"edge": ["E1", "E2"], "source": ["a", "b"], "target": ["b", "c"], "length_m": [100.0, 50.0]})
    return Streets(nodes, edges.assign(**columns), "")


def tobler(slope: float) -> float:
    return 6 * np.exp(-3.5 * abs(slope + 0.05))


# --- slopes


def test_slope_is_rise_over_run_without_a_sign() -> None:
    town = hill()
    done = slopes(town)
    assert done.streets.edges["slope"].tolist() == [0.06, 0.06]
    assert done.notes == ()
    assert "slope" not in town.edges


def test_missing_heights_and_upright_edges_are_named() -> None:
    town = hill(length_m=[0.0, 50.0])
    town.nodes.loc[2, "height"] = np.nan
    done = slopes(town)
    assert done.streets.edges["slope"].isna().all()
    assert "1 个节点没有高程(c),1 条路段因此没有坡度" in done.notes[0]
    assert "长度为 0 而两端高程不同" in done.notes[1]
    assert "E1" in done.notes[1]


def test_an_edge_column_is_kept_where_no_height_tells() -> None:
    town = hill(slope=[0.5, 0.02])
    town.nodes.loc[2, "height"] = np.nan
    assert slopes(town).streets.edges["slope"].tolist() == [0.06, 0.02]


def test_a_flat_edge_of_no_length_has_no_slope_but_zero() -> None:
    town = hill(length_m=[0.0, 50.0])
    town.nodes["height"] = 7.0
    assert slopes(town).streets.edges["slope"].tolist() == [0.0, 0.0]


# --- rasters


def ascii_grid(folder: Path, cells: np.ndarray, head: str = "") -> Path:
    high, wide = cells.shape
    head = head or f"ncols {wide}\nnrows {high}\nxllcorner 0\nyllcorner 0\ncellsize 10\nNODATA_value -9999\n"
    path = folder / "dem.asc"
    path.write_text(head + "\n".join(" ".join(f"{v:g}" for v in row) for row in cells), "utf-8")
    return path


def sloping(high: int = 6, wide: int = 20) -> np.ndarray:
    """Cells of 10 m: 0.1 m up for each metre east, 0.02 m up for each metre north."""
    x, y = np.meshgrid(np.arange(wide) * 10 + 5, (high - 1 - np.arange(high)) * 10 + 5)
    return 0.1 * x + 0.02 * y


def test_a_plane_is_read_back_exactly_from_an_ascii_grid(tmp_path: Path) -> None:
    town = hill()
    town.nodes[["x", "y"]] = [[7.0, 11.0], [103.0, 42.0], [150.0, 17.0]]
    done = slopes(town, dem=ascii_grid(tmp_path, sloping()))
    assert done.streets.nodes["height"].tolist() == pytest.approx([0.92, 11.14, 15.34])
    assert done.streets.edges["slope"].tolist() == pytest.approx([10.22 / 100, 4.2 / 50])


def test_cells_without_a_height_and_nodes_outside_are_named(tmp_path: Path) -> None:
    cells = sloping()
    cells[:, 9:12] = -9999
    town = hill()
    town.nodes.loc[2, "x"] = 900.0
    done = slopes(town, dem=ascii_grid(tmp_path, cells))
    assert done.streets.nodes["height"].isna().tolist() == [False, True, True], "old heights are not mixed in"
    assert "2 个节点没有高程(b、c)" in done.notes[0]


def test_beside_a_cell_without_height_the_nearest_cell_tells(tmp_path: Path) -> None:
    cells = sloping()
    cells[:, 11] = -9999
    done = slopes(hill(), dem=ascii_grid(tmp_path, cells))  # b lies on the middle of column 10
    assert done.streets.nodes["height"].iloc[1] == pytest.approx(10.6)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("ncols 20\nnrows 6\n", "缺少 xllcorner、yllcorner、cellsize"),
        ("ncols 21\nnrows 6\nxllcorner 0\nyllcorner 0\ncellsize 10\n", "应有 6 行 × 21 列"),
        ("ncols 20\nnrows six\nxllcorner 0\nyllcorner 0\ncellsize 10\n", "不是数的内容"),
        ("ncols 20\nnrows 6\nxllcorner 0\nyllcorner 0\ncellsize 0\n", "格距 0 应大于 0"),
    ],
)
def test_a_broken_grid_is_named(tmp_path: Path, head: str, said: str) -> None:
    with pytest.raises(TableError, match=said):
        slopes(hill(), dem=ascii_grid(tmp_path, sloping(), head))


def test_a_raster_that_cannot_be_laid_on_the_streets_is_refused(tmp_path: Path) -> None:
    path = ascii_grid(tmp_path, sloping())
    with pytest.raises(TableError, match="高程数据没有写明坐标系"):
        slopes(Streets(hill().nodes, hill().edges, CRS), dem=path)
    with pytest.raises(TableError, match="路网没有写明坐标系"):
        slopes(hill(), dem=path, crs=CRS)
    with pytest.raises(TableError, match="没有这个高程文件"):
        slopes(hill(), dem=tmp_path / "none.tif")
    (tmp_path / "bad.tif").write_text("no raster")
    with pytest.raises(TableError, match="打不开"):
        slopes(hill(), dem=tmp_path / "bad.tif")
    with pytest.raises(TableError, match="缺少列:height"):
        slopes(Streets(hill().nodes.drop(columns="height"), hill().edges))


def test_a_geotiff_in_degrees_gives_the_heights_of_the_ground(tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    pyproj = pytest.importorskip("pyproj")
    nodes = hill().nodes.assign(x=lambda n: n["x"] + 400000, y=lambda n: n["y"] + 3300000)
    lon, lat = pyproj.Transformer.from_crs(CRS, 4326, always_xy=True).transform(nodes["x"], nodes["y"])
    west, north, step = min(lon) - 0.005, max(lat) + 0.005, 0.0005
    x = west + (np.arange(40) + 0.5) * step
    cells = np.tile(1000 * (x - west), (40, 1)).astype("float32")  # 1 m up for each 0.001 degrees east
    path = tmp_path / "dem.tif"
    turn = rasterio.Affine(step, 0, west, 0, -step, north)
    profile = {"driver": "GTiff", "height": 40, "width": 40, "count": 1, "dtype": "float32", "transform": turn}
    with rasterio.open(path, "w", crs="EPSG:4326", **profile) as file:
        file.write(cells, 1)
    done = slopes(Streets(nodes, hill().edges, CRS), dem=path)
    assert done.streets.nodes["height"].tolist() == pytest.approx(1000 * (np.asarray(lon) - west), abs=1e-3)
    with rasterio.open(path, "w", crs="EPSG:32650", **profile) as file:  # says it wrong: the user knows better
        file.write(cells, 1)
    again = slopes(Streets(nodes, hill().edges, CRS), dem=path, crs="EPSG:4326")
    pd.testing.assert_frame_equal(again.streets.nodes, done.streets.nodes)
    with rasterio.open(
        path,
        "w",
        crs="EPSG:4326",
        **profile | {"transform": rasterio.Affine(step, step / 5, west, step / 5, -step, north)},
    ) as file:
        file.write(cells, 1)
    with pytest.raises(TableError, match="斜的"):
        slopes(Streets(nodes, hill().edges, CRS), dem=path)


# --- climbing


@given(st.floats(0, 0.6))
def test_a_slope_is_the_flat_way_that_takes_as_long_up_and_down_on_average(slope: float) -> None:
    done = climb(hill(slope=[slope, 0.0])).edges
    time = (100 / tobler(slope) + 100 / tobler(-slope)) / 2
    assert done["length_m"].iloc[0] == pytest.approx(time * tobler(0))
    assert done["length_m"].iloc[1] == 50.0
    assert done["plan_m"].tolist() == [100.0, 50.0]


def test_steeper_is_never_shorter_and_the_steepest_is_clipped() -> None:
    walked = [climb(hill(slope=[s, 0.0])).edges["length_m"].iloc[0] for s in np.linspace(0, 1, 101)]
    assert (np.diff(walked) >= 0).all()
    assert walked[0] == 100.0
    assert walked[60] == walked[100]


def test_climbing_twice_changes_nothing_and_unknown_slopes_are_flat() -> None:
    once = climb(hill(slope=[0.1, np.nan]))
    assert once.edges["length_m"].tolist() == pytest.approx([120.95, 50.0], abs=0.01)
    pd.testing.assert_frame_equal(climb(once).edges, once.edges)
    assert slopes(once).streets.edges["slope"].tolist() == [0.06, 0.06], "over the plan length"
    with pytest.raises(TableError, match="slope"):
        climb(hill())


# --- step-free


def test_steps_ferries_and_what_is_steeper_than_one_in_twelve_go() -> None:
    edges = pd.DataFrame(
        {
            "edge": list("abcdefg"),
            "length_m": 12.0,
            "kind": ["road", "steps", "ferry", "path", "bridge", None, "road"],
            "slope": [1 / 12, 0.0, 0.0, 0.0834, np.nan, 0.01, -0.2],
        }
    )
    town = Streets(hill().nodes, edges, "")
    done = step_free(town)
    assert done.edges["edge"].tolist() == ["a", "e", "f"]
    assert done.nodes["node"].tolist() == list("abc"), "islands stay"
    assert len(town.edges) == 7
    assert step_free(hill()).edges["edge"].tolist() == ["E1", "E2"]
