"""The words after ``governance``: commands, options and what is said of wrong use, wholly in Chinese."""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from ..errors import TableError
from ..words import proper

Groups = tuple[argparse._ArgumentGroup, argparse._ArgumentGroup]
BY = {
    "部门": "department",
    "乡镇": "township",
    "街道": "township",
    "乡镇(街道)": "township",
    "类别": "category",
    "渠道": "channel",
    "月份": "month",
}
PHRASES = (  # what argparse says, and what we say
    (r"argument 命令: invalid choice: '?(.*?)'? \(choose from .*", "没有“{0}”这个命令"),
    (r"the following arguments are required: (.+)", "还缺:{0}"),
    (r"unrecognized arguments: (.+)", "不认识的内容:{0}"),
    (r"argument (.+?): expected .*arguments?", "{0} 后面还要写内容"),
    (r"argument (.+?): ignored explicit argument (.+)", "{0} 后面不应再写 {1}"),
    (r"argument (.+?): not allowed with argument (.+)", "{0} 与 {1} 不能同时使用"),
    (r"argument (.+?): ([^a-z].*)", "{0}:{1}"),
)


class _Help(argparse.HelpFormatter):
    """Help with a Chinese heading, each explanation on a line of its own (Han characters are two wide)."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, indent_increment=1, max_help_position=4, width=76)

    def add_usage(self, usage: str | None, actions: object, groups: object, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, "用法:")  # type: ignore[arg-type]


class _Parser(argparse.ArgumentParser):
    """A parser that explains wrong use in Chinese and leaves with 2."""

    def error(self, message: str) -> NoReturn:
        for pattern, chinese in PHRASES:
            if found := re.fullmatch(pattern, message, flags=re.S):
                text = chinese.format(*found.groups())
                break
        else:
            text = "写法有误"
        self.exit(2, proper(f"{text}。查看写法:{self.prog} --help\n"))

    def format_help(self) -> str:
        return proper(super().format_help()).replace("， --", ", --")


def _by(text: str) -> str:
    value = BY.get(text.strip(), text.strip().lower())
    if value not in BY.values():
        ways = "、".join(dict.fromkeys(k for k in BY if k not in ("街道", "乡镇(街道)")))
        raise argparse.ArgumentTypeError(f"不能按“{text}”汇总;可用:{ways}")
    return value


def _sheet(text: str) -> Path:
    out = Path(text)
    if out.suffix.lower() not in (".xlsx", ".csv"):
        raise argparse.ArgumentTypeError(f"“{text}”应以 .xlsx 或 .csv 结尾")
    return out


def _either(text: str) -> Path:
    return _sheet(text) if Path(text).suffix else Path(text)


def _whole(text: str) -> int:
    if not text.strip().isascii() or not text.strip().isdigit():
        raise argparse.ArgumentTypeError(f"“{text}”应为不小于 0 的整数")
    return int(text)


def _amount(text: str) -> float:
    try:
        value = float(text.replace(",", "").removesuffix("万元"))
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"“{text}”应为不小于 0 的万元数")
    return value


def _share(text: str) -> float:
    value = _amount(text.strip().rstrip("%\uff05")) / (100 if text.strip().endswith(("%", "\uff05")) else 1)
    if value > 1:
        raise argparse.ArgumentTypeError(f"“{text}”应在 0 至 1 之间,或写成 60%")
    return value


def _ids(text: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[,\uff0c、;\uff1b\s]+", text) if part)


def _book(text: str) -> Path:
    if Path(text).suffix.lower() != ".xlsx":
        raise argparse.ArgumentTypeError(f"“{text}”应以 .xlsx 结尾")
    return Path(text)


def _date(text: str) -> str:
    try:
        return dt.date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}”不是日期,应写成 2025-07-01") from None


def _coords(text: str) -> str:
    from ..streets.points import WORDS, reading

    try:
        value = reading(text)
    except TableError:
        value = ""
    if value in WORDS:
        return value
    known = "wgs84(GPS)、cgcs2000(国家2000)、gcj02(火星坐标、高德、腾讯)、bd09(百度)"
    raise argparse.ArgumentTypeError(f"不认识坐标系“{text}”;可用:{known};投影坐标请先换成经纬度")


def parser(version: str) -> argparse.ArgumentParser:
    """The parser of the whole command line; what it returns has ``command`` and that command's own words.

    Wrong use leaves with 2 after one Chinese line on stderr, ``--help`` with 0.

    >>> parser("0.1.0").parse_args(["shifting", "--by", "乡镇"]).by
    'township'
    """
    whole = _Parser(
        prog="governance",
        formatter_class=_Help,
        add_help=False,
        allow_abbrev=False,
        usage="governance 命令 [内容]",
        description="乡镇(街道)履职事项:谁把什么转嫁给了谁,谁超载,谁住在十五分钟服务圈内。",
        epilog="退出码:0 完成;1 资料有问题;2 写法有误。查看某个命令:governance 命令 --help",
    )
    _options(whole).add_argument("--version", action="version", version=f"governance {version}", help="显示版本")
    commands = whole.add_subparsers(title="各命令", metavar="命令", dest="command", required=True, prog="governance")

    add = functools.partial(_command, commands)
    _lists(add)
    _questions(add)
    _site(add)
    what, how = add("example", "[文件夹] [--blank] [--force]", "写出示例县,或写出可填报的空白表")
    what.add_argument("folder", metavar="文件夹", nargs="?", help="写到何处;默认为“示例县”或“空白表”")
    how.add_argument("--blank", action="store_true", help="只写空白表,供填报本县资料")
    how.add_argument("--force", action="store_true", help="文件夹里已有内容时也写入(同名文件会被覆盖)")
    return whole


def _command(commands: Any, name: str, usage: str, text: str) -> Groups:
    """The groups of one command: what it is about, and its options."""
    one = commands.add_parser(
        name,
        usage=f"governance {name} {usage}",
        help=text,
        description=text,
        formatter_class=_Help,
        add_help=False,
        allow_abbrev=False,
    )
    return one.add_argument_group("内容"), _options(one)


def _lists(add: Callable[[str, str, str], Groups]) -> None:
    """What reads tables and documents as they are."""
    what, how = add("check", "资料 [-o 文件夹]", "核对资料和路网:逐一列出问题所在的文件、行、列和改法")
    what.add_argument("folder", metavar="资料", help="存放表格的文件夹,或一个工作簿")
    how.add_argument(
        "-o", "--output", metavar="文件夹", default="核对结果", help="标出问题的副本存放处;默认为“核对结果”"
    )
    _streets(how)
    what, how = add(
        "lists", "清单 [-o 文件.xlsx] [--since 日期]", "读公开发布的清单(Word、Excel、网页、PDF),写成一张核对过的表"
    )
    what.add_argument("folder", metavar="清单", help="存放清单文档的文件夹,或一个文档")
    how.add_argument(
        "-o", "--output", metavar="文件.xlsx", type=_book, default="履职事项清单.xlsx", help="默认为“履职事项清单.xlsx”"
    )
    _documents(how)
    what, how = add(
        "compare", "旧清单 新清单 [-o 文件夹]", "两份清单(两个日期或两个乡镇)逐项对照,写成修订对照表(Excel 和网页)"
    )
    what.add_argument("old", metavar="旧清单", help="清单文档、清单表,或存放它们的文件夹")
    what.add_argument("new", metavar="新清单", help="同上")
    how.add_argument("-o", "--output", metavar="文件夹", default="对照结果", help="对照表存放处;默认为“对照结果”")
    how.add_argument("--title", metavar="标题", default="", help="对照表的标题,也作文件名;不写则用两份清单的名称")
    _documents(how)


def _questions(add: Callable[[str, str, str], Groups]) -> None:
    """What answers one question of a county, or all of them."""
    what, how = add("brief", "[资料] [-o 文件夹]", "生成简报:简报.docx、明细.xlsx、简报.html")
    _folder(what)
    how.add_argument("-o", "--output", metavar="文件夹", default="简报", help="简报存放处;默认为“简报”")
    for name, text in (
        ("shifting", "责任转嫁:下派任务对照当日有效清单的判定与占比"),
        ("balance", "履职负荷:各乡镇(街道)任务工时与可用工时之比"),
        ("circle", "十五分钟服务圈:各类服务的覆盖、缺口、重复与用房改造建议"),
    ):
        extra = "[--by 口径] " if name == "shifting" else ""
        what, how = add(name, f"[资料] {extra}[-o 文件]", text)
        _folder(what)
        _output(how, pictures=name == "circle")
        if name == "shifting":
            how.add_argument("--by", metavar="口径", type=_by, help="只看一种汇总:部门、乡镇、类别、渠道或月份")


def _site(add: Callable[[str, str, str], Groups]) -> None:
    """What rooms and land could become."""
    what, how = add(
        "site",
        "[资料] [--budget 处数] [--funds 万元] [-o 文件夹]",
        "用房改造与闲置地块:改成什么、建成什么,受益多少人,哪条约束最碍事",
    )
    _folder(what)
    how.add_argument("--budget", metavar="处数", type=_whole, help="至多改造几处;默认见规则 siting.budget")
    how.add_argument("--funds", metavar="万元", type=_amount, help="改造资金上限;不写则不限")
    how.add_argument("--keep", metavar="编号", type=_ids, default=(), help="须保留原用途的用房编号,用逗号或顿号隔开")
    how.add_argument("--retrofit", action="store_true", help="所缺硬件可花钱补装(按规则 siting.costs 的单价)")
    how.add_argument(
        "--floor", metavar="比例", type=_share, default=0.0, help="各村(社区)覆盖的保底比例,如 0.6 或 60%%"
    )
    how.add_argument("--plans", metavar="个数", type=_whole, default=10, help="列出几个备选方案;默认 10")
    _output(how, pictures=True)


def _output(group: argparse._ArgumentGroup, *, pictures: bool) -> None:
    if pictures:
        group.add_argument(
            "-o",
            "--output",
            metavar="文件夹",
            type=_either,
            help="存放表格、图和地图的文件夹;写成 .xlsx 或 .csv 则只存表格",
        )
        return
    group.add_argument(
        "-o", "--output", metavar="文件", type=_sheet, help="把完整结果存为 .xlsx(全部表)或 .csv(首张表)"
    )


def _options(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    group = parser.add_argument_group("选项")
    group.add_argument("-h", "--help", action="help", help="显示本说明")
    return group


def _documents(group: argparse._ArgumentGroup) -> None:
    """What published lists may leave open."""
    group.add_argument("--since", metavar="日期", type=_date, help="清单文档没有写明施行日期时用这一天,如 2025-07-01")
    group.add_argument("--meanings", metavar="说明.yaml", help="说明清单文档里认不出的列名、清单和乡镇的小文件")


def _folder(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "folder",
        metavar="资料",
        nargs="?",
        help="存放表格(及清单文档)的文件夹,或一个工作簿;不写则用内置示例县(示例数据)",
    )
    _documents(group)
    _streets(group)


def _streets(group: argparse._ArgumentGroup) -> None:
    """What streets and longitudes may leave open."""
    group.add_argument(
        "--streets",
        metavar="路网文件",
        help=".osm.pbf、.graphml、.gpkg、.shp、.geojson 等;不写则用资料文件夹里的那一个",
    )
    group.add_argument("--crs", metavar="坐标系", help="路网文件没有写明坐标系时用这一种,如 EPSG:4549")
    group.add_argument("--layer", metavar="图层", help="路网文件有几个图层时读哪一个")
    group.add_argument(
        "--coords",
        metavar="坐标系",
        type=_coords,
        default="wgs84",
        help="经度、纬度是哪种坐标:wgs84(默认)、cgcs2000、gcj02(高德、腾讯)或 bd09(百度)",
    )
