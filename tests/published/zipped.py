"""Zip archives that are the same bytes each time: members in order, all of one date."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

DATE = (2025, 6, 30, 9, 0, 0)
STAMP = "2025-06-30T09:00:00Z"


def packed(members: Mapping[str, str | bytes]) -> bytes:
    """The archive's bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            archive.writestr(info, content)
    return out.getvalue()


def unpacked(content: bytes) -> dict[str, bytes]:
    """The members of an archive, in order.

    >>> unpacked(packed({"a.xml": "<a/>"}))
    {'a.xml': b'<a/>'}
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}
