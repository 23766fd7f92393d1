"""Do cmake/rooms.txt, the includes of all sources and docs/architecture.md agree? A room is a folder of sources; it may
include the rooms that its line names, all of which stand above that line. Each rule is also tried on a small tree that
breaks it.

    rooms_test.py            checks this repository
    rooms_test.py --print    the block for docs/architecture.md, as cmake/rooms.txt would have it
"""

import pathlib
import re
import sys
import tempfile
import textwrap
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Not the program: tests may include any room, and no room includes them.
OUTSIDE = ("tests", "build", "results", "scripts", "docs", "cmake")
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)
QUOTED = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
GENERATED = re.compile(r"^downscalexr_[a-z_]+\.(hpp|inc)$")  # by CMake, in build/
WIDTH = 118


def read_rooms(root):
    """Rooms in order, each with the rooms that it may include; and what is wrong with the list itself."""
    rooms, faults = {}, []
    for line in (root / "cmake/rooms.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        room, _, below = line.partition(":")
        if room in rooms:
            faults.append(f"cmake/rooms.txt: {room} is listed twice")
        for other in below.split():
            if other not in rooms:
                faults.append(f"cmake/rooms.txt: {room} names {other}, which does not stand above it")
        rooms[room] = below.split()
    return rooms, faults


def sources(root, folders):
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".cpp", ".hpp", ".h", ".inc"):
                yield path.relative_to(root)


def source_folders(root):
    return sorted(p.name for p in root.iterdir() if p.is_dir() and p.name not in OUTSIDE and not p.name.startswith("."))


def is_program(path):
    return path.name.endswith("_main.cpp")


def included(root, path):
    """Files of this repository that `path` includes, and quoted names that are none."""
    text = (root / path).read_text()
    found = [pathlib.Path(name) for name in INCLUDE.findall(text) if (root / name).is_file()]
    beside = [name for name in QUOTED.findall(text) if not (root / name).is_file()]
    return found, [name for name in beside if not GENERATED.match(name)]


def include_faults(root, rooms):
    faults, used = [], set()
    for path in sources(root, source_folders(root)):
        room = path.parent.as_posix()
        if not is_program(path):
            used.add(room)
            if room not in rooms:
                faults.append(f"{path}: its folder is not in cmake/rooms.txt")
                continue
        found, unknown = included(root, path)
        faults += [f'{path}: "{name}" is no file below the repository\'s root' for name in unknown]
        for other in found:
            where = other.parent.as_posix()
            if other.parts[0] in OUTSIDE:
                faults.append(f"{path}: includes {other}; nothing includes {other.parts[0]}/")
            elif not is_program(path) and where != room and where in rooms and where not in rooms[room]:
                faults.append(f"{path}: includes {other}, but cmake/rooms.txt does not allow {room} to use {where}")
    faults += [f"cmake/rooms.txt: {room} has no sources" for room in rooms if room not in used]
    return faults


def circle_faults(root):
    """Files that include each other, each circle once."""
    folders = [*source_folders(root), *(["tests"] if (root / "tests").is_dir() else [])]
    graph = {path: included(root, path)[0] for path in sources(root, folders)}
    faults, done = [], set()

    def visit(path, way):
        if path in way:
            faults.append("circle: " + " -> ".join(str(p) for p in [*way[way.index(path):], path]))
        if path in done or path in way:
            return
        for other in graph.get(path, []):
            if other != path:  # a Highway file includes itself for each instruction set
                visit(other, [*way, path])
        done.add(path)

    for path in graph:
        visit(path, [])
    return faults


def short(names):
    """net data/io data/formats -> net data/{io,formats}"""
    groups = {}
    for name in names:
        top, slash, rest = name.partition("/")
        groups.setdefault(top + slash, []).append(rest)
    return [top + (rests[0] if len(rests) == 1 else f"{{{','.join(rests)}}}") for top, rests in groups.items()]


def long(words):
    names = []
    for word in words:
        top, brace, rests = word.partition("/{")
        names += [f"{top}/{rest}" for rest in rests[:-1].split(",")] if brace else [word]
    return names


def block_text(rooms):
    lines = []
    for room, below in rooms.items():
        # Commas may end a line, so that the longest list fits; docs_rooms() joins them again.
        text = f"{room}: {' '.join(short(below))}".rstrip().replace(",", ", ")
        lines += [line.replace(", ", ",") for line in textwrap.wrap(text, WIDTH, subsequent_indent="    ")]
    return "\n".join(lines)


