"""归并凝练: which lines of the stock say the same, as groups for a person to merge."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .. import rules
from .steps import duties, enter, joined, typed

GROUPS = {
    "township": "str",
    "item": "str",
    "name": "str",
    "department": "str",
    "office": "str",
    "count": "int64",
    "cluster": "str",
    "representative": "str",
    "score": "float64",
    "reason": "str",
}
_CHUNK = 500  # lines compared at once: bounds the block of scores
_COMMON = 1_000  # in a large stock, a word in more lines than this does not bring two of them together
_NEAREST = 60  # lines looked at for each line: bounds the groups of a stock made of one phrase


def cores(names: Iterable[str]) -> list[str]:
    """Each name without punctuation and without the words that say nothing about the duty.

    >>> cores(["负责本辖区河道日常巡查、保洁等工作", "开展工作"])
    ['河道日常巡查保洁', '开展工作']
    """
    openers = "|".join(sorted(rules.value("drafting.openers"), key=len, reverse=True))
    first = re.compile(rf"(?:^|(?<=[、,;。]))(?:{openers})+")
    fillers = re.compile("|".join(sorted(rules.value("drafting.fillers"), key=len, reverse=True)))
    found = []
    for name in names:
        text = re.sub(r"\s+", "", unicodedata.normalize("NFKC", name))
        bare = _letters(fillers.sub("", first.sub("", fillers.sub("", first.sub("", text)))))
        found.append(bare if len(bare) >= 3 else _letters(text))
    return found


def _letters(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


def pairs(texts: Sequence[str], least: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(i, j, score) of every two different ``texts`` alike by at least ``least``, i < j.

    score : the mean of the cosine of one- and two-character TF-IDF and of rapidfuzz's ratio of the texts, or of their
    characters in order, so that a change of word order costs little.
    """
    from rapidfuzz import fuzz
    from sklearn.feature_extraction.text import TfidfVectorizer

    none = np.empty(0, int), np.empty(0, int), np.empty(0)
    if len(texts) < 2 or not any(len(t) > 1 for t in texts):
        return none
    most = _COMMON if len(texts) > 5 * _COMMON else 1.0
    words = TfidfVectorizer(analyzer="char", ngram_range=(2, 2), sublinear_tf=True, max_df=most).fit_transform(texts)
    both = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True).fit_transform(texts)
    left, right = _candidates(words.tocsr())
    if not len(left):
        return none
    cosine = np.concatenate(
        [
            np.asarray(both[left[at : at + 100_000]].multiply(both[right[at : at + 100_000]]).sum(axis=1)).ravel()
            for at in range(0, len(left), 100_000)
        ]
    )
    near = cosine + 1 >= 2 * least
    left, right, cosine = left[near], right[near], cosine[near]
    reordered = rules.value("drafting.reordered")
    sorted_ = ["".join(sorted(t)) for t in texts]
    ratio = np.array(
        [
            max(fuzz.ratio(texts[i], texts[j]), reordered * fuzz.ratio(sorted_[i], sorted_[j])) / 100
            for i, j in zip(left, right, strict=True)
        ]
    )
    score = ((cosine + ratio) / 2).round(4)
    kept = score >= least
    return left[kept], right[kept], score[kept]


def _candidates(words: Any) -> tuple[np.ndarray, np.ndarray]:
    """Pairs i < j whose two-character words have a cosine of at least ``drafting.looked``, the _NEAREST of each text."""
    size, turned = words.shape[0], words.T.tocsr()
    least, codes = rules.value("drafting.looked"), []
    for start in range(0, size, _CHUNK):
        block = (words[start : start + _CHUNK] @ turned).tocsr()
        block.data[block.data < least] = 0
        block.eliminate_zeros()
        for row in range(block.shape[0]):
            span = slice(block.indptr[row], block.indptr[row + 1])
            found, data = block.indices[span].astype(np.int64), block.data[span]
            if len(found) > _NEAREST:
                found = found[np.lexsort((found, -data))[:_NEAREST]]
            found = found[found != start + row]
            codes.append(np.minimum(found, start + row) * size + np.maximum(found, start + row))
    whole = np.unique(np.concatenate(codes))
    return whole // size, whole % size


def clusters(count: int, edges: tuple[np.ndarray, np.ndarray, np.ndarray]) -> list[list[int]]:
    """Groups of two or more out of ``count`` texts, in which every two are joined by an edge; best pairs first.

    Complete linkage: a chain 甲~乙~丙 does not bring 甲 and 丙 together unless they are alike themselves.

    >>> clusters(4, (np.array([0, 1]), np.array([1, 2]), np.array([0.9, 0.8])))
    [[0, 1]]
    """
    near: list[set[int]] = [set() for _ in range(count)]
    for i, j in zip(edges[0].tolist(), edges[1].tolist(), strict=True):
        near[i].add(j)
        near[j].add(i)
    owner = list(range(count))
    members = {n: [n] for n in range(count) if near[n]}
    for at in np.lexsort((edges[1], edges[0], -edges[2])).tolist():
        a, b = sorted((owner[int(edges[0][at])], owner[int(edges[1][at])]))
        if a != b and near[a].issuperset(members[b]):
            near[a] &= near[b]  # what is alike to all members of both
            for m in members[b]:
                owner[m] = a
            members[a] += members.pop(b)
    return [sorted(m) for m in members.values() if len(m) > 1]


