"""However a document is damaged, it is refused in words, or what is missing is told: never a shorter list in silence."""

from __future__ import annotations

import os
from pathlib import Path

import damage
import published
import pytest

from governance.documents import check

TIMES = int(os.environ.get("DAMAGED", "40"))  # documents of each kind; DAMAGED=200 makes a thousand
ITEMS = published.some(8)
LOUD = ("doc_count", "doc_jump", "doc_blank")  # what says that something is missing; the rest is looked at anyway
KINDS = ("docx", "xlsx", "xls", "html", "pdf")


def whole(kind: str) -> bytes:
    """A small list that declares its counts in its title and category rows, as published ones do."""
    return published.small(kind, layout=next(iter(published.LAYOUTS)), items=ITEMS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_document_is_refused_or_tells_what_is_missing(kind: str, tmp_path: Path) -> None:
    content = whole(kind)
    path = tmp_path / f"甲镇履行职责事项清单.{kind}"
    path.write_bytes(content)
    sound = check(path, since="2025-07-01")
    assert len(sound.items) == len(ITEMS)
    assert sound.problems.empty, sound.problems
    silent = []
    for seed in range(TIMES):
        harm = damage.damages(content, kind, seed)
        path.write_bytes(harm.content)
        found = check(path, since="2025-07-01")
        files = found.files.iloc[0]
        assert files["read"] == files["kept"] + files["rejected"], (seed, harm.did)
        loud = (found.problems["level"] != "look") | found.problems["code"].isin(LOUD)
        if len(found.items) < len(ITEMS) and not loud.any():
            silent.append((seed, harm.did, len(found.items)))
    assert silent == []
