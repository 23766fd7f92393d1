"""How every figure looks. Panels are drawn at a phone's width (4.4 inches), so that letters stay readable there; the
page puts them side by side where there is room. Colours are Okabe and Ito's (distinct to colour-blind readers); a marker
and a line style say the same again."""

import base64
import io
import re
from contextlib import contextmanager

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import FuncFormatter  # noqa: E402

from markupsafe import escape  # noqa: E402

from document import Panel  # noqa: E402
from small_svg import shrink  # noqa: E402

BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, YELLOW = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
INK, GREY, PALE = "#222222", "#767676", "#DDDDDD"
# In the order of the program's table of operators.
PALETTE = [(BLUE, "o", "-"), (VERMILLION, "s", "--"), (GREEN, "^", "-."), (PURPLE, "D", ":"), (ORANGE, "v", (0, (5, 1))),
           (SKY, "P", (0, (1, 1))), (INK, "X", "-"), (GREY, "*", "--"), ("#8C6D1F", "h", "-."), ("#5B5BA5", "<", ":")]
PARTS = [BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW, GREY]  # pieces of a whole: layers, parts of a difference
WIDTH = 4.4
FONT = "DejaVu Sans"
# A figure's words stay words: a fifth of the bytes of drawn letters. Verdana is as wide as DejaVu Sans; what else a reader may
# have is narrower, so that nothing runs into its neighbour.
FONTS = f"'{FONT}',Verdana,sans-serif"

plt.rcParams.update({
    "figure.dpi": 100, "figure.constrained_layout.use": True, "font.size": 10,
    "font.family": FONT, "axes.titlesize": 10.5, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.labelsize": 10, "axes.edgecolor": GREY, "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK,
    "ytick.color": INK, "xtick.labelsize": 9.5, "ytick.labelsize": 9.5, "legend.fontsize": 9.5, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.color": "#E6E6E6", "grid.linewidth": .7,
    "axes.axisbelow": True, "legend.frameon": False, "lines.linewidth": 1.8, "lines.markersize": 6,
    "svg.hashsalt": "downscalexr", "svg.fonttype": "none", "path.simplify": True, "hatch.linewidth": .6})


_table = []
_places = {}  # name -> place in the table


def use_table(names):
    """Before the first figure: an operator looks the same in every report, whichever others are beside it."""
    _table[:] = names
    _places.clear()
    _places.update({name: place for place, name in enumerate(names)})


def in_table(variant):
    """Whether networks are trained with it, unlike a power mean, which is only a dose. Without a program: nobody knows, so yes."""
    return not _table or variant in _table


def look(variant):
    """(colour, marker, line style), the same everywhere; what is no row of the table (a shape's own pool) comes after."""
    place = _places.setdefault(variant, len(_places))
    return PALETTE[place % len(PALETTE)]


TIP = re.compile(r'<g id="tip_([\w=-]*)">')


def tip(text):
    """Names an artist so that a pointer over it tells `text`, where the page holds the drawing itself: axes.plot(..., gid=tip(text))."""
    return "tip_" + base64.urlsafe_b64encode(text.encode()).decode()


def with_tips(svg):
    def title(found):
        return f'<g class="tip"><title>{escape(base64.urlsafe_b64decode(found[1]).decode())}</title>'
    return TIP.sub(title, svg)


class Canvas:
    """Draws panels into folder/figures, each as one SVG."""

    def __init__(self, folder):
        self.folder = folder / "figures"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.drawn = []

    @contextmanager
    def panel(self, name, title, height=3.5, width=WIDTH):
        """Gives (panel, axes); writes the file when the block ends."""
        if name in self.drawn:
            raise AssertionError(f"two figures are called {name}")
        figure, axes = plt.subplots(figsize=(width, height))
        axes.set_title(title, pad=8)
        try:
            yield Panel(name, title), axes
            # A title longer than the axes starts at the figure's edge, so that it has the whole width.
            figure.canvas.draw()
            self._place_title(figure, axes)
            drawn = io.StringIO()
            figure.savefig(drawn, format="svg", metadata={"Date": None})
            (self.folder / f"{name}.svg").write_text(shrink(with_tips(drawn.getvalue()).replace(f"'{FONT}'", FONTS)), "utf-8")
        finally:
            plt.close(figure)
        self.drawn.append(name)

    @staticmethod
    def _place_title(figure, axes):
        title = axes._left_title
        left = axes.get_position().x0 * figure.bbox.width
        title.set_x((6 - left) / (axes.get_position().width * figure.bbox.width))
        axes._autotitlepos = False


def percent(axis):
    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:.6g}%"))


def points(axis):
    """Proportions as points (hundredths)."""
    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:g}"))


def plain(axis):
    """1000 instead of 10^3 on a logarithmic axis."""
    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))


def key_above(axes, columns=3, handles=None, **options):
    """A legend between title and axes, where it covers nothing."""
    handles, labels = (handles, [h.get_label() for h in handles]) if handles else axes.get_legend_handles_labels()
    if not handles:
        return
    options = {"borderaxespad": 0, "handlelength": 2.2, "columnspacing": 1.2, "handletextpad": .5, **options}
    axes.legend(handles, labels, loc="lower left", bbox_to_anchor=(0, 1.01), ncol=columns, **options)
    rows = -(-len(labels) // columns)
    axes.set_title(axes.get_title(loc="left"), pad=8 + 15.5 * rows)


def shaded_interval(axes, x, low, high, color):
    axes.fill_between(x, low, high, color=color, alpha=.15, linewidth=0)
