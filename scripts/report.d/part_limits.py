"""What the comparison cannot tell, and how to repeat it."""

import operators
import words
from document import Grid, Points, Quote, Section, Text

MACHINE = ("cpu_model", "virtualized", "topology", "cache_l1", "cache_l2", "cache_l3", "memory_mib", "governor", "kernel",
           "usable_cpus", "threads", "onednn_version", "onednn_effective_isa", "onednn_threading_runtime", "compiler",
           "compiler_flags", "build_type", "version", "commit", "date_utc", "load_average")


def limits(ctx):
    section = Section("limits", "What this cannot tell")
    results, items = ctx.results, []
    seeds = len(ctx.seeds)
    if seeds == 1:
        items.append("One seed: no difference between variants can be told from the spread over seeds.")
    elif seeds < 5:
        items.append(f"{words.count(seeds, 'seed')}: the spread over seeds is itself known only roughly.")
    for seed, shared in list(ctx.cells.shared_subjects.items())[:1]:
        for (a, b), count in shared.items():
            if count:
                items.append(f"{words.count(count, 'subject')} {'occurs' if count == 1 else 'occur'} in both {a} and {b} (seed {seed:g}): figures on {b} are "
                             "optimistic, and say less about new subjects than their intervals do.")
    table = operators.table()
    less = [name for name in ctx.variants if name in table and table[name]["conv_stride"] != 1]
    controls = [name for name, row in table.items() if row["conv_stride"] == 1 and row["at"][0]["flop"] == 0]
    if less and not set(controls) & set(ctx.variants):
        items.append(f"{words.listing(less)} {'does' if len(less) == 1 else 'do'} a quarter of the pooled variants' convolution work; "
                     f"without the control `{' or '.join(controls)}` in this comparison, its differences cannot be laid to the "
                     "missing pooling.")
    if not len(ctx.table("latency")):
        items.append("Nothing about latency: it was not measured.")
    else:
        items.append(f"Latency is of one machine ({results.environment.get('cpu_model', 'unknown')}) and one oneDNN "
                     f"({results.environment.get('onednn_version', 'unknown')}): another CPU or version may rank the variants otherwise.")
    if max(level for level, _ in ctx.noises) == 0:
        items.append("Nothing about noisy labels: every cell trained on clean ones.")
    items.append("One data set, one network, one recipe: the intervals cover new seeds and new subjects of the same "
                 "population, no other hospital and no other training.")
    items.append("Verdicts are corrected for several comparisons within their family; intervals in the figures are not.")
    section.add(Points(items))
    return section.add(Points(list(results.notes), "Notes of the comparison") if results.notes else None)


def repeat(ctx, command):
    section = Section("repeat", "How to repeat it")
    results = ctx.results
    section.add(Text("The study:"), Quote(results.command or "not recorded"), Text("This page:"), Quote(command))
    if ctx.explained:
        section.add(Text("The explanation of the latencies:"), Quote(ctx.explained.command))
    rows = [[name, results.environment[name]] for name in MACHINE if results.environment.get(name)]
    section.add(Grid("Machine and versions of the analysis and its latencies", ["what", "value"], rows))
    settings = [[name, str(value)] for name, value in results.settings.items()]
    if settings:
        section.add(Grid("Settings that all cells share", ["setting", "value"], settings, folded=True))
    if ctx.cells.commands:
        section.add(Grid("Each cell as a command of its own", ["cell", "command"], [list(c) for c in ctx.cells.commands.items()],
                         folded=True))
    return section.add(Text("All numbers are in compare.h5, compare.json and tables/*.csv beside this folder; every figure is in "
                            "figures/ as SVG; the cells' own files are in cells/."))
