"""Diagrams of the adapters' theory: what LoRA and QLoRA keep, in which type, and how gradients pass; and the parts of CoPrompt."""

from matplotlib.figure import Figure

from paliflow.report.diagrams import WIDTH, Box, Diagram

HALF = 75.0  # one of two methods side by side, in millimetres
FROZEN_WIDTH, TRAINED_LEFT = 34.0, 41.0
OUTPUT, INPUT = 6.0, 76.0  # tops of the two ends
THIN = 7.0

ROWS = (
    ("image", "picture,\naugmentation 2", "image encoder $f$", False, "$x$"),
    ("image", "picture,\naugmentation 1", "image encoder $f$", True, "$x'$"),
    ("text", "template: a photo\nof a [class]", "text encoder $g$", True, "$w'$"),
    ("text", "description of the class\nby a language model", "text encoder $g$", False, "$w$"),
)
"""CoPrompt's branches: what is handled, what goes in, the encoder, whether it is tuned, and what comes out."""


def draw_lora() -> Figure:
    """One adapted matrix in LoRA and in QLoRA: what is stored, what is computed with, and the way of both passes."""
    diagram = Diagram(98)
    for left, title, quantised in ((0.0, "LoRA", False), (WIDTH - HALF, "QLoRA", True)):
        diagram.write((left, 2), title, size=8.5, ha="left", weight="bold")
        diagram.data(left, OUTPUT, HALF, THIN, "output $y = W_0 x + (\\alpha/r)\\, B A x$, 16 bits", "joint")
        diagram.data(left, INPUT, HALF, THIN, "input $x$, 16 bits", "joint")
        _draw_trained(diagram, left + TRAINED_LEFT)
        (_draw_quantised if quantised else _draw_frozen)(diagram, left)
    diagram.legend(0, 87, [("trained: has gradient and moments", True), ("frozen: read only", False)])
    for left, text, backward in ((0.0, "forward pass", False), (61.5, "gradient with respect to a layer's input", True)):
        diagram.arrow((left, 95.5), (left + 7, 95.5), backward=backward)
        diagram.write((left + 8.5, 95.5), text, ha="left")
    return diagram.figure


def draw_coprompt() -> Figure:
    """The tuned and the frozen encoders of CoPrompt, their perturbed inputs, and the three parts of the loss."""
    diagram = Diagram(91)
    tops, high = (0.0, 20.0, 49.0, 69.0), 12.0
    vectors: list[Box] = []
    encoders: list[Box] = []
    for top, (kind, source, encoder, tuned, result) in zip(tops, ROWS, strict=True):
        given = diagram.data(0, top, 36, high, source, kind)
        encoders.append(diagram.part(42, top, 28, high, encoder, kind, trained=False))
        parts = [given, encoders[-1]]
        if tuned:
            parts.append(diagram.part(76, top, 18, high, "adapter,\nblended", kind))
        vectors.append(diagram.data(102, top + 2, 10, high - 4, result, kind))
        diagram.chain(*parts, vectors[-1])
    prompts = diagram.part(42, 37, 28, 7, "learnt prompts", "joint")
    across = prompts.centre[0]
    diagram.arrow((across, prompts.top), (across, encoders[1].bottom))
    diagram.arrow((across, prompts.bottom), (across, encoders[2].top))
    consistency = "consistency, weight $\\lambda$:\n"
    losses = (consistency + "$1 - \\cos(x', x)$", "cross-entropy of\n$\\cos(x', w'_k) / \\tau$", consistency + "$1 - \\cos(w', w)$")
    for one, other, text in zip(vectors, vectors[1:], losses, strict=False):
        middle = (one.centre[1] + other.centre[1]) / 2
        loss = diagram.data(WIDTH - 38, middle - 5.5, 38, 11, text, "answer")
        for vector, way in ((one, -1), (other, 1)):
            diagram.arrow((vector.right, vector.centre[1] - way), (loss.left, middle + 2.5 * way))
    diagram.legend(0, 86.5, [("trained", True), ("frozen", False)])
    return diagram.figure


def _draw_trained(diagram: Diagram, left: float) -> None:
    """The way through the two trained factors, at the right."""
    width = HALF - TRAINED_LEFT
    added = diagram.data(left, 23, width, THIN, "times $\\alpha / r$, added", "joint")
    up = diagram.part(left, 38, width, 10, "$B$: $d_{out} \\times r$\n16 or 32 bits", "joint")
    down = diagram.part(left, 56, width, 10, "$A$: $r \\times d_{in}$\n16 or 32 bits", "joint")
    ends = [OUTPUT + THIN, *(edge for box in (added, up, down) for edge in (box.top, box.bottom)), INPUT]
    for above, below in zip(ends[::2], ends[1::2], strict=True):
        diagram.arrow((left + 10, below), (left + 10, above))
        diagram.arrow((left + 24, above), (left + 24, below), backward=True)


def _draw_frozen(diagram: Diagram, left: float) -> None:
    """The frozen matrix as LoRA keeps it, at the left."""
    text = "$W_0$: $d_{out} \\times d_{in}$\nstored in 16 bits\nno gradient of $W_0$,\nno moments of it"
    matrix = diagram.part(left, 32, FROZEN_WIDTH, 24, text, "joint", trained=False)
    _pass_through(diagram, left, matrix, (10, 24))


def _draw_quantised(diagram: Diagram, left: float) -> None:
    """The frozen matrix as QLoRA keeps it, codes and constants, and as it is expanded for each product."""
    matrix = diagram.part(left, 26, FROZEN_WIDTH, 10, "$W_0$ in 16 bits,\nfor this product only", "joint", trained=False)
    text = "stored as NF4:\n4 bits a weight,\n8 bits a block of 64,\n32 bits a 256 blocks"
    stored = diagram.part(left + 2.5, 49, FROZEN_WIDTH - 5, 18, text, "joint", trained=False)
    diagram.arrow((left + 10, stored.top), (left + 10, matrix.bottom))
    diagram.write((left + 11.5, (stored.top + matrix.bottom) / 2), "expanded in\nboth passes", ha="left")
    _pass_through(diagram, left, matrix, (1.2, FROZEN_WIDTH - 1.2))


def _pass_through(diagram: Diagram, left: float, matrix: Box, below: tuple[float, float]) -> None:
    """Both passes through a frozen matrix; `below` is where they go between it and the input."""
    forward, backward = (left + place for place in below)
    diagram.arrow((forward, INPUT), (forward, matrix.bottom))
    diagram.arrow((backward, matrix.bottom), (backward, INPUT), backward=True)
    diagram.arrow((left + 10, matrix.top), (left + 10, OUTPUT + THIN))
    diagram.arrow((left + 24, OUTPUT + THIN), (left + 24, matrix.top), backward=True)
    diagram.write((left + 25.5, (OUTPUT + THIN + matrix.top) / 2), "$W_0^{\\top} g$", ha="left")