def condense(draft: pd.DataFrame) -> pd.DataFrame:
    """The lines that seem to say the same, as groups for a person to merge or not; nothing is merged here.

    Within a township, lines are grouped where every two of a group score at least ``drafting.alike`` (complete
    linkage: no chains), or ``drafting.alike_apart`` where both name departments and share none. Exact duplicates are a
    group of their own or part of one, at score 1.

    Returns one row per grouped line, the representative (the line nearest to all others of its group) first:
    township, item, name, department, office, count, cluster (G0001 on), representative (its item id), score (0-1, to
    the representative), reason (Chinese: same text, or score, shared words, departments). Lines in no group are not
    listed; titles and blanks take no part. Send it out with ``review.out(groups, ..., key=KEY, ask=MERGE)``.
    Raises LifecycleError before 全量梳理.

    What the score does not show: likeness of wording is not likeness of duty: 小学 and 初中 differ by one word.

    >>> from governance.drafting import stock
    >>> raw = pd.DataFrame({"text": ["开展河道巡查保洁工作", "负责河道巡查、保洁", "受理低保申请"]})
    >>> condense(stock(raw, "栎桥镇"))[["item", "cluster", "representative"]].values.tolist()
    [['L0001', 'G0001', 'L0001'], ['L0002', 'G0001', 'L0001']]
    """
    enter(draft, "merged")
    rows = duties(draft).reset_index(drop=True)
    parts = [_grouped(own.reset_index(drop=True)) for _, own in rows.groupby("township", sort=False)]
    whole = pd.concat([p for p in parts if len(p)], ignore_index=True) if any(map(len, parts)) else pd.DataFrame()
    if len(whole):
        numbers, _ = pd.factorize(pd.MultiIndex.from_frame(whole[["township", "representative"]]))
        whole["cluster"] = [f"G{n + 1:04d}" for n in numbers]
    return typed(whole, GROUPS)


def _grouped(rows: pd.DataFrame) -> pd.DataFrame:
    """The groups of one township's duties."""
    texts, bodies = cores(rows["name"]), [_bodies(d) for d in rows["department"]]
    nodes, kinds = pd.factorize(pd.Series(list(zip(texts, map("、".join, map(sorted, bodies)), strict=True))))
    owned = [set(filter(None, kind[1].split("、"))) for kind in kinds]
    left, right, score = pairs([kind[0] for kind in kinds], rules.value("drafting.alike"))
    apart = np.array(
        [bool(owned[i] and owned[j] and not owned[i] & owned[j]) for i, j in zip(left, right, strict=True)]
    )
    kept = ~apart.astype(bool) | (score >= rules.value("drafting.alike_apart"))
    left, right, score = left[kept], right[kept], score[kept]
    scores = dict(zip(zip(left.tolist(), right.tolist(), strict=True), score.tolist(), strict=True))
    groups = clusters(len(kinds), (left, right, score))
    lone = set(range(len(kinds))) - {n for g in groups for n in g}
    lines: list[list[int]] = [[] for _ in kinds]
    for at, node in enumerate(nodes.tolist()):
        lines[node].append(at)
    groups += [[n] for n in lone if len(lines[n]) > 1]
    out = []
    for group in sorted(groups, key=lambda g: min(lines[n][0] for n in g)):
        head = _medoid(group, scores, [len(lines[n]) for n in group])
        first = lines[head][0]
        for node in [head, *(n for n in group if n != head)]:
            near = 1.0 if node == head else scores[min(node, head), max(node, head)]
            for at in lines[node]:
                out.append((at, first, near, _reason(rows, texts, (first, at), near)))
    found = rows.iloc[[o[0] for o in out]].reset_index(drop=True)
    return found.assign(
        representative=rows["item"].iloc[[o[1] for o in out]].to_numpy(object),
        score=[o[2] for o in out],
        reason=[o[3] for o in out],
    )


def _bodies(value: object) -> set[str]:
    return {p for p in value.split("、") if p} if isinstance(value, str) else set()


def _medoid(group: Sequence[int], scores: Mapping[tuple[int, int], float], weights: Sequence[int]) -> int:
    """The member nearest to all lines of the group; of equals the first."""
    near = [
        sum(w * (1.0 if a == b else scores[min(a, b), max(a, b)]) for b, w in zip(group, weights, strict=True))
        for a in group
    ]
    return group[max(range(len(group)), key=lambda n: (round(near[n], 9), -n))]


def _reason(rows: pd.DataFrame, texts: Sequence[str], two: tuple[int, int], score: float) -> str:
    first, at = two
    if first == at:
        return "本组代表表述"
    names, bodies = rows["name"], rows["department"]
    if names.iloc[first] == names.iloc[at]:
        said = ["文字完全相同"]
    elif texts[first] == texts[at]:
        said = ["只差“开展”“工作”一类虚词"]
    else:
        shared = _shared(texts[first], texts[at])
        words = "”“".join(t if len(t) <= 12 else f"{t[:12]}…" for t in shared)
        said = [f"相似度 {score:.2f}", *([f"共有“{words}”"] if words else [])]
    a, b = _bodies(bodies.iloc[first]), _bodies(bodies.iloc[at])
    if a and b:
        said.append(f"同属{joined(sorted(a & b), '、')}" if a & b else f"部门不同({'、'.join(sorted(b))})")
    return ";".join(said)


def _shared(a: str, b: str) -> list[str]:
    """The longest stretches of two or more characters that stand in both texts, at most four."""
    found: list[str] = []
    spans = sorted(
        {a[i:j] for i in range(len(a)) for j in range(i + 2, len(a) + 1)}, key=lambda t: (-len(t), a.find(t))
    )
    for span in spans:
        if span in b and not any(span in f for f in found):
            found.append(span)
    return found[:4]
