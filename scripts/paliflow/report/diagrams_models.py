"""Diagrams of vision-language models: the four families, and PaliGemma, DALL·E and Imagen side by side."""

from matplotlib.figure import Figure

from paliflow.report.diagrams import WIDTH, Box, Diagram

HIGH = 9.0  # a box, in millimetres
LANE = 11.0  # from a row's upper line of boxes to its lower one
TALL = LANE + HIGH
ROW = 26.5
STACK = 34.0
ENDS = (WIDTH - 18, 18.0)  # left edge and width of what comes out


def draw_families() -> Figure:
    """Four ways to bring image and text together, one a row: what goes in on the left, what comes out on the right."""
    diagram = Diagram(4 * ROW - 5)
    rows = {
        "Dual encoder": ("two towers,\none space", "CLIP, SigLIP", _dual_encoder),
        "Cross-attention": ("text layers look\nat the image", "Flamingo", _cross_attention),
        "Image as prefix": ("image vectors among\nthe words", "LLaVA, PaliGemma", _prefix),
        "Generator": ("text conditions\nan image", "DALL·E, Imagen", _generator),
    }
    for number, (name, (how, examples, draw)) in enumerate(rows.items()):
        top = number * ROW + 1
        diagram.write((0, top + 3), name, size=8.5, ha="left", weight="bold")
        diagram.write((0, top + 10.5), how, ha="left")
        diagram.write((0, top + 18.5), examples, ha="left", style="italic")
        draw(diagram, top)
        if number:
            diagram.pane.axhline(top - 3.3, color="#CCCCCC", linewidth=0.6)
    return diagram.figure


def draw_architectures() -> Figure:
    """PaliGemma, DALL·E and Imagen; dashed is what the training on pairs leaves as it is."""
    diagram = Diagram(3 * STACK + 1)
    titles = ("PaliGemma: image and text to text", "DALL·E: text to image", "Imagen: text to image")
    for number, (title, draw) in enumerate(zip(titles, (_paligemma, _dalle, _imagen), strict=True)):
        top = STACK * number + 1
        diagram.write((0, top + 2), title, size=8.5, ha="left", weight="bold")
        draw(diagram, top + 6)
        if number:
            diagram.pane.axhline(top - 3.5, color="#CCCCCC", linewidth=0.6)
    diagram.legend(0, 3 * STACK - 4, [("trained on image–text pairs", True), ("trained before, then left as it is", False)])
    return diagram.figure


def _dual_encoder(diagram: Diagram, top: float) -> None:
    product = diagram.part(113, top + LANE / 2, 22, HIGH, "inner\nproduct", "joint")
    for lane, kind in ((top, "image"), (top + LANE, "text")):
        given = diagram.data(37, lane, 13, HIGH, kind, kind)
        encoder = diagram.part(56, lane, 26, HIGH, f"{kind}\nencoder", kind)
        vector = diagram.data(88, lane, 18, HIGH, "vector", kind)
        diagram.chain(given, encoder, vector)
        height = vector.centre[1]
        edge = product.top if kind == "image" else product.bottom
        diagram.arrow((vector.right, height), (product.centre[0], height), (product.centre[0], edge))
    diagram.chain(product, diagram.data(ENDS[0], product.top, ENDS[1], HIGH, "similarity", "answer"))


def _cross_attention(diagram: Diagram, top: float) -> None:
    image = diagram.data(37, top, 13, HIGH, "image", "image")
    encoder = diagram.part(56, top, 26, HIGH, "image\nencoder", "image")
    below = top + LANE
    text = diagram.data(37, below, 13, HIGH, "text", "text")
    first = diagram.part(56, below, 22, HIGH, "language\nlayers", "text")
    attention = diagram.part(83, below, 25, HIGH, "cross-\nattention", "joint")
    second = diagram.part(113, below, 22, HIGH, "language\nlayers", "text")
    diagram.chain(image, encoder)
    diagram.chain(text, first, attention, second, diagram.data(ENDS[0], below, ENDS[1], HIGH, "text", "answer"))
    middle = attention.centre[0]
    diagram.arrow((encoder.right, encoder.centre[1]), (middle, encoder.centre[1]), (middle, attention.top))
    diagram.write((middle + 2, top + 5), "keys and values", ha="left")


