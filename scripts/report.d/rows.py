"""The figure that most answers take: one row per estimate, a point with its interval, grouped under headings. Names
stand beside the rows, numbers at the right, so that neither a legend nor colour is needed to read it."""

import math
from dataclasses import dataclass

from matplotlib.ticker import MaxNLocator

from style import GREY, INK, look, tip
from words import number


@dataclass
class Row:
    name: str
    value: float
    low: float
    high: float
    reason: str = ""  # why there is not a number
    variant: str = ""  # gives colour and marker
    other: float = math.nan  # the original's number, a hollow diamond
    hollow: bool = False
    dots: tuple = ()  # single seeds
    inner: tuple = ()  # a second interval (low, high), thick and pale
    color: str = ""  # instead of the variant's
    tip: str = ""  # what a pointer over the point tells


ROW_INCH = .235


def height_of(groups):
    return .95 + ROW_INCH * sum(len(rows) + (1.25 if heading else .4) for heading, rows in groups)


def draw_rows(axes, groups, show=None, zero=None, bars=False, limits=None):
    """groups: [(heading or "", [Row])]. show(row) gives the words at the right."""
    show = show or (lambda row: number(row.value))
    y, ticks, names = 0., [], []
    for heading, rows in groups:
        if heading:
            y += .15
            axes.text(0, y, heading, transform=axes.get_yaxis_transform(), va="center", ha="left", fontweight="bold",
                      fontsize=9, color=INK, bbox={"facecolor": "white", "edgecolor": "none", "pad": .8}, zorder=5)
            y += 1.
        for row in rows:
            draw_row(axes, row, y, bars)
            words = show(row) if math.isfinite(row.value) else "not estimable"
            axes.text(1.02, y, words, transform=axes.get_yaxis_transform(), va="center", ha="left", fontsize=9,
                      color=INK if math.isfinite(row.value) else GREY)
            ticks.append(y)
            names.append(row.name)
            y += 1.
        y += .1 if heading else .4
    axes.set_yticks(ticks, names)
    axes.set_ylim(y - .35, -.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    if zero is not None:
        axes.axvline(zero, color=GREY, linewidth=1, zorder=1)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    if limits:
        axes.set_xlim(*limits)
    widen_flat_axis(axes)


def draw_row(axes, row, y, bars):
    color, marker, _ = look(row.variant) if row.variant else (row.color or INK, "o", "-")
    for dot in row.dots:
        axes.plot(dot, y, marker="|", color=color, markersize=9, alpha=.55, markeredgewidth=1.2, zorder=2)
    if not math.isfinite(row.value):
        return
    if bars:
        axes.barh(y, row.value, height=.72, color=color, alpha=.4, linewidth=0, zorder=1)
    has_interval = math.isfinite(row.low) and math.isfinite(row.high)
    if has_interval:
        line = INK if bars else color
        axes.plot([row.low, row.high], [y, y], color=line, linewidth=1.8, solid_capstyle="butt", zorder=3)
        for end in (row.low, row.high):
            axes.plot(end, y, marker="|", color=line, markersize=6, markeredgewidth=1.8, zorder=3)
    if row.inner and all(map(math.isfinite, row.inner)):
        axes.plot(row.inner, [y, y], color=color, linewidth=5, alpha=.45, solid_capstyle="butt", zorder=2)
    if not (bars and has_interval):  # the bar's end says it, and a marker would hide a narrow interval
        axes.plot(row.value, y, marker=marker, color=color, markersize=6, zorder=4,
                  markerfacecolor="white" if row.hollow else color, markeredgewidth=1.4,
                  gid=tip(row.tip) if row.tip else None)
    if math.isfinite(row.other):
        axes.plot(row.other, y + .25, marker="d", markerfacecolor="white", markeredgecolor=INK, markersize=6, zorder=5)


def widen_flat_axis(axes):
    """Room for the end marks, and an axis when all values are one."""
    low, high = axes.get_xlim()
    if not math.isfinite(low + high) or high - low < 1e-12:
        axes.set_xlim(low - .5, high + .5)
