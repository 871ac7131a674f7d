"""What a person would mark between two texts: clauses first, then words, never confetti."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .. import rules

Piece = tuple[str, str]  # (equal | delete | insert, text)
CLAUSE = re.compile(r"[^；;。\n]*[；;。\n]+|[^；;。\n]+")
NUMBER = re.compile(r"\s*[(（]?(?:\d+|[０-９]+|[一二三四五六七八九十]+)[)）.．、]\s*|\s*[①-⑳]\s*")
END = re.compile(r"[；;。\n\s]*$")
TOKEN = re.compile(
    r"《[^《》]*》"  # the name of a law
    r"|[县市区省](?![级域直])[\u4e00-\u9fff]{1,8}?(?:局|委员会|办公室|部(?![门分位署队]))"  # a department
    r"|[〔\[\uff3b]\d{4}[〕\]\uff3d]\d+号"  # the number of a document
    r"|\d{4}年(?:\d{1,2}月(?:\d{1,2}日)?)?"
    r"|[0-9０-９]+(?:[.,．][0-9０-９]+|\uff0c[0-9０-９]{3}(?![0-9０-９]))*[%％‰]?"
    r"|[A-Za-z\uff21-\uff3a\uff41-\uff5a]+(?:[-'\uff0d][A-Za-z\uff21-\uff3a\uff41-\uff5a]+)*"
    r"|\s+|.",
    re.S,
)
FIGURE = re.compile(r"[0-9０-９.,\uff0c．%％‰]+")
MOST = 40_000  # pairs of clauses compared; beyond, the texts are compared as one


def marked(old: str, new: str) -> list[Piece]:
    """The pieces (op, text) of ``old`` and ``new``: equal, delete, insert; a deletion stands before its insertion.

    Duties (clauses up to ；。 or a line break) are paired first, then compared by words: numbers, dates, latin words,
    departments and 《law names》 stay whole; equal islands as short as ``redline.island`` or shorter than the edits on both sides
    are part of the edit; a duty of whose words less than ``redline.alike`` is kept is replaced whole. Without the inserts
    the pieces are ``old``, without the deletions ``new``; none is empty and no two neighbours have the same op.

    What it does not show: a duty that changed its place is deleted there and inserted here.

    >>> marked("不少于45户", "不少于60户")
    [('equal', '不少于'), ('delete', '45'), ('insert', '60'), ('equal', '户')]
    """
    a, b = CLAUSE.findall(old), CLAUSE.findall(new)
    head = _same(a, b)
    tail = _same(a[head:][::-1], b[head:][::-1])
    middle = _between(a[head : len(a) - tail], b[head : len(b) - tail])
    return joined([("equal", "".join(a[:head])), *middle, ("equal", "".join(a[len(a) - tail :]))])


def names(old: str, new: str) -> list[Piece]:
    """The pieces of two lists of names joined by 、: each name whole.

    >>> names("县民政局", "县财政局、县民政局")
    [('insert', '县财政局、'), ('equal', '县民政局')]
    """
    a, b = (re.findall(r"[^、]+|、", text) for text in (old, new))
    return joined(piece for left, right, same in _edits(a, b) for piece in _pieces(left, right, same))


def joined(pieces: Iterable[Piece]) -> list[Piece]:
    """``pieces`` without empty ones, those that touch gathered: at most one deletion, then one insertion, in a row.

    >>> joined([("insert", "甲"), ("delete", "乙"), ("equal", ""), ("insert", "丙")])
    [('delete', '乙'), ('insert', '甲丙')]
    """
    runs: list[dict[str, str]] = []
    for op, text in pieces:
        if text:
            if not runs or ("equal" in runs[-1]) != (op == "equal"):
                runs.append({"equal": ""} if op == "equal" else {"delete": "", "insert": ""})
            runs[-1][op] += text
    return [(op, text) for run in runs for op, text in run.items() if text]


def _same(a: Sequence[str], b: Sequence[str]) -> int:
    """How many first clauses are the same."""
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _between(a: list[str], b: list[str]) -> list[Piece]:
    """Pieces of two runs of clauses that begin and end differently."""
    if not a or not b or len(a) * len(b) > MOST:
        return _fine("".join(a), "".join(b))
    out: list[Piece] = []
    i = j = 0
    for x, y in [*_paired(a, b), (len(a), len(b))]:
        gone, come = a[i:x], b[j:y]
        if len(gone) == len(come):
            out += [piece for one, other in zip(gone, come, strict=True) for piece in _fine(one, other)]
        else:
            out += _fine("".join(gone), "".join(come))
        if x < len(a):
            out += _fine(a[x], b[y])
        i, j = x + 1, y + 1
    return out


def _paired(a: list[str], b: list[str]) -> list[tuple[int, int]]:
    """Positions of clauses that are the same duty, in order: the best sum of similarities."""
    if len(a) == len(b) == 1:
        return [(0, 0)]
    left, right = [*map(_body, a)], [*map(_body, b)]
    alike = [[_alike(x, y) for y in right] for x in left]
    best = [[0.0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            pair = alike[i][j] and alike[i][j] + best[i + 1][j + 1]
            best[i][j] = max(best[i + 1][j], best[i][j + 1], pair)
    out, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        if alike[i][j] and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
            out.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return out


def _cut(clause: str) -> tuple[str, str, str]:
    """Numbering, words and closing mark of a clause."""
    found = NUMBER.match(clause)
    start = found.end() if found else 0
    end = max(END.search(clause).start(), start)  # type: ignore[union-attr]
    return clause[:start], clause[start:end], clause[end:]


def _body(clause: str) -> str:
    return _cut(clause)[1] or clause


def _alike(x: str, y: str) -> float:
    """Likeness of two duties from 0 to 1; 0 below ``redline.alike``. One that contains the other counts as alike."""
    from rapidfuzz import fuzz

    least, contained = rules.value("redline.alike"), rules.value("redline.contained")
    score = fuzz.ratio(x, y, score_cutoff=least * 100) / 100
    if not score and x and y:
        head = _same(x, y)
        kept = head + _same(x[head:][::-1], y[head:][::-1])
        score = kept / min(len(x), len(y)) * least if kept >= min(len(x), len(y)) * contained else 0
    return score


def _fine(old: str, new: str) -> list[Piece]:
    """Pieces by words; a text of which little is kept is replaced whole but for its numbering and closing mark."""
    if old == new:
        return [("equal", old)]
    if not old or not new:
        return [("delete", old), ("insert", new)]
    (number, words, end), (number_new, words_new, end_new) = _cut(old), _cut(new)
    a, b = TOKEN.findall(words), TOKEN.findall(words_new)
    edits = _smooth(_edits(a, b))
    kept = sum(len(TOKEN.findall(text)) for text, _, same in edits if same)
    if kept < min(len(a), len(b)) * rules.value("redline.alike") or not kept:
        edits = [(words, words_new, False)]
        if number != number_new:
            number, number_new, edits = "", "", [(number + words, number_new + words_new, False)]
    edits = [*_edits(*map(TOKEN.findall, (number, number_new))), *edits, (end, end_new, end == end_new)]
    return [piece for left, right, same in edits for piece in _pieces(left, right, same)]


def _pieces(old: str, new: str, same: bool) -> list[Piece]:
    return [("equal", old)] if same else [("delete", old), ("insert", new)]


Edit = tuple[str, str, bool]  # text before, text after, whether they are the same


def _edits(a: list[str], b: list[str]) -> list[Edit]:
    """Runs of tokens kept or replaced, by turns."""
    from rapidfuzz.distance import Indel

    out: list[Edit] = []
    for step in Indel.opcodes(a, b):
        left, right = "".join(a[step.src_start : step.src_end]), "".join(b[step.dest_start : step.dest_end])
        same = step.tag == "equal"
        if out and out[-1][2] == same:
            left, right = out[-1][0] + left, out[-1][1] + right
            out.pop()
        out.append((left, right, same))
    return out


def _smooth(edits: list[Edit]) -> list[Edit]:
    """``edits`` with the islands gone that only chance kept: an edit swallows what is too short to stand alone."""
    out: list[Edit] = []
    for edit in edits:
        out.append(edit)
        while len(out) > 2 and not out[-1][2] and not out[-3][2] and _drowned(*out[-3:]):
            left, island, right = out[-3:]
            out[-3:] = [(left[0] + island[0] + right[0], left[1] + island[1] + right[1], False)]
    return out


def _drowned(left: Edit, island: Edit, right: Edit) -> bool:
    """Whether an island is part of the edit around it; two numbers changed apart stay apart."""
    if all(FIGURE.fullmatch(text) for edit in (left, right) for text in edit[:2]):
        return False
    size = len(island[0])
    return size <= rules.value("redline.island") or size <= min(max(map(len, edit[:2])) for edit in (left, right))