def _prefix(diagram: Diagram, top: float) -> None:
    image = diagram.data(37, top, 13, HIGH, "image", "image")
    encoder = diagram.part(56, top, 24, HIGH, "image\nencoder", "image")
    connector = diagram.part(86, top, 21, HIGH, "connector", "joint")
    text = diagram.data(37, top + LANE, 13, HIGH, "text", "text")
    words = diagram.part(56, top + LANE, 51, HIGH, "word embeddings", "text")
    model = diagram.part(113, top, 22, TALL, "language\nmodel", "text")
    diagram.chain(image, encoder, connector, model)
    diagram.chain(text, words, model)
    _out(diagram, model, "text", "answer")


def _generator(diagram: Diagram, top: float) -> None:
    text = diagram.data(37, top, 13, HIGH, "text", "text")
    encoder = diagram.part(56, top, 26, HIGH, "tokens, or a\ntext encoder", "text")
    begun = diagram.data(37, top + LANE, 45, HIGH, "noise, or the image\ntokens so far", "image")
    generator = diagram.part(91, top, 44, TALL, "image generator:\nnext image token,\nor one step of\ndenoising", "image")
    diagram.chain(text, encoder, generator)
    diagram.chain(begun, generator)
    _out(diagram, generator, "image", "answer")


def _paligemma(diagram: Diagram, top: float) -> None:
    image = diagram.data(0, top, 18, HIGH, "image", "image")
    encoder = diagram.part(24, top, 33, HIGH, "SigLIP-So400m\npretrained", "image")
    connector = diagram.part(63, top, 25, HIGH, "linear layer\nnew", "joint")
    question = diagram.data(0, top + LANE, 18, HIGH, "question", "text")
    model = diagram.part(106, top, 30, TALL, "Gemma-2B\npretrained", "text")
    diagram.chain(image, encoder, connector, model)
    diagram.chain(question, model)
    diagram.write((97, top + 2), "256 vectors", size=6.5)
    _out(diagram, model, "answer", "answer")


def _dalle(diagram: Diagram, top: float) -> None:
    caption = diagram.data(0, top, 18, HIGH, "caption", "text")
    image = diagram.data(0, top + LANE, 18, HIGH, "image, in\ntraining", "image")
    pieces = diagram.part(24, top, 33, HIGH, "byte-pair encoding\n256 tokens", "text", trained=False)
    encoder = diagram.part(24, top + LANE, 33, HIGH, "dVAE encoder\n1024 tokens", "image", trained=False)
    model = diagram.part(63, top, 35, TALL, "transformer, 12 B\nfrom scratch", "joint")
    decoder = diagram.part(106, top + LANE / 2, 30, HIGH, "dVAE decoder\n256 pixels", "image", trained=False)
    diagram.chain(caption, pieces, model)
    diagram.chain(image, encoder, model)
    diagram.chain(model, decoder)
    diagram.chain(decoder, diagram.data(ENDS[0], decoder.top, ENDS[1], HIGH, "image", "answer"))


def _imagen(diagram: Diagram, top: float) -> None:
    below = top + LANE
    caption = diagram.data(0, top, 18, HIGH, "caption", "text")
    encoder = diagram.part(24, top, 33, HIGH, "T5-XXL encoder\nfrozen", "text", trained=False)
    noise = diagram.data(0, below, 18, HIGH, "noise", "image")
    sizes = ("64 pixels", "256 pixels", "1024 pixels")
    models = [diagram.part(24 + 39 * number, below, 34, HIGH, f"diffusion\n{size}", "image") for number, size in enumerate(sizes)]
    diagram.chain(caption, encoder)
    diagram.chain(noise, *models, diagram.data(ENDS[0], below, ENDS[1], HIGH, "image", "answer"))
    diagram.arrow((encoder.centre[0], encoder.bottom), (encoder.centre[0], below))
    for model in models[1:]:
        height = encoder.centre[1]
        diagram.arrow((encoder.right, height), (model.centre[0], height), (model.centre[0], below))
    diagram.write((models[2].centre[0] + 2, top + 5), "cross-attention to\nthe text's vectors", ha="left")


def _out(diagram: Diagram, model: Box, text: str, kind: str) -> None:
    diagram.chain(model, diagram.data(ENDS[0], model.centre[1] - HIGH / 2, ENDS[1], HIGH, text, kind))
