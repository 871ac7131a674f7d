"""Making a list: from the raw stock of a township to the published lists, in steps that cannot be skipped.

全量梳理 ``stock`` -> 归并凝练 ``condense`` (groups for a person), ``merge``, ``classify`` (which list) -> 三上三下
``send``, ``collect``, ``consult`` three times, ``disputes``, ``settle``, ``rounds`` -> 研究论证 ``checklist``, ``examine``
-> 审定发布 ``publish``. A draft carries its step; the wrong order is a LifecycleError naming the step that is missing.
``progress``, ``reduction`` and ``sentence`` say how far it has come. What goes out to a person goes by ``review.out``
with ``key=KEY`` and ``ask=MERGE``, ``HANDLING`` or ``questions()``, and comes back by ``review.back``.

The chapters: ``gathering``, ``alike``, ``merging``, ``opinions``, ``disputing``, ``examining``, ``publishing``, ``steps``.
"""

from __future__ import annotations

from .alike import condense
from .disputing import consult, disputes, settle
from .examining import checklist, criteria, examine, questions
from .gathering import stock
from .merging import MERGE, classify, merge, reduction, sentence
from .opinions import HANDLING, OPINION, OPINION_KEY, Returned, collect, rounds, send
from .publishing import Release, progress, publish
from .steps import KEY, STEPS

__all__ = [
    "HANDLING",
    "KEY",
    "MERGE",
    "OPINION",
    "OPINION_KEY",
    "STEPS",
    "Release",
    "Returned",
    "checklist",
    "classify",
    "collect",
    "condense",
    "consult",
    "criteria",
    "disputes",
    "examine",
    "merge",
    "progress",
    "publish",
    "questions",
    "reduction",
    "rounds",
    "send",
    "sentence",
    "settle",
    "stock",
]
