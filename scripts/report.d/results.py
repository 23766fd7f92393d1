"""Reads what `study compare` found: compare.h5, or compare.json where that is missing. docs/comparison_files.md
describes both. Nothing is computed here; a table that is missing or empty stays empty, and the page says so."""

import gzip
import json
import math
from pathlib import Path

import h5py
import numpy

FORMAT, VERSION = "downscalexr-compare", 1
COST_RATIO = 5  # of `study report` when a file does not say it


class DataError(Exception):
    """Input that cannot be used: what, where, how to fix it, in one line."""


def lacking(table, column):
    return DataError(f"{table.source}: table {table.name} has no column {column}: another version wrote it; run `study report` "
                     "on the folder again")


class Entry(dict):
    """A row; a column that is not there is the input's fault."""

    def __init__(self, table, values):
        super().__init__(values)
        self.table = table

    def __missing__(self, column):
        raise lacking(self.table, column)


class Table:
    """Named columns of equal length: float64 with NaN for missing, or text with "" for missing."""

    def __init__(self, name, columns=None, title="", units=None, source="compare.h5"):
        self.name, self.title, self.source = name, title, source
        self.columns = columns or {}
        self.units = units or {}

    def __len__(self):
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def __contains__(self, column):
        return column in self.columns

    def __getitem__(self, column):
        if column not in self.columns:
            raise lacking(self, column)
        return self.columns[column]

    def where(self, **wanted):
        """Rows whose columns equal the given values; a list means any of them."""
        keep = numpy.ones(len(self), bool)
        if len(self):
            for column, value in wanted.items():
                keep &= numpy.isin(self[column], value if isinstance(value, (list, tuple, set)) else [value])
        return Table(self.name, {key: values[keep] for key, values in self.columns.items()}, self.title, self.units,
                     self.source)

    def rows(self):
        names = list(self.columns)
        for values in zip(*self.columns.values()):
            yield Entry(self, zip(names, (v.item() if isinstance(v, numpy.generic) else v for v in values)))

    def first(self, **wanted):
        """The first row that fits, or None."""
        return next(self.where(**wanted).rows(), None)

    def distinct(self, column):
        """Values in the order of their first appearance."""
        return list(dict.fromkeys(v.item() if isinstance(v, numpy.generic) else v for v in self[column])) if len(
            self) else []


class Results:
    """compare.h5 or compare.json of `folder`. Throws DataError."""

    def __init__(self, folder):
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise DataError(f"{self.folder}: no such folder; give the folder of a `study compare`")
        h5, text = self.folder / "compare.h5", self.folder / "compare.json"
        packed = self.folder / "compare.json.gz"  # as this repository keeps its own
        if not text.is_file() and packed.is_file():
            text = packed
        try:
            if h5.is_file():
                self._read_h5(h5)
            elif text.is_file():
                self._read_json(text)
            else:
                raise DataError(f"{self.folder} has neither compare.h5 nor compare.json: run `study report "
                                f"{self.folder} --no-page` first, which writes them from the finished cells")
        except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
            reason = " ".join(str(error).split())
            raise DataError(f"{h5 if h5.is_file() else text} cannot be read ({type(error).__name__}: {reason}): "
                            "run `study report` on the folder again") from error
        if not len(self.table("cells")):
            raise DataError(f"{self.file}: no finished cell in it; let `study compare` finish at least one")

    def table(self, name):
        return self.tables.get(name) or Table(name, source=self.file.name)

    def _check(self, file, format_name, version):
        self.file = file
        if format_name != FORMAT or int(version) != VERSION:
            raise DataError(f"{file}: format {format_name!r} version {version}, expected {FORMAT!r} version {VERSION}: "
                            "run `study report` of this version on the folder again")

    def _read_h5(self, file):
        with h5py.File(file) as h5:
            self._check(file, text_of(h5.attrs.get("format", "")), h5.attrs.get("version", 0))
            get = h5.attrs.get
            self.command, self.data = text_of(get("command", "")), text_of(get("data", ""))
            self.negative, self.positive = text_of(get("negative", "negative")), text_of(get("positive", "positive"))
            self.confidence, self.alpha = float(get("confidence", .95)), float(get("alpha", .05))
            self.resamples = int(get("resamples", 0))
            self.cost_ratio = float(get("cost_ratio", COST_RATIO))
            self.environment, self.settings, self.notes, columns = (
                json.loads(text_of(h5[name][()])) if name in h5 else {}
                for name in ("environment_json", "settings_json", "notes_json", "columns_json"))
            self.tables = {}
            for name, described in columns.items():
                values = {}
                for column in described["columns"]:
                    values[column["name"]] = array_of(h5[f"{name}/{column['name']}"][()])
                self.tables[name] = Table(name, values, described["title"],
                                          {c["name"]: c.get("unit", "") for c in described["columns"]}, file.name)

    def _read_json(self, file):
        with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as opened:
            found = json.load(opened)
        self._check(file, found.get("format", ""), found.get("version", 0))
        for key in ("command", "data", "negative", "positive", "confidence", "alpha", "resamples", "environment",
                    "settings", "notes"):
            setattr(self, key, found[key])
        self.cost_ratio = found.get("cost_ratio", COST_RATIO)
        self.tables = {}
        for name, described in found["tables"].items():
            names = [column["name"] for column in described["columns"]]
            columns = {column: [] for column in names}
            for row in described["rows"] or []:
                for column, value in zip(names, row):
                    columns[column].append(value)
            self.tables[name] = Table(name, {key: array_of(values) for key, values in columns.items()},
                                      described["title"], {c["name"]: c.get("unit", "") for c in described["columns"]},
                                      file.name)


def text_of(value):
    if isinstance(value, numpy.ndarray) and value.shape == ():
        value = value.item()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def array_of(values):
    """Text as an object array, numbers as float64; None in a column of numbers is NaN."""
    values = list(values)
    if any(isinstance(v, (bytes, str)) for v in values):
        return numpy.array([text_of(v) for v in values], object)
    return numpy.array([math.nan if v is None else float(v) for v in values], float)
