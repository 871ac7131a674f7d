"""One Chinese line for what stops a command: a file that cannot be read or written, or what nobody foresaw."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path


def unexpected(fault: Exception) -> str:
    """A line to send on: the kind of error, its words, and where in the program it was.

    >>> unexpected(ValueError("a  b"))
    '程序遇到意外问题,没有完成。请把这一行和所用的命令发给维护者:ValueError: a b'
    """
    frames = traceback.extract_tb(fault.__traceback__)
    where = f" ({Path(frames[-1].filename).name} 第{frames[-1].lineno}行)" if frames else ""
    words = " ".join(str(fault).split())[:200]
    return f"程序遇到意外问题,没有完成。请把这一行和所用的命令发给维护者:{type(fault).__name__}: {words}{where}"


def blocked(fault: OSError) -> str:
    """Which file the system refused, and why, as far as it says.

    >>> blocked(FileNotFoundError(2, "", "甲.xlsx"))
    '找不到“甲.xlsx”'
    """
    name = f"“{fault.filename}”" if fault.filename else ""
    if isinstance(fault, PermissionError):
        return f"不能读写{name}:没有权限,或文件正被 Excel、WPS 等程序打开"
    if isinstance(fault, FileNotFoundError):
        return f"找不到{name}"
    if isinstance(fault, (IsADirectoryError, NotADirectoryError, FileExistsError)):
        return f"{name}不是所要的文件或文件夹"
    return f"不能读写{name}:磁盘已满、路径有误或设备不可用(错误号 {fault.errno})"


def speak() -> None:
    """Let the terminal take Chinese: keep its encoding if that has it, else UTF-8; never fail on a character."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            try:
                "中".encode(stream.encoding or "ascii")
                stream.reconfigure(errors="replace")
            except (UnicodeEncodeError, LookupError):
                stream.reconfigure(encoding="utf-8", errors="replace")
