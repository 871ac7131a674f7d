from pathlib import Path

import pytest

from governance.files import replaced


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    old = tmp_path / "简报.txt"
    old.write_text("旧", "utf-8")

    def fail(part: Path) -> None:
        part.write_text("半", "utf-8")
        raise OSError("磁盘已满")

    with pytest.raises(OSError, match="磁盘已满"):
        replaced(old, fail)
    assert old.read_text("utf-8") == "旧"
    assert list(tmp_path.iterdir()) == [old]


def test_the_new_file_takes_the_old_ones_place_and_can_be_read_by_all(tmp_path):
    path = tmp_path / "甲" / "乙.csv"
    for text in ("一", "二"):
        assert replaced(path, lambda part, text=text: part.write_text(text, "utf-8")) == path
    assert path.read_text("utf-8") == "二"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [p.name for p in path.parent.iterdir()] == ["乙.csv"]
