"""Writes the tables of compare.json as CSV, one file each, as `study report` does: RFC 4180, a missing number is empty.
usage: tables.py COMPARE.JSON[.gz] DIR"""

import csv
import gzip
import json
import sys
from pathlib import Path


def written(value):
    return "" if value is None else str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def main(argv):
    if len(argv) != 2:
        sys.exit(__doc__)
    source, folder = Path(argv[0]), Path(argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(source, "rt", encoding="utf-8") if source.suffix == ".gz" else source.open(encoding="utf-8") as file:
        tables = json.load(file)["tables"]
    for name, table in tables.items():
        if table["rows"] is None:
            continue  # too large for JSON: only compare.h5 has it
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\r\n")
            rows.writerow(column["name"] for column in table["columns"])
            rows.writerows([written(value) for value in row] for row in table["rows"])


if __name__ == "__main__":
    main(sys.argv[1:])
