"""Paths as anybody may read them: a report is passed on, and the folders of the machine that made it are nobody's business and
nobody's use. `portable.py FILE...` does the same to text and JSON files that are to be passed on beside it."""

import argparse
import os
import re
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path

# An absolute path of at least two names; not the end of a relative one, and not the // of an address.
PATH = re.compile(r"(?<![\w.~/+-])/[\w.@+-]+(?:/[\w.@+-]+)+/?")
SAME_EVERYWHERE = ("bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "nix", "opt", "proc", "run", "sbin", "sys", "usr")


def portable(text, here=None, home=None):
    """The text with paths relative to the working folder (or the one above it), to the home folder as ~, and otherwise only
    with their last two names behind "..."."""
    here, home = Path(here or Path.cwd()), Path(home or os.environ.get("HOME") or "/nonexistent")

    def shown(found):
        path = Path(found[0])
        if path.parts[1] in SAME_EVERYWHERE:
            return found[0]
        if path.is_relative_to(here):
            return str(path.relative_to(here))
        if path.is_relative_to(home) and home != home.parent:
            return "~/" + str(path.relative_to(home))
        if path.is_relative_to(here.parent) and here.parent != here.parent.parent:
            return "../" + str(path.relative_to(here.parent))
        return ".../" + "/".join(path.parts[-2:])

    return PATH.sub(shown, text)


def portable_document(part):
    """The same for every text of a document (document.py), in place where it can be; returns it."""
    if isinstance(part, str):
        return portable(part)
    if isinstance(part, (list, tuple)):
        return type(part)(portable_document(item) for item in part)
    if is_dataclass(part):
        for field in fields(part):
            setattr(part, field.name, portable_document(getattr(part, field.name)))
    return part


def main(argv):
    parser = argparse.ArgumentParser(prog="portable.py", description="Rewrites paths of this machine in text and JSON files, in place: "
                                     "relative to a folder, to the home folder as ~, otherwise their last two names behind '...'.")
    parser.add_argument("--here", type=Path, help="the folder where the commands in the files were run (default: this one)")
    parser.add_argument("--home", type=Path, help="the home folder of who ran them (default: yours)")
    parser.add_argument("files", metavar="FILE", type=Path, nargs="+")
    arguments = parser.parse_args(argv)
    for file in arguments.files:
        before = file.read_bytes().decode("utf-8")
        after = portable(before, arguments.here, arguments.home)
        if after != before:
            file.write_bytes(after.encode("utf-8"))
            print(file)


if __name__ == "__main__":
    main(sys.argv[1:])
