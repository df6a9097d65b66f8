"""A chart of ratios as SVG: bars on a logarithmic scale, readable on light and dark pages."""

from __future__ import annotations

import math
from html import escape

_BAR, _GAP, _LEFT, _RIGHT, _TOP, _WIDTH = 13, 12, 210, 60, 34, 820
_COLORS = ("#d9822b", "#3b7dd8", "#7a8899")
_TEXT = 'font-family="sans-serif" font-size="12" fill="#888"'


def bars(title: str, unit: str, rows: dict[str, dict[str, float]]) -> str:
    """A group of bars for each row.

    Args:
        title: what the bars are.
        unit: what a bar of length 1 is.
        rows: by row, a number above zero for each series; a series may be missing in a row.
    """
    series = list(dict.fromkeys(name for values in rows.values() for name in values))
    numbers = [number for values in rows.values() for number in values.values()]
    low, high = min(0.5, *numbers), max(10.0, *numbers)
    span = _WIDTH - _LEFT - _RIGHT

    def across(number: float) -> float:
        return _LEFT + span * math.log(number / low) / math.log(high / low)

    body, y = _legend(series), float(_TOP + 16)
    bottom = y + sum(len(values) * _BAR + _GAP for values in rows.values())
    for tick in (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000):
        if low <= tick <= high:
            dash = "" if tick == 1 else ' stroke-dasharray="2 4"'
            x = across(tick)
            body.append(f'<path d="M{x:.1f} {_TOP + 10}V{bottom:.1f}" stroke="#888"{dash}/>')
            body.append(f'<text x="{x:.1f}" y="{bottom + 14:.1f}" text-anchor="middle" {_TEXT}>{tick:g}</text>')
    for name, values in rows.items():
        middle = y + len(values) * _BAR / 2 + 4
        body.append(f'<text x="{_LEFT - 10}" y="{middle:.1f}" text-anchor="end" {_TEXT}>{escape(name)}</text>')
        for label, number in values.items():
            start, end = sorted((across(1), across(number)))
            color = _COLORS[series.index(label) % len(_COLORS)]
            size = f'width="{max(end - start, 1):.1f}" height="{_BAR - 2}"'
            body.append(f'<rect x="{start:.1f}" y="{y:.1f}" {size} fill="{color}"/>')
            body.append(f'<text x="{end + 4:.1f}" y="{y + 10:.1f}" {_TEXT}>{number:.3g}</text>')
            y += _BAR
        y += _GAP
    body.append(f'<text x="{_LEFT}" y="{bottom + 32:.1f}" {_TEXT}>{escape(unit)}</text>')
    height = math.ceil(bottom + 44)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">'
    return "\n".join([head, f"<title>{escape(title)}</title>", *body, "</svg>", ""])


def _legend(series: list[str]) -> list[str]:
    out = []
    for place, label in enumerate(series):
        x = _LEFT + place * 180
        out.append(f'<rect x="{x}" y="12" width="12" height="12" fill="{_COLORS[place % len(_COLORS)]}"/>')
        out.append(f'<text x="{x + 18}" y="22" {_TEXT}>{escape(label)}</text>')
    return out
