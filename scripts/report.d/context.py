"""What every part of the page gets: the results, and the choices made once for all parts."""

from dataclasses import dataclass

import words
from document import Missing
from rows import Row


@dataclass
class Context:
    results: object
    cells: object
    explained: object  # or None
    canvas: object
    images: object = None  # ImageSource or None

    def __post_init__(self):
        cells = self.results.table("cells")
        self.sizes = cells.distinct("train_images") if "train_images" in cells else []
        self.base_size = self.sizes[0] if self.sizes else "all"  # the most images come first
        cells = self.table("cells")
        self.variants = self.results.table("variants").distinct("variant") or cells.distinct("variant")
        self.noises = sorted({(row["noise"], row["noise_kind"]) for row in cells.rows()})
        self.base_noise, self.base_kind = self.noises[0]
        self.seeds = sorted(set(cells["seed"]))
        # (variant, seed) of the base cells that have not learnt.
        self.unlearnt = {(row["variant"], row["seed"]) for row in self.base("cells").rows() if words.has_not_learnt(row)}

    def table(self, name):
        """Of networks trained on all images, or on the most; part_limited.py shows the others."""
        table = self.results.table(name)
        return table.where(train_images=self.base_size) if "train_images" in table else table

    def base(self, name):
        """The table's rows at the least label noise (clean labels, where such cells were run)."""
        return self.table(name).where(noise=self.base_noise, noise_kind=self.base_kind)

    @property
    def base_words(self):
        return words.noise_name(self.base_kind, self.base_noise)

    def marked(self, variant, seed=None):
        """The variant's name, with a mark where a network of it (of that seed) has not learnt; a pair's if one of the two has not."""
        sides = variant.split(" - ")
        return variant + (" !" if any(v in sides and seed in (None, s) for v, s in self.unlearnt) else "")

    @property
    def engine_words(self):
        """Whose times they are: stands wherever one does."""
        return f"engine {self.results.settings.get('engine', 'not recorded')}, {self.results.environment.get('threads', '?')} threads"

    def rule(self, name):
        return words.rule(name, self.results.cost_ratio)

    def ordered(self, table):
        """The table's variants in the study's order."""
        there = set(table.distinct("variant"))
        return [variant for variant in self.variants if variant in there]


def estimate_row(entry, name=None, variant=None, scale=1, **more):
    """A table's row as a row of a figure."""
    variant = variant or entry.get("variant") or ""
    return Row((name or variant) + words.mark(entry), entry["value"] * scale, entry["low"] * scale, entry["high"] * scale,
               entry.get("not_estimable", ""), variant, **more)


def pair_name(entry):
    return f"{entry['variant_a']} - {entry['variant_b']}"


def row_words(digits=3):
    """0.899 (.876 to .918) in two lines' space: value and interval."""
    def show(row):
        text = words.number(row.value, digits)
        if words.math.isfinite(row.low) and words.math.isfinite(row.high):
            text += f" ({words.number(row.low, digits)} to {words.number(row.high, digits)})"
        return text
    return show


def points_words(row):
    """A difference of proportions in points."""
    text = words.signed(100 * row.value)
    if words.math.isfinite(row.low) and words.math.isfinite(row.high):
        text += f" ({words.signed(100 * row.low)} to {words.signed(100 * row.high)})"
    return text


def percent_words(row):
    text = f"{100 * row.value:.1f}%"
    if words.math.isfinite(row.low) and words.math.isfinite(row.high):
        text += f" ({100 * row.low:.1f} to {100 * row.high:.1f})"
    return text


def not_estimable(ctx, *tables):
    """A block that says which figures have no number, by reason; None when all have one."""
    found = {}
    for table in tables:
        for row in table.rows() if "not_estimable" in table else ():
            if row["not_estimable"] and not words.math.isfinite(row.get("value", words.math.nan)):
                name = row.get("variant") or pair_name(row)
                labels = [name] + [words.metric(row[k]) if k == "metric" else ctx.rule(row[k]) if k == "rule" else str(row[k])
                                   for k in ("run_with", "split", "gap", "metric", "rule", "pixels") if row.get(k, "") != ""]
                found.setdefault(row["not_estimable"], []).append(" ".join(labels))
    if not found:
        return None
    return Missing("Not estimable: " + "; ".join(f"{words.listing(cut(names))} ({reason})" for reason, names in found.items()) + ".")


def cut(names, most=8):
    return names if len(names) <= most else names[:most] + [f"{len(names) - most} more"]
