"""Published lists as web pages: a county's portal with layout tables, Word's own html, or a plain page."""

from __future__ import annotations

import re
from html import escape

from .model import Cell, Grid, Line, Paper

MENU = ("网站首页", "机构概况", "政务公开", "办事服务", "互动交流")
SIDE = ("政策文件", "权责清单", "履职事项清单", "财政预决算", "人事信息")
STYLE = {
    "title": "font-size:22pt;text-align:center;font-family:方正小标宋简体,SimSun",
    "cover": "font-size:26pt;text-align:center;font-family:方正小标宋简体,SimSun",
    "heading": "font-size:16pt;text-align:center;font-family:黑体,SimHei",
    "under": "text-align:center",
    "signature": "text-align:right",
}
MIDDLE = {"head", "serial", "title"}


def spans(cell: Cell) -> str:
    across = f' colspan="{cell.across}"' if cell.across > 1 else ""
    return across + (f' rowspan="{cell.down}"' if cell.down > 1 else "")


def table(grid: Grid) -> str:
    """A ruled table as portals write them: no thead, td for everything, &nbsp; in empty cells."""
    made = '<table class="wzbg" border="1" cellspacing="0" cellpadding="4" width="98%" align="center">\n'
    for row in grid.rows:
        made += "<tr>\n"
        for cell in row:
            inner = escape(cell.text).replace("\n", "<br/>") or "&nbsp;"
            if cell.role in {"head", "category", "title"}:
                inner = f"<strong>{inner}</strong>"
            align = ' align="center"' if cell.role in MIDDLE else ""
            made += f"<td{spans(cell)}{align} valign=middle>{inner}</td>\n"
        made += "</tr>\n"
    return made + "</table>\n"


def plain(block: Line | Grid) -> str:
    if isinstance(block, Grid):
        return table(block)
    if block.role == "break":
        return "<hr>\n"
    dots = f"……{block.page}" if block.role == "contents" else ""
    return f'<p style="{STYLE.get(block.role, "text-indent:2em")}">{escape(block.text)}{dots}</p>\n'


def nested(inside: str, title: str) -> str:
    """The page of a portal: menu, path and side menu in layout tables around the text, a footer below."""
    menu = "".join(f'<td width="20%" align="center"><a href="/{n}/">{name}</a></td>' for n, name in enumerate(MENU))
    side = "".join(f'<tr><td height="30">·<a href="/s/{n}/">{name}</a></td></tr>' for n, name in enumerate(SIDE))
    return f"""<table width="1000" align="center" border="0"><tr><td>
<table width="100%" class="nav"><tr>{menu}</tr></table>
</td></tr><tr><td height="28">您当前的位置：<a href="/">首页</a>&gt;&gt;政务公开&gt;&gt;履职事项清单</td></tr>
<tr><td><table width="100%" border="0"><tr>
<td width="160" valign="top"><table width="100%"><tr><td><b>栏目导航</b></td></tr>{side}</table></td>
<td valign="top"><table width="100%" border="0"><tr><td align="center" class="biaoti"><h1>{title}</h1></td></tr>
<tr><td align="center">发布日期：2025-06-30　　浏览次数：<span id="hits">128</span>次　　字号：[<a>大</a> <a>中</a> <a>小</a>]</td></tr>
<tr><td class="zhengwen"><div id="zoom">
{inside}</div></td></tr>
<tr><td align="right"><a href="javascript:window.print()">打印本页</a>　<a href="javascript:window.close()">关闭窗口</a></td></tr>
</table></td></tr></table></td></tr>
<tr><td><table width="100%" class="foot"><tr><td align="center">主办：青禾县人民政府办公室（示例数据，内容虚构）　网站标识码：0000000000</td></tr>
<tr><td align="center">联系我们 | 网站地图 | 版权声明</td></tr></table></td></tr></table>
<script type="text/javascript">var t="<table><tr><td>序号</td></tr></table>";document.title=document.title;</script>
"""


# --- as Word saves it


def wrapped(text: str) -> str:
    """Word breaks its source lines where it likes, also between Chinese characters."""
    return re.sub(r"(.{38})(?=.)", r"\1\n", text)


