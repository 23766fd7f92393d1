"""The command line of scripts/peers, and the words it takes. Needs Python alone: wrong options and --help are answered
before any environment is made."""

import argparse
import os
import sys
from pathlib import Path

import operators

UNITS = ("network", "block1", "block2", "pool1", "pool2")
MODES = ("forward", "train")
DATA_TYPES = ("f32", "bf16", "int8")

DESCRIPTION = """Times the same networks and operators in PyTorch, ONNX Runtime, OpenVINO and our program, interleaved.
Every library runs in a process of its own on identical weights and inputs; one process at a time runs, all others are
stopped. Results are compared first; what disagrees is not timed. "times ours" above 1 means: slower than ours.
On a quiet machine only: it says when others used the CPUs."""


def parse(argv):
    parser = argparse.ArgumentParser(prog=os.environ.get("DOWNSCALEXR_SELF", "scripts/peers"), description=DESCRIPTION,
                                     formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--units", nargs="+", choices=UNITS, default=["network"],
                        help="whole network, convolution + ReLU + downsampling, or the downsampling alone")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--variants", nargs="+", metavar="NAME",
                        help="operators of `study --help`; default: those of the original study")
    parser.add_argument("--batches", nargs="+", type=int, default=[32, 1], help="training takes the largest only")
    types = {"dest": "types", "nargs": "+", "choices": DATA_TYPES}
    parser.add_argument("--dtype", **types, default=["f32", "bf16"],
                        help="data types; int8: each library quantizes by its own tool, for networks and blocks")
    parser.add_argument("--types", **types, default=argparse.SUPPRESS, help=argparse.SUPPRESS)  # its old spelling
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of every worker")
    parser.add_argument("--rounds", type=int, default=15, help="turns of every worker")
    parser.add_argument("--processes", type=int, default=1,
                        help="fresh processes of every worker, one set after the other; rounds are of each. From 2 on "
                             "intervals are over processes (5 or more: fewer are wide); 1: over the rounds of one process, "
                             "which the next process may leave")
    parser.add_argument("--turn-ms", type=float, default=400, help="timed work in a turn, at least one iteration")
    parser.add_argument("--arms", nargs="+", metavar="NAME", help="only arms whose name contains one of these")
    parser.add_argument("--ours", action="append", metavar="LABEL=COMMAND",
                        help="our worker(s); default: 'ours=STUDY worker --layout nhwc', STUDY being scripts/run study or the installed one")
    parser.add_argument("--no-ours", action="store_true", help="peers only")
    parser.add_argument("--isa", choices=("avx2",), help="hold all but ONNX Runtime (it has no such switch) to AVX2")
    parser.add_argument("--seed", type=int, default=1, help="of the order within rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything, every sample included")
    arguments = parser.parse_args(argv)
    available = len(os.sched_getaffinity(0))
    for name in ("threads", "rounds", "processes"):
        if getattr(arguments, name) < 1:
            parser.error(f"--{name} must be at least 1")
    if min(arguments.batches) < 1:
        parser.error("--batches must be at least 1")
    if arguments.threads > available:
        parser.error(f"--threads {arguments.threads}: this process may use {available} CPUs")
    if arguments.json and not arguments.json.parent.is_dir():
        parser.error(f"--json {arguments.json}: no such folder; create it first")
    for text in arguments.ours or []:
        if not text.partition("=")[2]:
            parser.error(f"--ours {text!r}: expected LABEL=COMMAND")
    return arguments


def chosen_variants(arguments, table):
    """Names of operators of the table; ends with 2 where one is not there."""
    unknown = [name for name in arguments.variants or () if name not in table]
    if unknown:
        print(f"scripts/peers: --variants {unknown[0]}: choose from {', '.join(table)}", file=sys.stderr)
        raise SystemExit(2)
    return arguments.variants or [name for name, operator in table.items() if operator.in_original_study]


if __name__ == "__main__":
    given = parse(sys.argv[1:])
    if given.variants:
        chosen_variants(given, operators.table())
