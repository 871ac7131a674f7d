import pandas as pd
import pytest

from governance.errors import GovernanceError, MissingExtraError, TableError, require


def test_require_names_every_missing_column_and_the_ones_there_are():
    with pytest.raises(TableError, match="任务台账缺少列:date、hours;现有列:task、text"):
        require(pd.DataFrame({"task": [], "text": []}), ["task", "date", "hours"], "任务台账")


def test_require_refuses_an_empty_table_only_when_told_to():
    empty = pd.DataFrame({"task": []})
    require(empty, ["task"], "任务台账")
    with pytest.raises(TableError, match="没有任何行"):
        require(empty, ["task"], "任务台账", rows=True)


def test_a_missing_extra_is_an_import_error_that_names_the_install_command():
    fault = MissingExtraError("画地图", "maps")
    assert isinstance(fault, ImportError)
    assert isinstance(fault, GovernanceError)
    assert "governance[maps]" in str(fault)
