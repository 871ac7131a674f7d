"""The laws of the house (CONTRIBUTING.md), read off the repository itself."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import governance as gov

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ROOT / "governance"
ROOMS = sorted({p.stem for p in HOUSE.glob("*.py")} | {p.parent.name for p in HOUSE.glob("*/__init__.py")})
FILES = sorted(".".join(p.relative_to(HOUSE).with_suffix("").parts) for p in HOUSE.rglob("*.py"))
GROUND = {"errors", "files", "norm", "rules", "walking", "words"}
DATA = GROUND | {"tables"}
ANALYSES = {"matching", "shifting", "balance", "circle", "siting"}
MAY_IMPORT = {  # the corridor: what each room may import; a room too long for one file is a folder, its files the chapters
    "errors": set(),
    "files": set(),
    "walking": set(),
    "words": set(),
    "rules": {"errors"},
    "norm": {"errors"},
    "tables": GROUND,
    "graph": DATA,
    **{room: DATA | {"graph"} for room in ANALYSES},
    "documents": DATA,
    "review": DATA,
    "departments": DATA | {"review"},
    "crosswalk": DATA,
    "lifecycle": DATA,
    "drafting": DATA | {"review"},
    "redline": DATA,
    "examples": DATA,
    "streets": DATA,
    "survey": DATA | {"graph"} | ANALYSES,
    "plot": DATA | {"graph"},
    "brief": DATA | {"graph", "survey", "plot"},
    "cli": DATA
    | {
        "crosswalk",
        "departments",
        "documents",
        "examples",
        "lifecycle",
        "plot",
        "redline",
        "streets",
        "survey",
        "brief",
    },
}
AT_THE_ROOT = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "README.zh-CN.md",
    "benchmarks",
    "constraints.txt",
    "data",
    "environment.yml",
    "governance",
    "notebooks",
    "pyproject.toml",
    "tests",
}
COMMANDS = ("check", "lists", "compare", "brief", "shifting", "balance", "circle", "site", "example")
HAN = re.compile(r"[\u4e00-\u9fff]")


def source(file: str) -> str:
    """The text of a file of the house, named as in FILES: ``rules``, ``tables.__init__``, ``tables.cells``."""
    return HOUSE.joinpath(*file.split(".")).with_suffix(".py").read_text("utf-8")


def tree(file: str) -> ast.Module:
    return ast.parse(source(file))


def door(file: str) -> bool:
    """Whether a file is what users meet: a room in one file, or the front of a folder."""
    return "." not in file or file.endswith(".__init__")


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def tracked() -> list[Path]:
    """Every file git holds or would hold; without git, every file outside hidden and built folders."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if listed.returncode == 0:
        return [p for name in listed.stdout.split("\0") if name and (p := ROOT / name).is_file()]
    return [
        p
        for p in ROOT.rglob("*")
        if p.is_file()
        and not any(
            (part.startswith(".") and part != ".ci") or part.endswith(("egg-info", "__pycache__"))
            for part in p.relative_to(ROOT).parts[:-1]
        )
    ]


def public_functions(chapters: bool = True) -> list[tuple[str, ast.FunctionDef]]:
    """Functions anyone may call; with ``chapters`` also those that a room calls in its own chapters."""
    return [
        (file, node)
        for file in FILES
        for node in tree(file).body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and (chapters or door(file) or node.name in opened(file))
    ]


def opened(file: str) -> list[str]:
    """What the room of a chapter hands out at its own door."""
    return getattr(getattr(gov, file.split(".")[0], None), "__all__", [])


def imported(file: str) -> set[str]:
    """Files of this house that ``file`` imports, anywhere in its code, named as in FILES."""
    home = file.split(".")[:-1]
    found = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ImportFrom):
            parts = (node.module or "").split(".") if node.module else []
            if node.level:
                parts = [*home[: len(home) + 1 - node.level], *parts]
            elif parts[:1] == ["governance"]:
                parts = parts[1:]
            else:
                continue
            inner = {".".join([*parts, alias.name]) for alias in node.names}
            found |= inner if inner <= {*FILES, *ROOMS} else inner | {".".join(parts)}
        elif isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[2] for alias in node.names if alias.name.split(".")[0] == "governance"}
    return {name if name in FILES else f"{name}.__init__" for name in found if name} & set(FILES)


# --- the corridor


@pytest.mark.parametrize("file", [file for file in FILES if file != "__init__"])
def test_imports_only_go_down_the_corridor(file: str) -> None:
    room = file.split(".")[0]
    assert room in MAY_IMPORT, f"enter the new room {room} in MAY_IMPORT: what may it import?"
    assert {name.split(".")[0] for name in imported(file)} - MAY_IMPORT[room] - {room, "__init__"} == set()


