"""One command per question, wholly in Chinese.

check, lists, compare, brief, shifting, balance, circle, site, example.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..brief.accounts import tally
from ..errors import GovernanceError, TableError
from ..words import proper
from . import arguments, faults, listing, site
from .paths import apart, room_for, stop, there

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    import pandas as pd

    from ..brief.workbook import Sheet
    from ..survey import Survey
    from ..tables import County
    from .ground import Ground, Settled

PARTS = {  # the parts of a survey that answer a command; without the first there is no answer
    "shifting": ("责任转嫁",),
    "balance": ("履职负荷",),
    "circle": ("十五分钟服务圈", "用房改造", "部分点位"),
    "site": ("用房改造", "部分点位"),
}
BOOKS = {"circle": "服务圈", "site": "改造方案"}  # workbooks beside pictures, where -o names a folder
EXAMPLE = "示例数据:{name}为虚构,所有单位、任务和数字均系编造,不得引用"


def _say(text: str, name: object = "") -> None:
    """One Chinese sentence, then a file's name as it is."""
    print(f"{proper(text)}{name}")


# --- the commands


def _on(args: argparse.Namespace) -> Ground:
    """The streets as the user names them."""
    from .ground import Ground

    return Ground(there(args.streets) if args.streets else None, args.crs, args.layer, args.coords)


def _county(args: argparse.Namespace) -> Settled:
    """The example county, or what the folder holds; says what of it is left out and why."""
    path = None if args.folder is None else there(args.folder)
    from . import county

    found = county.read(path, since=args.since, meanings=args.meanings, on=_on(args))
    for line in found.told:
        print(line)
    return found


def _check(args: argparse.Namespace) -> int:
    from .. import tables
    from . import checking

    path, out = there(args.folder), Path(args.output)
    inside = path if path.is_dir() else path.parent
    if out.resolve() == inside.resolve():
        stop(f"“{args.output}”就是资料所在的文件夹;为免与原件混在一起,请用 -o 另写一个文件夹")
    counts, problems, told = checking.checked(tables.check(path), path, _on(args))
    print(listing.counts(counts))
    for line in told:
        print(line)
    if problems.empty:
        _say("核对通过,没有发现问题。")
        return 0
    print(listing.problems(problems))
    for file in tables.mark(inside, problems, out):
        _say("已写出标注副本:", file)
    return 1


def _lists(args: argparse.Namespace) -> int:
    path, out = there(args.folder), Path(args.output)
    apart(out, [path])
    room_for(out.parent)
    if out.is_dir():
        stop(f"“{out}”是文件夹;请用 -o 写明要写成的文件,如 -o {out / '履职事项清单.xlsx'}")
    given = args.meanings and there(args.meanings)
    from tqdm import tqdm

    from .. import documents
    from . import published

    with tqdm(desc="读清单", file=sys.stderr, bar_format="{desc}\uff1a{percentage:3.0f}%|{bar}| {elapsed}") as bar:

        def tell(done: int, total: int, name: str) -> None:
            bar.total, bar.n = total, done
            bar.set_description_str(f"读 {name}" if name else "读完")

        found = documents.check(path, meanings=given, since=args.since, progress=tell)
    for part in (published.files(found), published.counts(found), published.problems(found)):
        if part:
            print(part)
    if lines := published.meanings(found):
        file = args.meanings or "说明.yaml"
        _say(f"\n■ 需要明确的列名、清单和乡镇:核对后把下面几行存入“{file}”,再加上 --meanings {file} 运行\n")
        print(lines)
    print(f"\n{published.verdict(found)}")
    if found.items.empty:
        return 1
    _say("已写出:", documents.write(found, out))
    return int(bool((found.problems["level"] != "look").any() or (found.problems["code"] == "doc_count").any()))


def _compare(args: argparse.Namespace) -> int:
    paths, out = [there(text) for text in (args.old, args.new)], Path(args.output)
    apart(out, paths)
    room_for(out)
    given = args.meanings and there(args.meanings)
    from . import compare

    sides = [compare.side(path, since=args.since, meanings=given) for path in paths]
    for path, one in zip(paths, sides, strict=True):
        if one.faults:
            told = proper(f"有 {one.faults} 处没有读或需要明确,对照不全;运行 governance lists 可看明细。")
            print(f"“{path}”{told}")
    files, said = compare.written(sides[0], sides[1], out, title=args.title)
    for line in said:
        print(line)
    for file in files:
        _say("已写出:", file)
    return int(any(one.faults for one in sides))


