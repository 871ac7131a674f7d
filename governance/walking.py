"""Walking in whole decimetres, so that a place at exactly the limit is inside it and no float sum loses it."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd


def stretch(speed: float, minutes: float) -> int:
    """Whole decimetres walked in ``minutes`` at ``speed`` metres a minute.

    >>> stretch(60, 15)
    9000
    """
    return int(Decimal(str(speed)) * Decimal(str(minutes)) * 10)


def decimetres(metres: pd.Series) -> np.ndarray:
    """Metres as whole decimetres (halves up), inf kept.

    >>> decimetres(pd.Series([0.05, 300.0]))
    array([1.e+00, 3.e+03])
    """
    return np.floor(np.round(metres.to_numpy(float) * 10, 6) + 0.5)