def test_the_corridor_names_only_rooms_that_exist() -> None:
    assert MAY_IMPORT.keys() == set(ROOMS) - {"__init__"}


def test_the_corridor_has_no_way_back() -> None:
    left = {file: imported(file) - {"__init__"} for file in FILES if file != "__init__"}
    while left:
        ground = {file for file, below in left.items() if not below & left.keys()}
        assert ground, f"files that import one another: {sorted(left)}"
        left = {file: below for file, below in left.items() if file not in ground}


def test_importing_the_package_loads_no_heavy_library() -> None:
    code = "import sys, governance; print(sorted({'pandas', 'numpy', 'matplotlib', 'networkx', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_matplotlib_is_loaded_by_no_room_at_import() -> None:
    for room in FILES:
        top = [n for n in tree(room).body if isinstance(n, (ast.Import, ast.ImportFrom))]
        names = {a.name for n in top if isinstance(n, ast.Import) for a in n.names} | {
            n.module or "" for n in top if isinstance(n, ast.ImportFrom)
        }
        assert not any(name.split(".")[0] in {"matplotlib", "docxtpl", "docx"} for name in names), room


def test_only_tables_and_the_command_line_print() -> None:
    for room in FILES:
        calls = [
            n.lineno
            for n in ast.walk(tree(room))
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "print"
        ]
        assert room in {"tables.__init__", "cli.__init__"} or calls == [], f"{room}: print in lines {calls}"


# --- rooms and functions


@pytest.mark.parametrize("room", FILES)
def test_a_room_stays_under_400_lines(room: str) -> None:
    assert source(room).count("\n") <= 400


@pytest.mark.parametrize("room", FILES)
def test_a_room_says_what_it_is_for(room: str) -> None:
    assert (ast.get_docstring(tree(room)) or "").split("\n")[0].endswith(".")


@pytest.mark.parametrize(("room", "function"), public_functions(), ids=lambda x: getattr(x, "name", x))
def test_a_public_function_says_what_comes_back(room: str, function: ast.FunctionDef) -> None:
    text = ast.get_docstring(function) or ""
    assert text.split("\n")[0].endswith("."), f"{room}.{function.name}: first line of the docstring"


@pytest.mark.parametrize(("room", "function"), public_functions(chapters=False), ids=lambda x: getattr(x, "name", x))
def test_a_public_function_shows_itself_in_a_doctest(room: str, function: ast.FunctionDef) -> None:
    assert ">>>" in (ast.get_docstring(function) or ""), f"{room}.{function.name}"


@pytest.mark.parametrize(("room", "function"), public_functions(), ids=lambda x: getattr(x, "name", x))
def test_a_public_function_takes_six_parameters_at_most_and_no_kwargs(room: str, function: ast.FunctionDef) -> None:
    parameters = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
    assert len(parameters) <= 6, f"{room}.{function.name}"
    assert function.args.kwarg is None, f"{room}.{function.name}"


def test_every_public_function_is_named_in_a_test() -> None:
    tests = "\n".join(p.read_text("utf-8") for p in (ROOT / "tests").glob("test_*.py") if p.name != "test_house.py")
    missing = [
        f"{room}.{f.name}"
        for room, f in public_functions(chapters=False)
        if room != "__init__" and not re.search(rf"\b{f.name}\b", tests)
    ]
    assert missing == []


# --- words


@pytest.mark.parametrize("path", sorted((HOUSE / "schemas").glob("*.csv")), ids=lambda p: p.stem)
def test_every_column_has_a_chinese_name_and_a_description(path: Path) -> None:
    schema = pd.read_csv(path, dtype=str, keep_default_na=False)
    spoken = {"faults": ["fault"], "tables": ["label"], "results": ["label"], "crosswalk": ["label"]}.get(
        path.stem, ["label", "description"]
    )
    for column in spoken:
        assert schema[column].str.contains(HAN).all(), column
    assert schema.iloc[:, 0].is_unique
    if path.stem not in {"faults", "results", "crosswalk"}:
        assert schema["label"].is_unique


def test_readmes_name_every_command() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text("utf-8")
        assert [c for c in COMMANDS if f"governance {c}" not in text] == [], name


def blocks(name: str) -> tuple[list[str], list[int]]:
    """Code blocks of a page, and the level of each heading outside them."""
    parts = re.split(r"^```", (ROOT / name).read_text("utf-8"), flags=re.M)
    levels = [len(m[1]) for part in parts[::2] for m in re.finditer(r"^(#+) ", part, flags=re.M)]
    return parts[1::2], levels


def test_the_chinese_readme_has_the_same_code_and_the_same_headings() -> None:
    english, chinese = blocks("README.md"), blocks("README.zh-CN.md")
    assert english[0] == chinese[0]
    assert english[1] == chinese[1]


# --- what is needed