def _brief(args: argparse.Namespace) -> int:
    out = room_for(Path(args.output))
    county = _county(args).county
    _mark(county)
    from tqdm import tqdm

    from .. import brief, survey

    with tqdm(
        total=5, desc="分析", file=sys.stderr, bar_format="{desc}\uff1a{percentage:3.0f}%|{bar}| {elapsed}"
    ) as bar:
        found = survey.run(county)
        bar.update(2)
        bar.set_description_str("写出")
        files = brief.write(found, out, progress=lambda *_: bar.update(1))
    print(listing.headline(found.total, tally(found.ledger)))
    for file in files:
        _say("已写出:", file)
    _notes(found.notes, list(found.notes["part"]))
    return 0


def _survey(args: argparse.Namespace) -> tuple[Survey, dict[str, Sheet]]:
    """What the survey found and its sheets; leaves with 1 when the part asked for could not be done."""
    if args.output:
        room_for(args.output.parent if args.output.suffix else args.output)
    county = _county(args).county
    _mark(county)
    from .. import survey
    from ..brief import contents

    found = survey.run(county)
    if PARTS[args.command][0] in set(found.notes["part"]):
        _notes(found.notes, PARTS[args.command])
        raise SystemExit(1)
    return found, contents.sheets(found)


def _shifting(args: argparse.Namespace) -> int:
    found, sheets = _survey(args)
    counts = tally(found.ledger)
    print(listing.headline(found.total, counts))
    if not args.by and counts.held:
        if turn := listing.change(found.change):
            print(turn)
        print(listing.text(sheets["verdicts"]))
    wanted = ["department", "township"] if counts.held else ["month"]
    for by in [args.by] if args.by else wanted:
        print(listing.shares(sheets[f"by_{by}"], limit=None if args.by else 20))
    _say("转嫁占比=转嫁任务÷已判定任务;待确认任务不在分母中。判定是供人复核的建议,不是问责结论。")
    views = [f"by_{by}" for by in ("department", "township", "category", "channel", "month")]
    rest = ["total", "change", "verdicts", "flows", "shifted", "unsure"]
    return _finish(args, found, [sheets[key] for key in ([f"by_{args.by}"] if args.by else views + rest)])


def _balance(args: argparse.Namespace) -> int:
    found, sheets = _survey(args)
    columns = (
        "township",
        "tasks",
        "hours",
        "headcount",
        "capacity_hours",
        "load_ratio",
        "returned_ratio",
        "overloaded",
    )
    print(listing.text(sheets["loads"], columns=columns))
    print(listing.spread(found.spread))
    print(listing.text(sheets["relief"]))
    _say("负荷比=交办任务工时÷可用工时;只计台账所记工时,不含自行开展的工作。")
    return _finish(args, found, [sheets[key] for key in ("loads", "relief", "spread")])


def _circle(args: argparse.Namespace) -> int:
    found, sheets = _survey(args)
    print(listing.coverage(sheets["cover"]))
    print(listing.wide(sheets["left_out"], "group", "left_out"))
    print(listing.text(sheets["doors"]))
    print(listing.text(sheets["areas"], columns=("area", "name", "compounds", "missing", "people"), limit=10))
    print(listing.wide(sheets["doubles"], "sites", "people"))
    columns = ("order", "room", "name", "from_service", "service", "gain", "lost", "net", "cumulative", "bound")
    print(listing.text(sheets["plan"], columns=columns))
    _say("按路网步行时间和各年龄组步速计算;不反映服务质量、开放时间和实际使用。")
    from ..brief.contents import CIRCLE

    return _finish(args, found, [sheets[key] for key in CIRCLE], site.maps)


def _site(args: argparse.Namespace) -> int:
    if args.output:
        room_for(args.output.parent if args.output.suffix else args.output)
    county, _, lost = _county(args)
    _mark(county)
    from .. import survey

    lacking = survey.missing(county)
    if PARTS["site"][0] in set(lacking["part"]):
        _notes(lacking, PARTS["site"])
        return 1
    keep = site.meant(county, args.keep)
    limits = survey.Limits(funds=args.funds, keep=keep, retrofit=args.retrofit, floor=args.floor)
    found = survey.sites(county, budget=args.budget, limits=limits, count=args.plans)
    verdict = site.verdict(found, budget=args.budget, funds=args.funds)
    more = [*site.kept(county, keep, lost), *site.closed(county), *site.unchecked(county, args.floor)]
    for line in [*site.told(found), verdict, *more]:
        print(line)
    _notes(lacking, PARTS["site"])
    return _written(args, county, list(site.sheets(found).values()), lambda out, mark: site.pictures(found, out, mark))


