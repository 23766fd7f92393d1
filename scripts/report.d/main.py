"""Draws the page of a finished comparison. The numbers come from `study compare`; this only shows them. See `--help`."""

import argparse
import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from results import DataError, Results

CONFIG, DATA, OUTPUT = 2, 3, 4  # as study/cli/exit_code.hpp

DESCRIPTION = """Draws report.html (one file, opens offline), report.md, headline.md and figures/*.svg from the
compare.h5 (or compare.json) that `study compare` and `study report` wrote into DIR, its cells, and an explain.json."""


def parse(argv):
    parser = argparse.ArgumentParser(prog="scripts/report", description=DESCRIPTION)
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder of a `study compare`")
    parser.add_argument("--explain", metavar="FILE", type=Path,
                        help="explain.json of `study explain` (default: DIR/explain.json or DIR/explain/explain.json, if there)")
    parser.add_argument("--out", metavar="DIR", type=Path, help="where the page goes (default: DIR/report)")
    parser.add_argument("--data", metavar="PATH", help="the images, if they have moved: folder or HDF5 file")
    parser.add_argument("--image-licence", metavar="TEXT", default="", help="line under the thumbnails (default: from the data set's README.md)")
    parser.add_argument("--images", action="store_true", help="put thumbnails of wrongly decided images into the page (default: only their names)")
    parser.add_argument("--no-images", dest="images", action="store_false", help=argparse.SUPPRESS)  # version 0.1's word; now the default
    return parser.parse_args(argv)


def build(arguments, command, folder):
    """Draws everything into `folder`."""
    # Loading matplotlib takes a second: wrong input is answered before.
    results = Results(arguments.folder)
    from explained import find_explanation
    explained = find_explanation(arguments.folder, arguments.explain)
    import page
    return page.draw(results, explained, arguments, command, folder)


def publish(fresh, out):
    """Moves what was drawn to its place, file by file; figures of an earlier page that this one lacks go."""
    new = {path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file()}
    for old in list((out / "figures").rglob("*.png")) + list((out / "figures").rglob("*.svg")):
        if old.relative_to(out) not in new:
            old.unlink()
    for path in sorted(new):
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        os.replace(fresh / path, out / path)


def main(argv):
    arguments = parse(argv)
    out = arguments.out or arguments.folder / "report"
    command = shlex.join(["scripts/report", *argv])
    fresh = None
    try:
        if not arguments.folder.is_dir():
            raise DataError(f"{arguments.folder}: no such folder; give the folder of a `study compare`")
        out.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".drawing-", dir=out))
        panels = build(arguments, command, fresh)
        publish(fresh, out)
        print(f"{out / 'report.html'}: {panels} figures; report.md, headline.md and figures/ beside it")
        return 0
    except DataError as error:
        print(f"scripts/report: {error}", file=sys.stderr)
        return DATA
    except OSError as error:
        print(f"scripts/report: {out} cannot be written: {error}", file=sys.stderr)
        return OUTPUT
    finally:
        if fresh:
            shutil.rmtree(fresh, ignore_errors=True)
            if not any(out.iterdir()):
                out.rmdir()


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):  # a path may be any bytes
        stream.reconfigure(errors="surrogateescape")
    sys.exit(main(sys.argv[1:]))
