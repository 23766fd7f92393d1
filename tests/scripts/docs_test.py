"""Do README, CONTRIBUTING, SECURITY and docs/ still tell the truth? Every command in a ```sh block runs in a scratch
folder, made small by the substitutions in one table below, or its block is marked as needing something absent, with an
HTML comment above it: <!-- needs: an MLflow server -->. Flags in marked blocks and in the text must be known to their
program's --help. Links lead to files and headings, paths that the text names exist, and the front page stays short.

    docs_test.py BIN                   everything, with the programs in BIN
    docs_test.py BIN Text              what needs no program
    docs_test.py --list                every command as it runs
"""

import os
import pathlib
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "results/README.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))
RUN = [page for page in PAGES if page.parent.name != "results"]
FRONT_PAGE_LINES, COLUMNS = 150, 120
BIN = pathlib.Path()

# --- What is made smaller, so that all commands take a minute or two. Flags replace those in the command. ---
SMALL_RUN = ("--size=32 --synthetic-train=64 --synthetic-val=32 --synthetic-test=32 --batch=16 --epochs=1 --threads=1 "
             "--latency-iterations=5 --progress=none --schedule=constant --warmup-epochs=0")
SUBSTITUTES = [
    # (command begins with, flags that are set, flags that are dropped, why)
    ("study plan", "--size=32", "", "a small network"),
    ("study doctor", "", "", ""),
    ("study list", "", "", ""),
    ("study predict", "--threads=1 --progress=none", "", ""),
    ("study export", "", "", ""),
    ("study import", "", "", ""),
    ("study compare", SMALL_RUN.replace("--latency-iterations=5 ", "")
     + " --seeds=2 --jobs=1 --resamples=100 --no-latency --no-page", "--noise-seeds", "drawing the page is scripts.report's"),
    ("study mechanism", "--threads=1 --progress=none", "", "half a second for the operators, little for small networks"),
    ("study report", "--threads=1 --progress=none --resamples=100 --no-latency --no-page", "", "as above"),
    ("study swap", "--threads=1 --progress=none --resamples=100", "", ""),
    ("study explain --compare", "", "", ""),
    ("study explain --variants maxpool,strided --size", "--batch=2 --threads=1 --seconds=0.002", "", "as below"),
    ("study explain", "--shapes=small.txt --batch=2 --threads=1 --seconds=0.002", "", "what it measures is not looked at"),
    ("study data import", "--size=32 --progress=none", "", ""),
    ("study data show", "--size=32 --progress=none", "", ""),
    ("study data audit", "--size=32 --progress=none", "", ""),
    ("study data clean", "--size=32 --progress=none", "", ""),
    ("study data issues", SMALL_RUN.replace("--latency-iterations=5 ", "") + " --folds=2", "", ""),
    ("study --repeat-for", "--repeat-for=0.1 --size=32 --threads=1 --batch=2", "", "half a minute for a profiler"),
    ("study --latency-only", "--size=32 --threads=1 --batch=2 --latency-iterations=5 --progress=none", "", ""),
    ("study --resume", "--epochs=2 --progress=none", "", "a finished run has nothing to resume"),
    ("study", SMALL_RUN, "", "a training of a second"),
    ("bench_ops", "--batch=2 --threads=1 --benchmark_min_time=0.0001 --no-roofline", "", ""),
]
# Scripts that would change the machine, take long, or are this very suite: only their words are tried, against --help.
WORDS_ONLY = {"scripts/test", "scripts/setup", "scripts/fuzz", "scripts/peers", "scripts/profile", "scripts/lint",
              "scripts/sanitize", "scripts/dtype_accuracy"}


def blocks(page):
    """(line, language, what it needs or "", text) of each fenced block."""
    lines, found, needs = page.read_text().splitlines(), [], ""
    at = 0
    while at < len(lines):
        line = lines[at]
        marker = re.fullmatch(r"<!-- needs: (.+) -->", line)
        if marker:
            needs = marker.group(1)
        elif line.startswith("```"):
            end = lines.index("```", at + 1)
            found.append((at + 1, line[3:], needs, "\n".join(lines[at + 1:end])))
            at, needs = end, ""
        elif line.strip():
            needs = ""
        at += 1
    return found


