"""The page from top to bottom: which parts, in which order, and the facts above them."""

import operators
import part_answer
import part_answers
import words
from cells import Cells
from context import Context
from document import Document, Missing
from page_html import write_html
from page_markdown import write_headline, write_markdown
from part_calibration import calibration
from part_costs import costs
from part_decisions import decisions
from part_explain import explanation
from part_generalization import generalization
from part_images import ImageSource, images
from part_latency import latency
from part_limited import limited
from part_limits import limits, repeat
from part_mechanism import mechanism
from part_noise import noise
from part_shift import shift
from part_swap import swap
from part_training import training
from portable import portable, portable_document
from style import Canvas, use_table

TITLE = "What does early downsampling do to a small chest X-ray classifier?"
QUESTION = ("To its generalization under noisy labels, to its decision bias (false positives against false negatives), and to "
            "its CPU latency and its stability, and why?")


# The page from top to bottom: each part, and how many of its blocks stand open. The first screen answers; the rest is on demand.
EVERYTHING = 99
PARTS = [(part_answer.answer, EVERYTHING), (part_answer.shared, EVERYTHING), (part_answers.found, 0), (part_answers.claims, 1),
         (swap, 3), (mechanism, 3), (generalization, 1), (limited, 1), (noise, 1), (decisions, 2), (latency, 1), (explanation, 2),
         (limits, 1),
         (part_answers.headline, 0), (training, 0), (calibration, 0), (shift, 0), (costs, 0), (images, 0)]


def engine_of(ctx):
    engine, table = ctx.results.settings.get("engine"), operators.table()
    apart = [name for name in ctx.variants if name in table and not table[name]["fused"]]
    if engine != "fused" or not apart:
        return engine
    return f"{engine}, but for the downsampling of {words.listing(apart)}, which has no fused kernel and runs as steps of its own"


def facts_of(ctx):
    results, environment = ctx.results, ctx.results.environment
    found = [("variants", ", ".join(ctx.variants)), ("seeds", ", ".join(f"{seed:g}" for seed in ctx.seeds)),
             ("label noise", ", ".join(words.noise_name(kind, level) for level, kind in ctx.noises)),
             ("engine", engine_of(ctx)), ("data", results.data),
             ("positive class", f"{results.positive} (negative: {results.negative})"), ("command", results.command),
             ("machine", environment.get("cpu_model", "not recorded")
              + (", virtual" if environment.get("virtualized") == "yes" else "")
              + f", {words.count(float(environment.get('threads') or 'nan'), 'thread')}"),
             ("versions", f"DownScaleXR {environment.get('version', '?')}, commit {environment.get('commit', 'not recorded')}, "
                          f"oneDNN {environment.get('onednn_version', '?')}, {environment.get('compiler', '?')}"),
             ("date", environment.get("date_utc", "not recorded"))]
    return [(name, value or "not recorded") for name, value in found]


def draw(results, explained, arguments, command, folder):
    cells = Cells(results)
    where = arguments.data or results.settings.get("data") or cells.settings.get("data")
    source = ImageSource(where, arguments.image_licence)
    if not arguments.images:
        source.reason = "left out: pictures of patients are put into a page only when asked for (--images)"
    use_table(operators.table())
    ctx = Context(results, cells, explained, Canvas(folder), source)
    document = Document(TITLE, QUESTION, facts_of(ctx))
    document.sections = [part(ctx) for part, _ in PARTS] + [repeat(ctx, command)]
    for section, (_, shown) in zip(document.sections, PARTS):
        # What only says that something is missing is not worth a screen.
        section.shown = shown if any(not isinstance(block, Missing) for block in section.blocks[:shown]) else 0
    document.sections = [section for section in document.sections if section.blocks]
    portable_document(document)
    write_html(document, folder)
    write_markdown(document, folder)
    write_headline(part_answers.headline_grid(ctx), portable(results.command), folder)
    return len(ctx.canvas.drawn)
