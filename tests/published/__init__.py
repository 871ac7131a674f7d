"""The demo county's twelve lists as published documents, made on purpose with the quirks of real ones.

write(folder) -> paths; truth() -> the answer key; declared() -> the counts they declare (some wrong, planted);
small(kind, layout=..., quirks=..., items=...) -> bytes of a small document; some(n) -> a few items for it.
"""

from __future__ import annotations

from .county import SPECS, WRONG, Spec, declared, keys, local, made, rewordings, small, some, truth, write, written
from .layouts import LAYOUTS, Layout, key, paper
from .quirks import QUIRKS

__all__ = [
    "LAYOUTS",
    "QUIRKS",
    "SPECS",
    "WRONG",
    "Layout",
    "Spec",
    "declared",
    "key",
    "keys",
    "local",
    "made",
    "paper",
    "rewordings",
    "small",
    "some",
    "truth",
    "write",
    "written",
]
