"""Examples of the images that each variant gets wrong, as small thumbnails with their names. The images belong to
whoever made them: the line on their licence comes from the data set's own README."""

import os
import re
from pathlib import Path

import h5py
import numpy
from PIL import Image

from document import Grid, Missing, Pictures, Section, Text
from results import text_of

SIDE, MOST = 96, 12
LICENCE_WORDS = ("licens", "licenc", "cc by", "cc-by", "public domain")
NO_LICENCE = ("The licence of these images is not known to this program (no README.md beside the data set names one, and no "
              "--image-licence was given): find it out before you pass this page on.")


def on_disk(text):
    """The path that is written so: in the results, bytes of a name that are no UTF-8 stand as \\xf6."""
    plain = Path(text)
    if plain.exists():
        return plain
    raw = re.sub(rb"\\x([89a-f][0-9a-f])", lambda found: bytes.fromhex(found[1].decode()), os.fsencode(text))
    return Path(os.fsdecode(raw))


class ImageSource:
    """The data set that the study ran on: a folder of images, or an HDF5 file of `study data import`."""

    def __init__(self, where, licence=""):
        self.where, self.reason, self.names = on_disk(where) if where else None, "", None
        self.licence = licence
        if not where or where == "synthetic":
            self.reason = "the built-in synthetic images are made on the fly and kept nowhere"
        elif not self.where.exists():
            self.reason = f"the data set {where} is not on this machine (name its place with --data)"
        elif self.where.is_file():
            try:
                with h5py.File(self.where) as h5:
                    self.names = {text_of(name): i for i, name in enumerate(h5["name"][()])}
            except (OSError, KeyError) as error:
                self.reason = f"{where} cannot be read as a data set ({' '.join(str(error).split())})"
        if not self.reason and not licence:
            self.licence = licence_beside(self.where) or NO_LICENCE

    def thumbnail(self, name):
        """A grey image of at most SIDE pixels a side, or None."""
        try:
            if self.names is None:
                image = Image.open(on_disk(self.where / name)).convert("L")
            elif name in self.names:
                with h5py.File(self.where) as h5:
                    image = Image.fromarray(h5["images"][self.names[name], 0].astype(numpy.uint8))
            else:
                return None
        except OSError:
            return None
        image.thumbnail((SIDE, SIDE), Image.LANCZOS)
        return image


def licence_beside(path):
    """What the data set's README.md (in the folder, or the one above) says of a licence: the sentences that do."""
    for folder in (path if path.is_dir() else path.parent, path.parent if path.is_dir() else path.parent.parent):
        readme = folder / "README.md"
        if readme.is_file():
            for paragraph in readme.read_text(errors="replace").split("\n\n"):
                sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z])", " ".join(paragraph.split()))
                told = [s for s in sentences if any(word in s.lower() for word in LICENCE_WORDS)]
                if told:
                    return " ".join(told)
    return ""


def chosen(table, variant):
    """Up to MOST images: wrong for the most seeds, then with the surest wrong probability; half of them misses."""
    rows = [row for row in table.where(variant=variant).rows() if row["wrong"] > 0]
    rows.sort(key=lambda row: (-row["wrong"] / row["seeds"], -abs(row["mean_probability"] - row["label"]), row["name"]))
    misses, alarms = ([row for row in rows if row["label"] == label] for label in (1, 0))
    half = MOST // 2
    take = max(half, MOST - len(alarms))
    misses = misses[:take]
    return misses + alarms[:MOST - len(misses)], len(rows)


def wrong_grid(ctx, table):
    rows = []
    for variant in ctx.ordered(table):
        mine = table.where(variant=variant)
        always = mine["wrong"] >= mine["seeds"]
        rows.append([ctx.marked(variant), f"{len(mine):,}", f"{(mine['wrong'] > 0).sum():,}", f"{always.sum():,}",
                     f"{(always & (mine['label'] == 1)).sum():,}", f"{(always & (mine['label'] == 0)).sum():,}"])
    sets = [set(m["name"][m["wrong"] >= m["seeds"]]) for m in (table.where(variant=v) for v in ctx.ordered(table))]
    rows.append(["all variants", "", "", f"{len(set.intersection(*sets)):,}", "", ""])
    return Grid("Test images decided wrongly at the Youden threshold",
                ["variant", "images", "by at least one seed", "by every seed", "of these missed", "of these false alarms"], rows)


def images(ctx):
    section = Section("images", "Images that are decided wrongly")
    table = ctx.base("test_images")
    if not len(table):
        return section.add(Missing("Decisions on single images were not kept (compare.h5 is needed; compare.json leaves them out)."))
    section.add(wrong_grid(ctx, table))
    if ctx.images.reason:
        return section.add(Missing(f"No thumbnails: {ctx.images.reason}."), *name_grids(ctx, table))
    folder = ctx.canvas.folder / "images"
    shown = 0
    for variant in ctx.ordered(table):
        items, (rows, wrong) = [], chosen(table, variant)
        for row in rows:
            picture = ctx.images.thumbnail(row["name"])
            if picture is None:
                continue
            folder.mkdir(exist_ok=True)
            file = folder / f"{variant}_{len(items) + 1:02}.png"
            picture.save(file, optimize=True)
            truth = ctx.results.positive if row["label"] == 1 else ctx.results.negative
            items.append((f"images/{file.name}", row["name"],
                          f"truly {truth}; wrong for {row['wrong']:g} of {row['seeds']:g} seeds, mean probability "
                          f"{row['mean_probability']:.3f}"))
        shown += len(items)
        if items:
            section.add(Pictures(f"{variant}: {len(items)} of {wrong:,} images with a wrong decision",
                                 "First those missed, then false alarms; wrong for the most seeds, then the surest first.", items))
        elif wrong:
            section.add(Missing(f"{variant}: {wrong} images are decided wrongly, but none of them was found in {ctx.images.where}."))
        else:
            section.add(Text(f"{variant}: no test image is decided wrongly."))
    return section.add(Text(f"{ctx.images.licence} Shown here in grey, shrunk to at most {SIDE} pixels.") if shown else None)


def name_grids(ctx, table):
    for variant in ctx.ordered(table):
        rows, _ = chosen(table, variant)
        if rows:
            yield Grid(f"{variant}: surest wrong decisions", ["image", "truly", "wrong seeds", "mean probability"],
                       [[row["name"], ctx.results.positive if row["label"] == 1 else ctx.results.negative,
                         f"{row['wrong']:g} of {row['seeds']:g}", f"{row['mean_probability']:.3f}"] for row in rows], folded=True)
