"""Task text to list item: which duty is this task about, and how sure are we."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import sparse

from . import rules
from .errors import require

TOP = 3
CHUNK = 20_000  # tasks scored at once: bounds the dense block of scores


def _clean(text: str) -> str:
    """Letters and Han characters only, in NFKC: figures and punctuation say nothing about the duty."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalpha())


def _items(items: pd.DataFrame) -> pd.DataFrame:
    """One row per (township, item), whatever the number of its dated versions, sorted by id."""
    columns = ["township", "item", "name", "department", "department_duty", "township_duty", "method", "list_kind"]
    dated = items.sort_values("since", kind="stable") if "since" in items else items  # the newest wording speaks
    listed = dated.reindex(columns=columns).drop_duplicates(["township", "item"], keep="last")
    return listed.sort_values(["township", "item"], kind="stable", ignore_index=True)


def _vectors(
    names: pd.Series, duties: pd.Series, texts: Iterable[str]
) -> tuple[sparse.csr_array, sparse.csr_array, np.ndarray]:
    """TF-IDF rows of items (name and duties, the name half again) and of tasks, and which columns are two-character
    words; IDF learnt from items alone, so that a task's score does not change when other tasks join the ledger."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    model = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True, preprocessor=_clean)
    whole = model.fit_transform(names + duties)
    both = sparse.csr_array(0.5 * model.transform(names) + whole)
    length = np.sqrt(both.multiply(both).sum(axis=1))
    scaled = sparse.diags_array(1 / np.where(length > 0, length, 1)) @ both
    words = np.array([len(gram) == 2 for gram in model.get_feature_names_out()])
    return sparse.csr_array(scaled), sparse.csr_array(model.transform(texts)), words


def _same_sender(senders: np.ndarray, departments: np.ndarray) -> np.ndarray:
    """tasks x items: is the sender one of the departments that the item names?"""
    named, codes = np.unique(senders, return_inverse=True)
    owned = [set(str(d).split("、")) for d in departments]
    return np.array([[s in own for own in owned] for s in named], dtype=bool).reshape(len(named), -1)[codes]


def _best(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The TOP columns of each row and their scores; equal scores go by item id, absent ones to -1."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
    found = np.take_along_axis(scores, order, axis=1)
    pad = TOP - order.shape[1]
    order = np.pad(order, ((0, 0), (0, pad)), constant_values=-1)
    found = np.pad(found, ((0, 0), (0, pad)))
    return np.where(found > 0, order, -1), found


def match(tasks: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """The tasks, each with the three nearest items of its own township's lists.

    Character 1-2-gram TF-IDF cosine between the task's text and the item (name and duties, the name
    counting half again), times ``1 + matching.sender_bonus`` where the sender is a department the item names,
    at most 1. Dates are not looked at here: which version was in force is for ``shifting.judge``.

    tasks : task, department, township, text (and whatever else, kept as it is).
    items : item, township, name; department, department_duty, township_duty, method, list_kind where there are any.

    Returns the task columns, same rows and index, and item, item_name, score (0-1), band, item_2, score_2,
    item_3, score_3. Band: ``matched`` from ``matching.accept`` on; ``absent`` below ``matching.floor``, or where
    no item shares a character with the text; else ``doubtful``. Doubtful too: a text shorter than
    ``matching.shortest``, fewer than ``matching.shared`` two-character words in common, and a runner-up on another list within ``matching.lead`` of the best (relative), since
    the verdict would hang on it. Raises TableError naming the columns missing.

    What the score does not show: likeness of wording is not likeness of duty; a person confirms
    what is doubtful, and a matched pair may still be wrong.

    >>> items = pd.DataFrame({"township": "甲镇", "item": ["J1", "S1"], "department": ["县水利局", "县教育局"],
    ...                       "name": ["开展河道日常巡查和保洁", "校外培训机构资质审查"]})
    >>> tasks = pd.DataFrame({"task": ["1", "2"], "department": "县水利局", "township": "甲镇",
    ...                       "text": ["请立即巡河,清理河道漂浮物,做好保洁", "下载应用程序并点赞"]})
    >>> match(tasks, items)[["task", "item", "band"]].fillna("").values.tolist()
    [['1', 'J1', 'matched'], ['2', '', 'absent']]
    """
    require(tasks, ["task", "department", "township", "text"], "任务台账")
    require(items, ["item", "township", "name"], "履职事项清单")
    listed = _items(items)
    text = tasks["text"].fillna("").astype(str)
    place, score, shared = np.full((len(tasks), TOP), -1), np.zeros((len(tasks), TOP)), np.zeros(len(tasks), int)
    if len(listed) and len(tasks):
        place, score, shared = _rank(tasks, text, listed)
    out = tasks.copy()
    best = np.where(place < 0, len(listed), place)
    ids = np.append(listed["item"].to_numpy(object), np.nan)
    names = np.append(listed["name"].to_numpy(object), np.nan)
    out["item"] = pd.array(ids[best[:, 0]], dtype="str")
    out["item_name"] = pd.array(names[best[:, 0]], dtype="str")
    out["score"] = score[:, 0]
    out["band"] = pd.array(_bands(text, listed, place, score, shared), dtype="str")
    for k in range(1, TOP):
        out[f"item_{k + 1}"] = pd.array(ids[best[:, k]], dtype="str")
        out[f"score_{k + 1}"] = score[:, k]
    return out


def _bands(
    text: pd.Series, listed: pd.DataFrame, place: np.ndarray, score: np.ndarray, shared: np.ndarray
) -> np.ndarray:
    best = score[:, 0]
    short = text.map(lambda t: len(_clean(t))).to_numpy() < rules.value("matching.shortest")
    kinds = np.append(listed["list_kind"].astype("str").fillna("").to_numpy(object), "")[place[:, :2]]
    close = score[:, 1] > best * (1 - rules.value("matching.lead"))
    weak = close & (kinds[:, 0] != kinds[:, 1]) | (shared < rules.value("matching.shared"))
    absent, accepted = best < rules.value("matching.floor"), best >= rules.value("matching.accept")
    return np.select([short, absent, accepted & ~weak], ["doubtful", "absent", "matched"], "doubtful")


def _rank(tasks: pd.DataFrame, text: pd.Series, listed: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row numbers in ``listed`` and scores of each task's TOP items, township by township, and how many
    two-character words it shares with the first."""
    duties = listed[["department_duty", "township_duty", "method"]].astype("str").fillna("").agg("".join, axis=1)
    docs = pd.DataFrame({"name": listed["name"].fillna("").astype(str), "duty": duties})
    doc_of, unique = pd.factorize(pd.MultiIndex.from_frame(docs))
    text_of, texts = pd.factorize(text)
    item_rows, task_rows, words = _vectors(
        pd.Series(unique.get_level_values(0)), pd.Series(unique.get_level_values(1)), texts
    )
    bonus = 1 + rules.value("matching.sender_bonus")
    place = np.full((len(tasks), TOP), -1)
    score = np.zeros((len(tasks), TOP))
    senders, departments = tasks["department"].to_numpy(object), listed["department"].fillna("").to_numpy(object)
    groups = listed.groupby("township", sort=False).indices
    for township, rows in tasks.groupby("township", sort=False).indices.items():
        own = groups.get(township)
        if own is None:
            continue
        target = item_rows[doc_of[own]].T.tocsc()
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            alike = (task_rows[text_of[part]] @ target).toarray()
            same = _same_sender(senders[part].astype(str), departments[own])
            alike = np.minimum(np.where(same, alike * bonus, alike), 1).round(6)
            best, found = _best(alike)
            place[part] = np.where(best >= 0, own[best], -1)
            score[part] = found
    first = item_rows[doc_of[np.maximum(place[:, 0], 0)]][:, words]
    both = task_rows[text_of][:, words].multiply(first)
    return place, score, np.where(place[:, 0] < 0, 0, (both > 0).sum(axis=1))
