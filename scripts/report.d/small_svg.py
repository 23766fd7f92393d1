"""Makes an SVG of matplotlib's a third as large, with the same picture: one digit behind the point in paths (a tenth of a
point of print) and two elsewhere, equal styles as one class each, and no metadata, comments or names that nothing refers to."""

import re

NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def shrink(text):
    for left_out in (r"<\?xml.*?\?>", r"<!DOCTYPE.*?>", r"<metadata>.*?</metadata>", r"<!--.*?-->"):
        text = re.sub(left_out, "", text, flags=re.S)
    text = re.sub(r' d="([^"]*)"', lambda found: f' d="{short_path(found[1])}"', text)
    text = re.sub(r' (x|y|width|height|transform)="([^"]*)"', lambda found: f' {found[1]}="{rounded(found[2], found[1])}"', text)
    text = re.sub(r' transform="rotate\(-?0 [^)]*\)"', "", text)
    text = re.sub(r">\s+<", "><", text)
    return without_idle_groups(with_short_names(with_classes(with_clips_as_styles(text)))).strip() + "\n"


def rounded(text, attribute="d"):
    # A factor of scale() multiplies everything in it: it keeps its digits.
    if attribute == "transform" and "scale" in text:
        return text
    return NUMBER.sub(lambda found: short_number(float(found[0])), text)


def short_number(value, digits=2):
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def short_path(data):
    data = NUMBER.sub(lambda found: short_number(float(found[0]), 1), data)
    return re.sub(r" ?([A-Za-z]) ?", r"\1", " ".join(data.split())).replace(" -", "-")


def with_clips_as_styles(text):
    """A clip path stands on each line and letter of a panel: as a part of their style it stands in a class once."""
    def moved(tag):
        clip, style = re.search(r' clip-path="([^"]*)"', tag[0]), re.search(r' style="([^"]*)"', tag[0])
        if not clip or not style:
            return tag[0]
        return tag[0].replace(clip[0], "").replace(style[0], f' style="{style[1].rstrip("; ")}; clip-path: {clip[1]}"')

    return re.sub(r"<[a-z][^>]*>", moved, text)


def with_classes(text):
    styles = dict.fromkeys(re.findall(r' style="([^"]*)"', text))
    rules = ""
    for index, style in enumerate(styles):
        text = text.replace(f' style="{style}"', f' class="c{index}"')
        rules += f".c{index}{{{style.replace(': ', ':').replace('; ', ';')}}}"
    return text.replace("</style>", rules + "</style>", 1)


def with_short_names(text):
    """Drops every id that nothing refers to, and shortens the others."""
    used = sorted(set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)))
    short = {name: f"i{index}" for index, name in enumerate(used)}
    text = re.sub(r' id="([^"]*)"', lambda found: f' id="{short[found[1]]}"' if found[1] in short else "", text)
    return re.sub(r'(href="#|url\(#)([^")]+)', lambda found: found[1] + short[found[2]], text)


def without_idle_groups(text):
    """A group without attributes draws nothing of its own: from the innermost outwards."""
    while True:
        fewer = re.sub(r"<g>((?:(?!<g[ >]|</g>).)*)</g>", r"\1", text, flags=re.S)
        if fewer == text:
            return text
        text = fewer
