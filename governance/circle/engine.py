"""Which engine counts: compiled code (numba, the extra ``fast``) or scipy. The answers are the same to the last unit.

numba is never loaded at import. Small searches are scipy's, since loading the compiled code costs more than it saves;
middling ones are compiled code's only where it is already compiled on this machine; large ones always.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from types import ModuleType

# so many (node, service) pairs cost scipy as long as loading numba and its cache (1 CPU s), or as compiling (5 CPU s)
LOADED_FROM, COMPILED_FROM = 2_000_000, 8_000_000
FORCED = ""  # "numba" or "scipy" for tests and benchmarks; "" chooses by size


def compiled(part: str, pairs: int) -> ModuleType | None:
    """The chapter of compiled code where it should count, None where scipy should.

    part : the function of ``kernel`` that is wanted. pairs : how many (node, service or place) pairs it would label.

    >>> compiled("sweep", 10) is None or "governance.circle.kernel" in sys.modules
    True
    """
    name = f"{__package__}.kernel"
    if FORCED == "scipy" or (FORCED != "numba" and pairs < LOADED_FROM and name not in sys.modules):
        return None
    if find_spec("numba") is None:
        return None
    try:
        kernel = importlib.import_module(name)
    except ImportError:  # a numba that does not fit the numpy beside it
        return None
    return kernel if FORCED == "numba" or pairs >= COMPILED_FROM or kernel.ready(part) else None
