"""What the page needs of the cells themselves (cells/*/run.h5): the plan of each variant's network, how long each step
took where the cell measured it, subjects that splits share, and the command that repeats a cell."""

import h5py
import numpy

from results import DataError, text_of


class Cells:
    """Reads every finished cell once. A cell that cannot be read is named in `unreadable`, and left out."""

    def __init__(self, results):
        self.plans, self.steps, self.commands, self.shared_subjects, self.unreadable = {}, {}, {}, {}, []
        self.settings = {}
        for row in results.table("cells").rows():
            file = results.folder / "cells" / row["name"] / "run.h5"
            try:
                with h5py.File(file) as h5:
                    self._read(h5, row)
            except (OSError, KeyError, ValueError) as error:
                reason = "not a run file that can be opened" if file.is_file() else "no run.h5"
                self.unreadable.append(f"{row['name']} ({reason if isinstance(error, OSError) else error})")

    def _read(self, h5, row):
        variant = row["variant"]
        self.commands[row["name"]] = text_of(h5.attrs["command"])
        if not self.settings and "settings" in h5:
            self.settings = dict(zip(map(text_of, h5["settings/key"][()]), map(text_of, h5["settings/value"][()])))
        for name, plan in h5.get("plans", {}).items():
            if name.startswith("inference_batch_"):
                self.plans.setdefault(variant, {}).setdefault(int(name.rsplit("_", 1)[1]), table_of(plan))
        for name, measured in h5.get("latency", {}).items():
            if "steps" in measured:
                batch = int(name.rsplit("_", 1)[1])
                self.steps.setdefault(variant, {}).setdefault(batch, []).append(table_of(measured["steps"]))
        if row["seed"] not in self.shared_subjects and "predictions" in h5:
            subjects = {split: set(group["subject"][()]) for split, group in h5["predictions"].items()}
            self.shared_subjects[row["seed"]] = {
                (a, b): len(subjects.get(a, set()) & subjects.get(b, set()))
                for a, b in (("train", "val"), ("train", "test"), ("val", "test"))}

    def plan(self, variant):
        """(batch, columns) of the largest batch that has a plan, or None."""
        plans = self.plans.get(variant)
        return (max(plans), plans[max(plans)]) if plans else None

    def step_times(self, variant, batch):
        """[(step, layer, ms)]: medians over the cells, for steps that every cell has."""
        found = self.steps.get(variant, {}).get(batch, [])
        if not found:
            return []
        return [(step, found[0]["layer"][i], float(numpy.median([f["median_ns"][i] for f in found])) / 1e6)
                for i, step in enumerate(found[0]["step"])]


def table_of(group):
    columns = {}
    for name, values in group.items():
        values = values[()]
        if values.dtype.kind in "SO":
            values = numpy.array([text_of(v) for v in values], object)
        columns[name] = values
    if len({len(values) for values in columns.values()}) > 1:
        raise DataError(f"{group.file.filename}: columns of {group.name} differ in length")
    return columns
