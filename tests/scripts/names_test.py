"""Does a name mean one thing within a room, and within a test program? Their files are compiled eight at a time as one
unit (cmake/DownScaleXRRooms.cmake), where anonymous namespaces are merged: a second helper of the same name fails to
compile in a unit that nobody touched, or is taken silently where the first was meant. Types of one name in two files
that are no unit are worse: if they are not in anonymous namespaces, the linker keeps one and says nothing.

    names_test.py            checks this repository, and each rule on sources that break it

Allowed are what the compiler tells apart (overloads whose parameters differ in more than kinds of numbers or of texts)
and aliases of the same type. Names are found by Universal Ctags.
"""

import collections
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("kernels", "net", "data", "bench", "study", "tests")
ALONE = re.compile(r"tests/fuzz/|/itt/|_main\.cpp$")  # programs of their own, from one source each
NOT_UNITED = re.compile(r"set_target_properties\(((?:downscalexr_\w+\s+)+)PROPERTIES UNITY_BUILD OFF\)")
# What these macros define, in words that Ctags knows; of the others it is told nothing.
MACROS = {
    **{f"{kind}(suite,name)": "static void suite##_##name##_Test()" for kind in ("TEST", "TEST_F", "TEST_P")},
    **{f"MATCHER{n}": "static bool name()" for n in ("(name,text)", "_P(name,a,text)", "_P2(name,a,b,text)")},
}
NUMBER = re.compile(r"^((un)?signed|bool|char|short|int|long|float|double|(std::)?(size_t|u?int\d+_t|ptrdiff_t)|\s)+$")
TEXT = re.compile(r"^(std::string(_view)?|char\*|(std::filesystem|fs)::path)$")

Name = collections.namedtuple("Name", "path line kind internal parameters type")


def groups(root):
    """Each source, and what it is compiled or linked with as one: its room, or its test program."""
    cmake = "\n".join(path.read_text() for folder in FOLDERS for path in (root / folder).glob("CMakeLists.txt"))
    apart = {target for line in NOT_UNITED.findall(cmake) for target in line.split()}
    found = {}
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.[ch]pp")):
            path = path.relative_to(root)
            room = "/".join(path.parts[:2]) if folder == "tests" else str(path.parent)
            if not ALONE.search(str(path)) and "downscalexr_" + room.replace("/", "_") not in apart:
                found[str(path)] = room
    return found


def parameters(signature):
    """Types of parameters, as far as an overload can tell them apart."""
    depth, types = 0, [""]
    for c in signature.strip("() "):
        depth += (c in "<({[") - (c in ">)}]")
        if c == "," and depth == 0:
            types.append("")
        else:
            types[-1] += c
    return [kind_of(text) for text in types]


def kind_of(parameter):
    words = re.sub(r"\s*([*&])\s*", r"\1 ", re.sub(r"=.*|\bconst\b", "", parameter)).split()
    if len(words) > 1 and re.fullmatch(r"\w+", words[-1]) and not NUMBER.match(" ".join(words)):
        words.pop()  # the parameter's name
    text = "".join(words).replace("&", "")
    return "a number" if NUMBER.match(text) else "a text" if TEXT.match(text) else text


def names(root, group_of):
    """(group, namespace, name): where it is defined or declared, and whether it is that file's alone."""
    command = ["ctags", "--languages=C++", "--langmap=C++:+.hpp", "--output-format=json", "--kinds-C++=cfgstuvxp",
               "--fields=+nKsSZEt", "-f", "-", "-L", "-"]
    for macro, words in MACROS.items():
        command += ["-D", f"{macro}={words}"]
    printed = subprocess.run(command, cwd=root, input="\n".join(group_of), text=True, check=True,
                             stdout=subprocess.PIPE)
    found = collections.defaultdict(list)
    for line in printed.stdout.splitlines():
        tag = json.loads(line)
        scopes, extras = tag.get("scope", "").split("::"), tag.get("extras", "")
        # Members are their class's affair, and words in capitals are macros that Ctags took for functions.
        if tag.get("scopeKind", "namespace") != "namespace" or "anonymous" in extras or tag["name"].isupper():
            continue
        internal = tag["path"].endswith(".cpp") and (
            scopes != named(scopes) or "fileScope" in extras or tag["kind"] == "variable")
        found[group_of[tag["path"]], "::".join(named(scopes)), tag["name"]].append(
            Name(tag["path"], tag["line"], tag["kind"], internal, parameters(tag.get("signature", "")),
                 tag.get("typeref", "")))
    return found