EXTRAS = ("fast", "formats", "notebooks", "terrain", "test")
CONDA = {"pyosmium": "osmium"}  # where conda-forge has another name for it


def wanted(*extras: str) -> list[str]:
    needs = list(project()["dependencies"])
    for extra in extras:
        needs += [r for r in project()["optional-dependencies"][extra] if not r.startswith("governance[")]
    return needs


def test_environment_yml_asks_for_what_pyproject_asks_for() -> None:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    plain = [r for r in listed if isinstance(r, str)]
    from_pip = next(r for r in listed if isinstance(r, dict))["pip"]
    assert [r for r in plain if r.startswith("python>")] == ["python" + project()["requires-python"]]
    plain = [re.sub(r"^[\w-]+", lambda m: CONDA.get(m[0], m[0]), r) for r in plain]
    others = [r for r in plain if r != "pip" and not r.startswith("python>")]
    assert sorted(others + from_pip) == sorted(wanted(*EXTRAS))
    assert from_pip == ["pylopdf-fonts-zh-cn>=0.1.1", "typst>=0.13"], "only what conda-forge lacks"


def pins() -> dict[str, Requirement]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"==[\w.]+", str(r.specifier)) for r in found)
    assert len({canonicalize_name(r.name) for r in found}) == len(found)
    return {canonicalize_name(r.name): r for r in found}


def closure(requirements: list[str]) -> set[str]:
    """Names of all installed packages that ``requirements`` pull in, here and now."""
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(r), "") for r in requirements]
    while waiting:
        need, of = waiting.pop()
        if need.marker and not need.marker.evaluate({"extra": of}):
            continue
        for extra in ["", *need.extras]:
            key = (canonicalize_name(need.name), extra)
            if key not in seen:
                seen.add(key)
                try:
                    inner = importlib.metadata.requires(need.name) or []
                except importlib.metadata.PackageNotFoundError:
                    inner = []
                waiting += [(Requirement(r), extra) for r in inner]
    return {name for name, _ in seen}


def test_constraints_pin_everything_the_test_extra_pulls_in() -> None:
    held = pins()
    assert closure(wanted(*EXTRAS)) - held.keys() == set()
    for requirement in map(Requirement, wanted(*EXTRAS)):
        version = str(held[canonicalize_name(requirement.name)].specifier).removeprefix("==")
        assert requirement.specifier.contains(version), requirement


def test_constraints_name_no_host_and_no_option() -> None:
    text = (ROOT / "constraints.txt").read_text("utf-8")
    assert not re.search(r"://|@|^-", text, flags=re.M)


# --- notebooks

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_there_are_numbered_notebooks() -> None:
    numbers = [int(p.name[:2]) for p in NOTEBOOKS]  # 05 and 06 are kept for posts and appraisal
    assert numbers == sorted(set(numbers))
    assert [p.name[2] for p in NOTEBOOKS] == ["-"] * len(NOTEBOOKS)
    assert len(NOTEBOOKS) >= 6


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_was_run_whole_and_asks_one_question(path: Path) -> None:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = [c for c in cells if c["cell_type"] == "code" and "".join(c["source"]).strip()]
    assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1))
    assert not [o for c in code for o in c["outputs"] if o["output_type"] == "error"]
    prose = ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
    assert cells[0]["cell_type"] == "markdown"
    assert prose[0].startswith("# ")
    assert sum(len(re.findall(r"^# ", text, flags=re.M)) for text in prose) == 1
    assert cells[-1]["cell_type"] == "markdown", "the last cell says what this does not show"
    assert not [c for c in code if re.search(r"^\s*def ", "".join(c["source"]), flags=re.M)], (
        "a function belongs in a room"
    )


# --- the repository


def test_the_root_stays_bare() -> None:
    top = {p.relative_to(ROOT).parts[0] for p in tracked()}
    assert top - AT_THE_ROOT == set()


def test_no_tracked_file_is_large() -> None:
    assert [p.name for p in tracked() if p.stat().st_size > 5_000_000] == []


def test_no_tracked_file_names_a_machine_or_an_index() -> None:
    here = ["/" + folder + "/" for folder in ("work", "farm", "root", "home", "Users")]
    hosts = ["py" + "pi.org", "python" + "hosted", "registry" + ".npmjs", "deb" + ".debian", "conda.anaconda" + ".org"]
    strange = re.compile("|".join(map(re.escape, here + hosts)))
    named = {}
    for path in tracked():
        text = path.read_bytes().decode("utf-8", errors="ignore")
        if hit := strange.search(text):
            named[str(path.relative_to(ROOT))] = hit[0]
    assert named == {}


def test_versions_agree() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    code = re.search(r'__version__ = "(.+)"', source("__init__"))
    assert code
    assert cited["version"] == project()["version"] == code[1]
    assert f"## {project()['version']}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert cited["license"] == project()["license"] == "MIT"