def docs_rooms(text):
    """The rooms of the table with what they know, and those of the block with what they may include."""
    part = text.partition("\n## The rooms\n")[2].partition("\n## ")[0]
    table = re.findall(r"^\| `([a-z_/]+)` \|", part, re.MULTILINE)
    block = part.partition("\n```text\n")[2].partition("\n```")[0]
    joined = re.sub(r",\n +", ",", block)
    joined = re.sub(r"\n +", " ", joined)
    rooms = {}
    for line in joined.splitlines():
        room, _, below = line.partition(":")
        rooms[room] = long(below.split())
    return table, rooms


def docs_faults(root, rooms):
    table, block = docs_rooms((root / "docs/architecture.md").read_text())
    faults = []
    if table != list(rooms):
        faults.append(f"docs/architecture.md: the table under 'The rooms' has {table}, cmake/rooms.txt {list(rooms)}")
    if list(block) != list(rooms) or any(sorted(block[room]) != sorted(rooms[room]) for room in block):
        different = [room for room in {**rooms, **block} if sorted(block.get(room, ())) != sorted(rooms.get(room, ()))]
        faults.append(f"docs/architecture.md: the block under 'The rooms' differs from cmake/rooms.txt for {different}: "
                      "tests/scripts/rooms_test.py --print gives the right one")
    return faults


def all_faults(root):
    rooms, faults = read_rooms(root)
    return faults + include_faults(root, rooms) + circle_faults(root) + docs_faults(root, rooms)


class ThisRepository(unittest.TestCase):
    def test_rooms_includes_and_docs_agree(self):
        self.assertEqual(all_faults(ROOT), [])


class BrokenRules(unittest.TestCase):
    """A tree of three rooms, right as it stands; each test breaks one rule."""

    FILES = {
        "cmake/rooms.txt": "# lower ones first\nlow/base:\nlow/more: low/base\nhigh: low/base low/more\n",
        "low/base/a.hpp": "#include <vector>\n",
        "low/more/b.cpp": '#include "low/base/a.hpp"\n#include "downscalexr_version.hpp"\n',
        "high/c.hpp": '#include "low/base/a.hpp"\n',
        "high/c.cpp": '#include "high/c.hpp"\n',
        "high/program_main.cpp": '#include "high/c.hpp"\n',
        "tests/c_test.cpp": '#include "high/c.hpp"\n#include "low/base/a.hpp"\n',
        "docs/architecture.md": "# A\n\n## The rooms\n\n| `low/base` | x |\n| `low/more` | x |\n| `high` | x |\n\n"
                                "```text\nlow/base:\nlow/more: low/base\nhigh: low/{base,\n    more}\n```\n\n## B\n",
    }

    def faults(self, **changes):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {**self.FILES, **changes.get("files", {})}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return all_faults(root)

    def one_fault(self, words, **files):
        found = self.faults(files=files["files"])
        self.assertTrue(any(words in fault for fault in found), f"'{words}' is not in {found}")

    def test_the_tree_itself_is_right(self):
        self.assertEqual(self.faults(), [])

    def test_an_include_upward(self):
        self.one_fault("does not allow low/base to use high", files={"low/base/d.cpp": '#include "high/c.hpp"\n'})
        self.one_fault("does not allow low/base to use high", files={"low/base/d.cpp": "# include <high/c.hpp>\n"})

    def test_an_include_of_tests(self):
        self.one_fault("nothing includes tests/", files={"high/program_main.cpp": '#include "tests/c_test.cpp"\n'})

    def test_an_include_that_is_nowhere(self):
        self.one_fault('"c.hpp" is no file', files={"high/c.cpp": '#include "c.hpp"\n'})

    def test_a_room_above_what_it_needs(self):
        self.one_fault("which does not stand above it",
                       files={"cmake/rooms.txt": "low/more: low/base\nlow/base:\nhigh: low/base low/more\n"})

    def test_a_room_without_a_line(self):
        self.one_fault("its folder is not in cmake/rooms.txt", files={"low/new/e.cpp": ""})

    def test_a_line_without_a_room(self):
        self.one_fault("gone has no sources", files={"cmake/rooms.txt": self.FILES["cmake/rooms.txt"] + "gone: high\n"})

    def test_a_circle_of_files(self):
        self.one_fault("circle: high/c.hpp -> high/d.hpp -> high/c.hpp",
                       files={"high/c.hpp": '#include "high/d.hpp"\n', "high/d.hpp": '#include "high/c.hpp"\n'})

    def test_a_table_that_lacks_a_room(self):
        text = self.FILES["docs/architecture.md"]
        self.one_fault("the table under", files={"docs/architecture.md": text.replace("| `low/more` | x |\n", "")})

    def test_a_block_that_allows_more(self):
        text = self.FILES["docs/architecture.md"]
        self.one_fault("for ['low/base']", files={"docs/architecture.md": text.replace("low/base:\n", "low/base: high\n")})


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        print(block_text(read_rooms(ROOT)[0]))
    else:
        unittest.main()
