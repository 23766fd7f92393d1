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


@dataclass
class Text:
    text: str


@dataclass
class Quote:
    """A command, to be copied."""
    text: str


@dataclass
class Points:
    items: list
    title: str = ""
    folded: bool = False


@dataclass
class Verdicts:
    """Sentences with what they decide: [(sentence, verdict, small print)]."""
    title: str
    items: list
    folded: bool = False


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

    def add(self, *blocks):
        self.blocks += [block for block in blocks if block is not None]
        return self


@dataclass
class Document:
    title: str
    question: str
    facts: list  # [(name, value)]
    sections: list = field(default_factory=list)