def named(scopes):
    return [scope for scope in scopes if not scope.startswith("__anon")]


def hidden(text):
    return "namespace {\n" + text + "\n}"


def clash(a, b):
    if a.path == b.path or not (a.internal or b.internal):
        return False
    if a.kind == b.kind == "typedef":
        return a.type != b.type
    if {a.kind, b.kind} <= {"function", "prototype"}:
        return a.parameters == b.parameters
    # `extern` in the header, the definition in a source.
    return "externvar" not in (a.kind, b.kind)


def faults(root):
    found = []
    for (group, scope, name), uses in sorted(names(root, groups(root)).items()):
        pairs = [(a, b) for i, a in enumerate(uses) for b in uses[:i] if clash(a, b)]
        if pairs:
            places = sorted({f"{use.path}:{use.line}" for pair in pairs for use in pair})
            found.append(f"{group}: {scope}::{name} is defined by {' and '.join(places)}")
    return found


class Names(unittest.TestCase):
    def test_mean_one_thing_in_a_room_and_in_a_test_program(self):
        self.assertEqual("", "\n".join(faults(ROOT)))

    def found(self, one, other, places=("study/run/one.cpp", "study/run/other.cpp"), cmake=""):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for place, text in zip(places, (one, other)):
                (root / place).parent.mkdir(parents=True, exist_ok=True)
                (root / place).write_text("namespace dsx {\n" + text + "\n}\n")
            (root / "study").mkdir(exist_ok=True)
            (root / "study/CMakeLists.txt").write_text(cmake)
            return faults(root)

    def test_found_are_types_constants_functions_and_tests(self):
        self.assertEqual(["study/run: dsx::Timed is defined by study/run/one.cpp:3 and study/run/other.cpp:3"],
                         self.found(hidden("struct Timed { int x; };"), hidden("class Timed {};")))
        for one, other in (
                (hidden("constexpr double kShift = 1;"), hidden("const int kShift{2};")),
                ("constexpr int kShift = 1;", "constexpr int kShift = 1;"),
                ("static void draw(int x) {}", hidden("void draw(int y) {}")),
                # A call with a literal would change its meaning, or become ambiguous.
                (hidden("void draw(int x) {}"), hidden("void draw(const double x = 1) {}")),
                (hidden("void say(const std::string& x) {}"), hidden("void say(const char* x) {}")),
                (hidden("using Row = int;"), hidden("using Row = double;")),
                # Not in an anonymous namespace: the linker keeps one.
                ("struct Timed { int x; };", "struct Timed { double y; };")):
            self.assertEqual(1, len(self.found(one, other)), (one, other))
        of_tests = ("tests/net/one_test.cpp", "tests/net/plan/other_test.cpp")
        self.assertEqual(1, len(self.found("TEST(Plan, Runs) {}", "TEST(Plan, Runs) {}", of_tests)))
        self.assertEqual(1, len(self.found('MATCHER_P(Is, x, "") {}', 'MATCHER(Is, "") {}', of_tests)))

    def test_found_is_a_name_that_hides_one_of_the_rooms_headers(self):
        places = ("study/run/one.hpp", "study/run/other.cpp")
        self.assertEqual(1, len(self.found("struct Cell {};", hidden("struct Cell {};"), places)))

    def test_allowed_is_what_the_compiler_tells_apart(self):
        for one, other in (
                (hidden("std::string text(const Row& row) {}"), hidden("std::string text(const Cell& cell) {}")),
                (hidden("using Json = nlohmann::json;"), hidden("using Json = nlohmann::json;")),
                ("namespace a {\nstruct Timed {};\n}", "namespace b {\nstruct Timed {};\n}"),
                (hidden("struct A { int kShift; };"), hidden("struct B { int kShift; };")),
                ("TEST(Plan, Runs) {}", "TEST(Plan, Stops) {}")):
            self.assertEqual([], self.found(one, other))
        timed = hidden("struct Timed {};")
        self.assertEqual([], self.found(timed, timed, ("study/run/one.cpp", "study/sweep/other.cpp")))
        self.assertEqual([], self.found("void run(int x);", "void run(int x) {}",
                                        ("study/run/run.hpp", "study/run/run.cpp")))
        apart = "set_target_properties(downscalexr_study_run PROPERTIES UNITY_BUILD OFF)"
        self.assertEqual([], self.found(timed, timed, cmake=apart))


if __name__ == "__main__":
    if shutil.which("ctags") is None:
        print("Universal Ctags is missing: scripts/setup --ci installs it")
        sys.exit(77)  # ctest: skipped
    unittest.main()
