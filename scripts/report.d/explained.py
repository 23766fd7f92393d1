"""Reads explain.json of `study explain`: experiments with findings (sentences with a number) and tables."""

import json
import re
from pathlib import Path

from results import DataError, Table, array_of


class Experiment:
    def __init__(self, entry, file):
        self.name, self.question, self.command = entry["name"], entry["question"], entry["command"]
        self.findings = entry["findings"]
        self.notes = entry["notes"]
        self.spread = entry.get("spread", "")  # how processes differ, where they do by more than their samples
        self.tables = {}
        for table in entry["tables"]:
            names = [column["name"] for column in table["columns"]]
            columns = {name: array_of([row[i] for row in table["rows"]]) for i, name in enumerate(names)}
            self.tables[table["name"]] = Table(table["name"], columns, table["title"],
                                               {c["name"]: c["unit"] for c in table["columns"]}, file)

    def finding(self, identity):
        return next((f for f in self.findings if f["id"] == identity), None)


class Explained:
    def __init__(self, file):
        try:
            found = json.loads(Path(file).read_text())
            if found.get("format") != "downscalexr-explain":
                raise DataError(f"{file}: format {found.get('format')!r}, expected 'downscalexr-explain': "
                                "give the explain.json of `study explain`")
            self.command, self.environment, self.noise = found["command"], found["environment"], found["noise"]
            self.left_out = found.get("left_out", [])  # (version 0.1 did not say)
            self.settings, self.machine = found["settings"], found.get("machine") or {}
            self.experiments = {e["name"]: Experiment(e, str(file)) for e in found["experiments"]}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{file} cannot be read as an explain.json ({type(error).__name__}: "
                            f"{' '.join(str(error).split())})") from error
        self.variants = [v for v in self.settings.get("variants", "").split(",") if v]

    def experiment(self, name):
        return self.experiments.get(name)

    def cache_mb(self):
        """{"L1": MB of one instance, ...} from the environment's words: "2 x 48 KiB, ..."."""
        sizes = {}
        for level in (1, 2, 3):
            words = re.match(r"\d+ x ([\d.]+) (KiB|MiB)", self.environment.get(f"cache_l{level}", ""))
            if words:
                sizes[f"L{level}"] = float(words[1]) * (1024 if words[2] == "KiB" else 1024 ** 2) / 1e6
        return sizes


def find_explanation(folder, named):
    """`--explain FILE`, else explain.json in the folder or in its folder explain/; None when there is none."""
    if named:
        return Explained(named)
    for file in (folder / "explain.json", folder / "explain" / "explain.json"):
        if file.is_file():
            return Explained(file)
    return None