def commands(text):
    """The commands of a block, with continued lines joined and comments left out."""
    joined = re.sub(r"\\\n\s*", "", text)
    for line in joined.splitlines():
        words = shlex.split(line, comments=True)
        if words:
            yield words


def command_blocks():
    return [(page, line, needs, list(commands(text)))
            for page in RUN for line, language, needs, text in blocks(page) if language == "sh"]


def program_of(words):
    """study or bench_ops with its arguments, whatever starts it; else None."""
    if words[0] == "scripts/run":
        rest = words[1:]
        while rest and rest[0].startswith("--"):
            rest = rest[2:]
        return rest
    name = pathlib.Path(words[0]).name
    return [name, *words[1:]] if name in ("study", "bench_ops") else None


def set_flags(words, flags, dropped):
    """`words` with flags set to other values, or added."""
    names = [flag.partition("=")[0] for flag in flags.split()] + dropped.split()
    kept, skip = [], False
    for at, word in enumerate(words):
        name, equals, _ = word.partition("=")
        if skip:
            skip = False
        elif name in names:
            skip = not equals and at + 1 < len(words) and not words[at + 1].startswith("--")
        else:
            kept.append(word)
    return kept + flags.split()


def small(words):
    text = " ".join(words)
    for start, flags, dropped, _ in SUBSTITUTES:
        if text == start or text.startswith(start + " "):
            return set_flags(words, flags, dropped)
    raise AssertionError(f"no substitution for '{text}'")


# --- The scratch folder: a clone as far as commands look at it, and stand-ins for the data that they name. ---
def png(path, width, height, pixel):
    rows = b"".join(b"\0" + bytes(pixel(x, y) & 255 for x in range(width)) for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def npy(shape, numbers):
    head = "{'descr': '|u1', 'fortran_order': False, 'shape': %r, }" % (shape,)
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + bytes(numbers)


def noise(*keys):
    return zlib.crc32(repr(keys).encode())


def make_data(shared, clone):
    """Class folders of small images with a stripe for one class, and an .npz like MedMNIST's."""
    for split, count in (("train", 40), ("val", 12), ("test", 24)):
        for label, name in enumerate(("NORMAL", "PNEUMONIA")):
            for i in range(count):
                png(shared / f"chest_xray/{split}/{name}/person{1000 * label + 100 * count + i}_x_{i}.png", 40, 36,
                    lambda x, y: noise(split, name, i, x, y) % 90 + (120 * label if 10 < x < 22 else 40))
    with zipfile.ZipFile(clone / "pneumoniamnist_64.npz", "w") as archive:
        for split, count in (("train", 64), ("val", 32), ("test", 32)):
            images = (noise(split, i, p) % 100 + 100 * (i % 2 and p % 16 < 8) for i in range(count) for p in range(256))
            archive.writestr(f"{split}_images.npy", npy((count, 16, 16), images))
            archive.writestr(f"{split}_labels.npy", npy((count, 1), (i % 2 for i in range(count))))


class Scratch:
    """A clone whose scripts/run is the programs in BIN, with data beside it."""

    def __init__(self, folder):
        self.clone = pathlib.Path(folder) / "clone"
        (self.clone / "results/runs").mkdir(parents=True)
        (self.clone / "build/release").mkdir(parents=True)
        (self.clone / "build/release/bin").symlink_to(BIN)
        for name in ("study", "bench", "net"):
            (self.clone / name).symlink_to(ROOT / name)
        shutil.copytree(ROOT / "results/explain", self.clone / "results/explain")
        (self.clone / "small.txt").write_text("small src=1x64x64 conv=6,k5\n")
        make_data(pathlib.Path(folder) / "shared/data", self.clone)
        home = pathlib.Path(folder) / "home"
        home.mkdir()
        self.environment = {**os.environ, "HOME": str(home), "OMP_WAIT_POLICY": "passive"}
        for name in ("XDG_CACHE_HOME", "MLFLOW_TRACKING_URI"):
            self.environment.pop(name, None)

    def run(self, words):
        return subprocess.run(words, cwd=self.clone, env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=300)


def flags_of(words):
    return [word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)]


