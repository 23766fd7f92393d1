"""report.html: one file that opens offline, on a desk and on a phone. Every picture is in it, as SVG behind a data URI
(so that names inside one SVG cannot meet another's), the same bytes as in figures/; the one figure that answers a pointer is part of
the page; nothing is fetched from elsewhere."""

import base64
import re
import urllib.parse
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from glossary import Glossary
from scripts_of_page import scripts


def write_html(document, folder):
    figures = folder / "figures"
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True,
                                     undefined=jinja2.StrictUndefined, trim_blocks=True)
    glossary = Glossary()
    environment.globals.update(
        new_section=glossary.new_section, glossary=glossary, scripts=scripts(), live=lambda panel: live_svg(figures / f"{panel.name}.svg"),
        kind_of=lambda block: type(block).__name__,
        picture=lambda panel: svg_uri(figures / f"{panel.name}.svg"),
        size_of=lambda panel: size_of(figures / f"{panel.name}.svg"),
        thumbnail=lambda file: data_uri(figures / file, "image/png"),
        code=lambda text: glossary.mark(code(text)), width_of=width_of, class_of=class_of, few=lambda grid: len(grid.rows) <= FEW,
        narrow=lambda block: "narrow" if all(is_narrow(figures / f"{panel.name}.svg") for panel in block.panels) else "")
    (folder / "report.html").write_text(environment.get_template("page.html").render(document=document), "utf-8", "backslashreplace")


FEW = 6  # rows whose cells name their columns themselves; more are named by a script, which makes the page a tenth smaller


def data_uri(file, kind):
    return f"data:{kind};base64," + base64.b64encode(file.read_bytes()).decode()


def svg_uri(file):
    """Only what an address or an attribute cannot hold is escaped: a tenth more bytes, where base64 takes a third."""
    text = re.sub(r"""="([^"']*)\"""", r"='\1'", file.read_text("utf-8").strip())
    return Markup("data:image/svg+xml," + urllib.parse.quote(text, safe=" !$'()*+,-./:;<=>?@[]_~^`{|}"))


def live_svg(file):
    """The drawing itself: it scales with the page, and its <title>s answer a pointer."""
    text = re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"', r"\1", file.read_text("utf-8").strip(), count=1)
    return Markup(re.sub(r'(href="#|url\(#| id=")', r"\1live-", text))


def size_of(svg):
    """Width and height, so that nothing jumps while the page loads."""
    return Markup(' width="{:.0f}" height="{:.0f}"').format(*pixels_of(svg))


def pixels_of(svg):
    found = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg.read_text("utf-8"))
    return [float(v) * 4 / 3 for v in found.groups()]


def is_narrow(svg):
    """Three of these stand side by side."""
    return pixels_of(svg)[0] < 400


def code(text):
    """`words` between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def class_of(grid):
    """A table of more than two columns does not fit a phone: there its rows are cards."""
    names = ["cards"] * (len(grid.columns) > 2) + ["sortable"] * grid.sortable
    return Markup(' class="{}"').format(" ".join(names)) if names else ""


def width_of(cell):
    text = cell if isinstance(cell, str) else cell[0]
    if len(text) > 40:
        return Markup(' class="long"')
    return "" if re.match(r"[-+<]?\.?\d", text) or len(text) < 24 else Markup(' class="words"')
