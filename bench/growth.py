"""How a time grows with a size."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from statistics import linear_regression


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """``b`` of the power law ``time = a * size ** b`` that fits pairs of size and time best (least squares of logs)."""
    return linear_regression([log(size) for size, _ in points], [log(time) for _, time in points]).slope
