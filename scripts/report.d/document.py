"""The page as data: sections of sentences, figures and tables, which page_html.py and page_markdown.py write out. A piece that
is missing is a block of its own, so that no reader meets a gap without its reason."""

from dataclasses import dataclass, field


@dataclass
class Panel:
    """One drawn picture: figures/<name>.svg."""
    name: str
    title: str


@dataclass
class Figure:
    caption: str  # how to read it, in one sentence
    panels: list


@dataclass
class Grid:
    """A table. Rows hold text; a cell ("text", "kind") gets a mark: good, bad or open."""
    title: str
    columns: list
    rows: list
    note: str = ""
    folded: bool = False  # shown on demand
    sortable: bool = False  # by a click on a column's name, and filtered by words, where the page has its scripts


@dataclass
class Text:
    text: str


@dataclass
class Answer:
    """The page's first sentences."""
    sentences: list


@dataclass
class LiveFigure:
    """One wide panel drawn into the page itself, so that a pointer over a mark tells its numbers."""
    caption: str
    panel: Panel


@dataclass
class Quote:
    """A command, to be copied."""
    text: str


@dataclass
class Points:
    items: list
    title: str = ""
    folded: bool = False
    shown: int = 0  # so many stand open and the rest is on demand; 0: all


@dataclass
class Missing:
    """What is not here, and why."""
    text: str


@dataclass
class Pictures:
    """Small images with names: [(file under figures/, name, words)]."""
    title: str
    caption: str
    items: list


@dataclass
class Section:
    identity: str
    title: str
    blocks: list = field(default_factory=list)
    shown: int = 0  # so many blocks stand open, the rest is on demand; page.py's table decides

    @property
    def open_blocks(self):
        return self.blocks[:self.shown]

    @property
    def folded_blocks(self):
        return self.blocks[self.shown:]

    @property
    def folded_title(self):
        """What the fold hides, by the names of its first tables and lists."""
        named = [block.title for block in self.folded_blocks if getattr(block, "title", "")]
        return "More: " + "; ".join(named[:2]) + ("; ..." if len(named) > 2 else "") if named else "More figures"

    def add(self, *blocks):
        self.blocks += [block for block in blocks if block is not None]
        return self


@dataclass
class Document:
    title: str
    question: str
    facts: list  # [(name, value)]: who made this page, from what
    sections: list = field(default_factory=list)
    glossary: dict = field(default_factory=dict)  # word -> its meaning in one sentence