HELP = {}


def help_of(words):
    """The text of `words --help`, asked for once."""
    key = tuple(words)
    if key not in HELP:
        HELP[key] = subprocess.run([*words, "--help"], cwd=ROOT, capture_output=True, text=True,
                                   stdin=subprocess.DEVNULL).stdout
    return HELP[key]


def page_for(program):
    """The words of the command whose --help knows `program`'s flags."""
    words = [str(BIN / program[0])]
    for word in program[1:3]:
        if not re.fullmatch(r"[a-z-]+", word) or word.startswith("-"):
            break
        if not re.search(rf"^  {' '.join([*program[1:len(words)], word])} ", help_of([str(BIN / "study")]), re.MULTILINE) \
                and word != "data":
            break
        words.append(word)
    return words


def unknown_flags(words):
    """Flags in a command that its program's help does not name."""
    program = program_of(words)
    if program:
        known = help_of(page_for(program))
        flags = [flag for flag in flags_of(program) if not flag.startswith("--benchmark_")]
    elif words[0] in WORDS_ONLY:
        ours = words[1:words.index("--")] if "--" in words else words[1:]
        flags = flags_of(ours)
        if words[0] == "scripts/test":
            flags = [flag for flag in flags if flag in ("--preset", "--onednn")]
        known = help_of([str(ROOT / words[0])])
        inner = program_of(words[words.index("--") + 1:]) if "--" in words else None
        if inner and unknown_flags(inner):
            return unknown_flags(inner)
    else:
        return []
    return [flag for flag in flags if not re.search(rf"{re.escape(flag)}\b", known)]


def inline_commands(page):
    """Commands in the text: `study data audit` with flags, `scripts/peers --json`."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for code in re.findall(r"`([^`\n]+)`", text):
        if re.match(r"(scripts/(?!run )[a-z-]+|scripts/run --|study|bench_ops) ", code) and "..." not in code:
            yield shlex.split(code)


class Commands(unittest.TestCase):
    def test_every_command_runs_or_is_marked(self):
        with tempfile.TemporaryDirectory() as folder:
            scratch = Scratch(folder)
            for page, line, needs, block in command_blocks():
                where = f"{page.name}:{line}"
                for words in block:
                    with self.subTest(where, command=shlex.join(words)):
                        self.try_one(scratch, words, needs)

    def try_one(self, scratch, words, needs):
        self.assertEqual(unknown_flags(words), [], "not in --help")
        if needs or words[0] in WORDS_ONLY:
            return
        program = program_of(words)
        self.assertIsNotNone(program, "neither a program of ours nor marked with <!-- needs: ... -->")
        program = small(program)
        done = scratch.run([str(BIN / program[0]), *program[1:]])
        self.assertEqual(done.returncode, 0, f"ran {shlex.join(program)}\n{done.stderr[-2000:]}")
        self.assertNotIn("Failed to match any benchmarks", done.stderr)

    def test_flags_in_the_text_are_known(self):
        for page in PAGES:
            for words in inline_commands(page):
                with self.subTest(page.name, command=shlex.join(words)):
                    self.assertEqual(unknown_flags(words), [])


class Reading(unittest.TestCase):
    """What the tests above rest on."""

    PAGE = ("a\n\n<!-- needs: a server -->\n```sh\nstudy sync DIR\n```\n\n```sh\nstudy plan \\\n  --train  # x\n```\n"
            "<!-- needs: nothing here -->\ntext\n```text\nno command\n```\n")

    def test_a_marker_is_for_the_next_block_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "page.md"
            page.write_text(self.PAGE)
            self.assertEqual([(language, needs) for _, language, needs, _ in blocks(page)],
                             [("sh", "a server"), ("sh", ""), ("text", "")])

    def test_lines_are_joined_and_comments_left_out(self):
        self.assertEqual(list(commands("study plan \\\n  --train  # x\n")), [["study", "plan", "--train"]])

    def test_flags_replace_those_in_the_command(self):
        self.assertEqual(set_flags(["study", "--batch", "1", "--json", "--epochs=9"], "--batch=2 --size=8", "--epochs"),
                         ["study", "--json", "--batch=2", "--size=8"])

    def test_a_program_is_known_whatever_starts_it(self):
        for words in ("scripts/run study plan", "scripts/run --onednn source study plan", "build/release/bin/study plan"):
            self.assertEqual(program_of(words.split()), ["study", "plan"])
        self.assertIsNone(program_of(["make", "all"]))

    def test_anchors_are_githubs(self):
        self.assertEqual(anchor("Beside other libraries: `scripts/peers`"), "beside-other-libraries-scriptspeers")


def anchor(heading):
    """A heading's anchor as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).replace(" ", "-")


