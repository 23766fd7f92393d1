"""report.md and headline.md: the same page for a repository's reader, with the figures beside it."""

import re


def write_markdown(document, folder):
    lines = [f"# {document.title}", "", f"**{document.question}**", ""]
    for section in document.sections:
        lines += [f"## {section.title}", ""] if section.title else []
        for block in section.blocks:
            lines += written(block) + [""]
    lines += ["## How this page was made", ""] + [f"- {name}: {value}" for name, value in document.facts]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"
    (folder / "report.md").write_text(text, "utf-8", "backslashreplace")


def written(block):
    kind = type(block).__name__
    if kind == "Text":
        return [block.text]
    if kind == "Missing":
        return [f"> *{block.text}*"]
    if kind == "Quote":
        return ["    " + line for line in block.text.splitlines()]
    if kind == "Answer":
        return [f"- {sentence}" for sentence in block.sentences]
    if kind == "LiveFigure":
        return [f"![{block.panel.title}](figures/{block.panel.name}.svg)", "", f"*{block.caption}*"]
    if kind == "Points":
        return ([f"### {block.title}", ""] if block.title else []) + [f"- {item}" for item in block.items]
    if kind == "Figure":
        return [f"![{panel.title}](figures/{panel.name}.svg)" for panel in block.panels] + ["", f"*{block.caption}*"]
    if kind == "Pictures":
        return ([f"### {block.title}", "", block.caption, "", "| image | name | |", "| --- | --- | --- |"]
                + [f"| ![{escaped(name)}](figures/{file}) | {escaped(name)} | {escaped(words)} |" for file, name, words in block.items])
    if kind == "Grid":
        return [f"### {block.title}", ""] + table(block.columns, block.rows) + (["", block.note] if block.note else [])
    raise AssertionError(kind)


def table(columns, rows):
    lines = ["| " + " | ".join(escaped(name) for name in columns) + " |", "|" + " --- |" * len(columns)]
    return lines + ["| " + " | ".join(escaped(cell if isinstance(cell, str) else cell[0]) for cell in row) + " |" for row in rows]


def escaped(text):
    return text.replace("|", "\\|").replace("\n", " ")


def write_headline(grid, command, folder):
    """The table for the project's README."""
    lines = table(grid.columns, grid.rows) + ["", grid.note, "", f"`{command}`"]
    (folder / "headline.md").write_text("\n".join(lines) + "\n", "utf-8", "backslashreplace")
