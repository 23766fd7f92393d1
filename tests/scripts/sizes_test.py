#!/usr/bin/env python3
"""Sizes that stay readable: no C++ file over 400 lines and no function over 60.

clang-tidy's readability-function-size says the same of functions in the tidy preset, minutes later. This test finds
bodies in the layout that clang-format gives: the opening brace ends a line whose statement has parameters.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST_FILE_LINES = 400
MOST_FUNCTION_LINES = 60  # from brace to brace

QUOTED = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:[^"\\\n]|\\.)*"|(?<![0-9a-fA-F])\'(?:[^\'\\\n]|\\.)\'|//[^\n]*', re.DOTALL)
NO_BODY = re.compile(r"\s*(?:(?:inline )?namespace|struct|class|enum|union|extern|switch|if|for|while|else|do|try|\}|#)\b")
VALUES = re.compile(r"(?:=|return|\(|,|>)\s*\{$")


def bare(text: str) -> list[str]:
    """Lines without comments and without what stands in quotes."""
    return [line.rstrip() for line in QUOTED.sub(lambda found: "\n" * found[0].count("\n"), text).split("\n")]


def lines_of_body(lines: list[str], first: int) -> int:
    depth = 1
    for number in range(first + 1, len(lines)):
        for sign in re.findall(r"[{}]", lines[number]):
            depth += 1 if sign == "{" else -1
            if depth == 0:
                return number - first
    return len(lines) - first


def functions(lines: list[str]):
    """(line of the opening brace, lines from there to the closing one) of all bodies, those of lambdas among them."""
    start = depth = 0  # where the statement at hand began, and how many of its parentheses are open
    for number, line in enumerate(lines):
        before = lines[number - 1] if number else ""
        if depth <= 0 and (not before or before.endswith((";", "{", "}", ":"))):
            start, depth = number, 0
        depth += line.count("(") - line.count(")")
        if not line.endswith("{"):
            continue
        head = " ".join(lines[start:number + 1])
        if ")" in head and not NO_BODY.match(head) and not VALUES.search(line):
            yield number, lines_of_body(lines, number)
        depth = 0


def sources() -> list[str]:
    tracked = subprocess.run(["git", "ls-files", "*.cpp", "*.hpp"], cwd=ROOT, capture_output=True, text=True)
    names = [name for name in tracked.stdout.split("\n") if name and (ROOT / name).exists()]
    if tracked.returncode != 0 or not names:  # a copy of the tree without its history
        folders = ["kernels", "net", "data", "bench", "study", "tests"]
        names = [str(path.relative_to(ROOT)) for folder in folders for path in (ROOT / folder).rglob("*.[ch]pp")]
    return sorted(names)


def findings_in(name: str, text: str) -> list[str]:
    found = []
    count = text.count("\n")
    if count > MOST_FILE_LINES:
        found.append(f"{name}: {count} lines; at most {MOST_FILE_LINES}")
    for start, lines in functions(bare(text)):
        if lines > MOST_FUNCTION_LINES:
            found.append(f"{name}:{start + 1}: a function of {lines} lines; at most {MOST_FUNCTION_LINES}")
    return found


def check_itself() -> None:
    """A test that finds nothing has to show that it would."""
    body = "  call();\n" * MOST_FUNCTION_LINES
    assert findings_in("a", "int f(\n    int a) {\n" + body + "}\n"), "a long function is found"
    assert findings_in("a", "void g() {\n  run([&] {\n" + body + "  });\n}\n"), "one with a long lambda in it is found"
    assert not findings_in("a", "void f() {\n" + body[:-10] + "}\n" + "void g() {\n" + body[:-10] + "}\n"), "two short ones fit"
    assert not findings_in("a", "namespace {\n" + "int f();\n" * 100 + "}\n"), "a namespace is no function"
    assert findings_in("a", "\n" * (MOST_FILE_LINES + 1)), "a long file is found"


def main() -> int:
    check_itself()
    names = sources()
    found = [finding for name in names for finding in findings_in(name, (ROOT / name).read_text(encoding="utf-8"))]
    print("\n".join(found) or f"{len(names)} files: sizes fit")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