class Text(unittest.TestCase):
    def test_links_lead_somewhere(self):
        for page in PAGES:
            for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
                if target.startswith("http"):
                    continue
                name, _, heading = target.partition("#")
                file = (page.parent / name).resolve() if name else page
                with self.subTest(page.name, link=target):
                    self.assertTrue(file.exists(), "no such file")
                    if heading:
                        headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
                        self.assertIn(heading, [anchor(h) for h in headings])

    def test_paths_in_the_text_exist(self):
        tops = "kernels|net|data|bench|study|scripts|tests|docs|cmake|results"
        for page in PAGES:
            text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
            for path in re.findall(rf"`((?:{tops})/[^`\s]*)`", text):
                if re.search(r"[<>*{}]|\bNAME\b", path) or path.startswith(("results/runs", "results/profiles")):
                    continue
                with self.subTest(page.name, path=path):
                    self.assertTrue((ROOT / path).exists() or (ROOT / "results" / path).exists(), "no such file")

    def test_the_front_page_is_short(self):
        self.assertLessEqual(len((ROOT / "README.md").read_text().splitlines()), FRONT_PAGE_LINES)

    def test_lines_are_narrow(self):
        for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
            for number, line in enumerate(page.read_text().splitlines(), 1):
                with self.subTest(f"{page.name}:{number}"):
                    self.assertLessEqual(len(line), COLUMNS)

    def test_one_version_and_one_date(self):
        version = re.search(r"^project\(\w+ VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]
        cited = dict(re.findall(r"^(version|date-released): (\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE))
        headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
        self.assertEqual(version, cited["version"])
        released = next(heading for heading in headings if not heading.startswith("Unreleased"))
        self.assertEqual(f"{version} ({cited['date-released']})", released)

    def test_every_block_has_a_language(self):
        for page in RUN:
            for line, language, _, _ in blocks(page):
                with self.subTest(f"{page.name}:{line}"):
                    self.assertIn(language, ("sh", "text", "cpp", "diff", "yaml"))

    def test_no_page_names_this_machine(self):
        for page in PAGES:
            with self.subTest(page.name):
                self.assertNotRegex(page.read_text(), r"/(tmp|work|root|home)/")


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        for page, line, needs, block in command_blocks():
            for words in block:
                how = f"needs {needs}" if needs else "words only" if words[0] in WORDS_ONLY else shlex.join(small(program_of(words)))
                print(f"{page.name}:{line}: {shlex.join(words)}\n    {how}")
    else:
        if len(sys.argv) > 1 and os.sep in sys.argv[1]:
            BIN = pathlib.Path(sys.argv.pop(1)).resolve()
        unittest.main()