def words(text: str) -> str:
    """Text with Latin letters and digits in spans of their own."""
    pieces = re.split(r"([A-Za-z0-9.]+)", text)
    made = ""
    for piece in pieces:
        if not piece:
            continue
        latin = bool(re.fullmatch(r"[A-Za-z0-9.]+", piece))
        lang = " lang=EN-US" if latin else ""
        made += f"<span{lang} style='font-size:10.5pt;font-family:仿宋_GB2312'>{wrapped(escape(piece))}</span>"
    return made


def word_line(text: str, align: str = "left") -> str:
    if not text:
        return "<p class=MsoNormal><span lang=EN-US style='font-size:10.5pt'><o:p>&nbsp;</o:p></span></p>\n"
    inner = "<span lang=EN-US><br>\n</span>".join(words(t) for t in text.split("\n"))
    return (
        f"<p class=MsoNormal align={align} style='text-align:{align}'>{inner}<span\nlang=EN-US><o:p></o:p></span></p>\n"
    )


def word_table(grid: Grid) -> str:
    made = "<div align=center>\n\n<table class=MsoTableGrid border=1 cellspacing=0 cellpadding=0\n style='border-collapse:collapse;border:none;mso-yfti-tbllook:1184'>\n"
    for r, row in enumerate(grid.rows):
        head = "<thead>\n" if r == 0 else ""
        made += f"{head} <tr style='mso-yfti-irow:{r}{';page-break-inside:avoid' if r < grid.heads else ''}'>\n"
        for cell in row:
            align = "center" if cell.role in MIDDLE else "left"
            attributes = spans(cell).replace('"', "")
            made += f"  <td{attributes} style='border:solid windowtext 1.0pt;mso-border-alt:solid windowtext .5pt;\n  padding:0cm 5.4pt 0cm 5.4pt'>\n  {word_line(cell.text, align)}  </td>\n"
        made += " </tr>\n" + ("</thead>\n" if r == grid.heads - 1 else "")
    return made + "</table>\n\n</div>\n\n"


def word_page(paper: Paper) -> str:
    head = """<html xmlns:v="urn:schemas-microsoft-com:vml"
xmlns:o="urn:schemas-microsoft-com:office:office"
xmlns:w="urn:schemas-microsoft-com:office:word"
xmlns="http://www.w3.org/TR/REC-html40">

<head>
<meta http-equiv=Content-Type content="text/html; charset=utf-8">
<meta name=ProgId content=Word.Document>
<meta name=Generator content="Microsoft Word 15">
"""
    mso = """<!--[if gte mso 9]><xml>
 <o:DocumentProperties><o:Author>示例数据</o:Author><o:Pages>6</o:Pages></o:DocumentProperties>
</xml><![endif]-->
<style>
<!--
 p.MsoNormal {margin:0cm;text-align:justify;font-size:16.0pt;font-family:仿宋_GB2312;}
 @page WordSection1 {size:595.3pt 841.9pt;margin:104.9pt 73.7pt 99.2pt 79.4pt;}
 div.WordSection1 {page:WordSection1;}
-->
</style>
"""
    body = ""
    for block in paper.blocks():
        if isinstance(block, Grid):
            body += word_table(block)
        else:
            align = "left" if block.role in {"body", "note", "contents"} else "center"
            body += word_line(block.text + (f"……{block.page}" if block.role == "contents" else ""), align)
    return f"{head}<title>{paper.title}</title>\n{mso}</head>\n\n<body lang=ZH-CN>\n\n<div class=WordSection1>\n\n{body}</div>\n\n</body>\n\n</html>\n"


def html(paper: Paper) -> bytes:
    """The page's bytes."""
    if "word_html" in paper.quirks:
        return word_page(paper).encode("utf-8")
    inside = "".join(plain(block) for block in paper.blocks())
    if "nested" in paper.quirks:
        inside = nested(inside, escape(paper.title))
    charset = "gb2312" if "gb18030" in paper.quirks else "utf-8"
    page = f"""<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN">
<html><head><meta http-equiv="Content-Type" content="text/html; charset={charset}" />
<title>{escape(paper.title)}-青禾县人民政府</title>
<style>.wzbg td{{font-size:14px;line-height:1.6}}</style></head>
<body>
{inside}</body></html>
"""
    return page.encode("gb18030" if "gb18030" in paper.quirks else "utf-8")