def _example(args: argparse.Namespace) -> int:
    out = Path(args.folder or ("空白表" if args.blank else "示例县"))
    book = args.blank and out.suffix.lower() == ".xlsx"
    room_for(out.parent if book else out)
    if (out.exists() if book else out.is_dir() and any(out.iterdir())) and not args.force:
        stop(f"“{out}”里已有内容,没有写入;确要写入请加 --force")
    from .. import examples, tables

    if args.blank:
        _say("已写出:", tables.blank(out if book else out / "空白模板.xlsx"))
        _say("填好后运行:", f"governance check {out}")
        return 0
    for file in examples.write(out):
        _say("已写出:", file)
    _mark(examples.county())
    return 0


RUN = {
    "check": _check,
    "lists": _lists,
    "compare": _compare,
    "brief": _brief,
    "shifting": _shifting,
    "balance": _balance,
    "circle": _circle,
    "site": _site,
    "example": _example,
}


# --- what all commands share


def _mark(county: County) -> None:
    if county.example:
        _say(f"【{EXAMPLE.format(name=county.name)}】")


def _notes(notes: pd.DataFrame, parts: Sequence[str]) -> None:
    for note in notes.itertuples():
        if note.part in parts:
            _say(f"未做“{note.part}”:{note.reason}")


def _finish(
    args: argparse.Namespace,
    found: Survey,
    sheets: list[Sheet],
    draw: Callable[[Survey, Path, str], list[Path]] | None = None,
) -> int:
    _notes(found.notes, PARTS[args.command])
    return _written(args, found.county, sheets, draw and (lambda out, mark: draw(found, out, mark)))


def _written(
    args: argparse.Namespace, county: County, sheets: list[Sheet], draw: Callable[[Path, str], list[Path]] | None
) -> int:
    """The sheets written where ``-o`` says: a table, or a folder with the workbook and the pictures."""
    if not args.output:
        return 0
    mark = EXAMPLE.format(name=county.name) if county.example else ""
    book = args.output if args.output.suffix else args.output / f"{BOOKS[args.command]}.xlsx"
    book.parent.mkdir(parents=True, exist_ok=True)
    _say("已写出:", listing.save(sheets, book, mark=mark))
    for file in draw(args.output, proper(mark)) if draw and not args.output.suffix else []:
        _say("已写出:", file)
    return 0


def _faulty(fault: GovernanceError) -> None:
    """Say what is wrong: every fault of the tables in full, any other error in its own words."""
    if isinstance(fault, TableError) and fault.problems is not None and fault.counts is not None:
        print(listing.counts(fault.counts))
        print(listing.problems(fault.problems))
        text = f"资料有 {len(fault.problems)} 处问题,没有分析。运行 governance check 可得到标出问题的副本。"
    else:
        text = str(fault)
    print(proper(text), file=sys.stderr)


def _answer(argv: Sequence[str] | None) -> int:
    """Run one command, turning everything that can go wrong into Chinese words and an exit code."""
    try:
        args = arguments.parser(__version__).parse_args(argv)
        return RUN[args.command](args)
    except SystemExit as done:
        if isinstance(done.code, str):
            print(done.code, file=sys.stderr)
            return 2
        return done.code or 0
    except GovernanceError as fault:
        _faulty(fault)
    except KeyboardInterrupt:
        print(proper("已中断,没有完成。"), file=sys.stderr)
        return 130
    except BrokenPipeError:
        raise
    except OSError as fault:
        print(proper(faults.blocked(fault)), file=sys.stderr)
        return 2
    except Exception as fault:
        print(proper(faults.unexpected(fault)), file=sys.stderr)
    return 1


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of one command line: 0 done, 1 the data has faults, 2 wrong use (130 interrupted).

    argv : the words after ``governance``; None takes the process's own. Prints in Chinese and never
    raises: what could not be foreseen ends as one line to send on, and 1.

    >>> main(["shifting", "--by", "天气"])
    2
    """
    faults.speak()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = _answer(argv)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read along has left, as ``| head`` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
