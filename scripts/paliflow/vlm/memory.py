"""What a training step keeps in memory, term by term, as formulas of the model's shape and the settings; all in bytes.

Methods: `qlora`, `lora`, `dora` and `full` as in `methods`, and `everything`, which trains the vision tower and the connector as well and
so cannot keep image features. What autograd saves is counted as PyTorch 2, transformers 5 and peft save it: RMSNorm computes in float32,
an adapter stays in float32 and casts its input to it, the mask is kept once a layer, keys and values are repeated for all heads unless all
share one.
"""

from dataclasses import asdict, dataclass, replace
from math import ceil
from typing import Any

from transformers import PaliGemmaConfig

METHODS = ("everything", "full", "dora", "lora", "qlora")
TERMS = (
    "weights",
    "quantisation_constants",
    "adapter_weights",
    "gradients",
    "moments",
    "master_copy",
    "activations",
    "activations_checkpointed",
    "logits",
    "features",
)
FLOAT32 = 4
NF4_BLOCK = 64
CONSTANTS_BLOCK = 256
CODE_BOOKS = FLOAT32 * (16 + 256 + 1)
"""Of every matrix in NF4: its 16 levels, the 256 of its constants, and the constants' mean."""


@dataclass(frozen=True)
class Shape:
    """The sizes of a PaliGemma; `norms` counts those of a language layer, `capped` says whether it caps attention scores and logits."""

    layers: int
    width: int
    mlp: int
    heads: int
    queries: int
    keys: int
    head_size: int
    norms: int
    capped: bool
    vocabulary: int
    tower_layers: int
    tower_width: int
    tower_mlp: int
    tower_heads: int
    image_tokens: int
    pixels: int
    patch_values: int

    @classmethod
    def of(cls, config: PaliGemmaConfig) -> "Shape":
        """The shape of a model's configuration."""
        text, tower = config.text_config, config.vision_config
        capped = getattr(text, "attn_logit_softcapping", None) is not None
        return cls(
            layers=text.num_hidden_layers,
            width=text.hidden_size,
            mlp=text.intermediate_size,
            heads=text.num_attention_heads,
            queries=text.num_attention_heads * text.head_dim,
            keys=text.num_key_value_heads * text.head_dim,
            head_size=text.head_dim,
            norms=4 if text.model_type == "gemma2" else 2,
            capped=capped,
            vocabulary=text.vocab_size,
            tower_layers=tower.num_hidden_layers,
            tower_width=tower.hidden_size,
            tower_mlp=tower.intermediate_size,
            tower_heads=tower.num_attention_heads,
            image_tokens=(tower.image_size // tower.patch_size) ** 2,
            pixels=tower.num_channels * tower.image_size**2,
            patch_values=tower.num_channels * tower.patch_size**2,
        )

    @property
    def projections(self) -> list[tuple[int, int]]:
        """Inputs and outputs of a language layer's seven projections: q, k, v, o, gate, up, down."""
        width, mlp, queries, keys = self.width, self.mlp, self.queries, self.keys
        return [(width, queries), (width, keys), (width, keys), (queries, width), (width, mlp), (width, mlp), (mlp, width)]


@dataclass(frozen=True)
class Settings:
    """One training step.

    Args:
        batch, length: questions, and the positions that each is padded to, image tokens included.
        suffix_tokens: positions of the whole batch that carry loss.
        pictures: how many have their features kept.
        rank: of the adapters.
        size: bytes of a weight and of an activation, 4 in float32 and 2 in bfloat16.
        mixed_precision: trained bfloat16 weights have a float32 master copy and float32 moments; else both are of the weight's own type.
    """

    batch: int
    length: int
    suffix_tokens: int
    pictures: int
    rank: int
    size: int
    mixed_precision: bool = False


ASSIGNMENT = Settings(batch=8, length=256 + 32, suffix_tokens=8 * 2, pictures=700, rank=16, size=2, mixed_precision=True)
"""bfloat16 and rank 16, as the assignment asks; 256 image tokens and 32 of text, of which a one-word answer and its end carry loss; 1 % of
CLEVR's 70,000 training pictures."""


def describe(shape: Shape, settings: Settings) -> dict[str, Any]:
    """The parameters of a model, those that each method trains, and every term of each with the sums of them.

    Beside it the sums of full fine-tuning in the weights' own type alone, and what logits at every position would take.
    """
    parts, methods = parameters(shape), {}
    for method in METHODS:
        terms = estimate(shape, method, settings)
        methods[method] = terms | {"total": total(terms), "total_checkpointed": total(terms, checkpointing=True)}
    plain = replace(settings, mixed_precision=False)
    return {
        "shape": asdict(shape),
        "parameters": parts | {"total": sum(parts.values())},
        "trained": {method: trained_parameters(shape, method, settings.rank) for method in METHODS},
        "methods": methods,
        "without_master_copy": {method: total(estimate(shape, method, plain)) for method in METHODS if _trains_base(method)},
        "logits_all_positions": logits(shape, settings.batch * settings.length, settings.size),
    }


def parameters(shape: Shape) -> dict[str, int]:
    """The parameters of each part; `projections` are the seven of every language layer, which QLoRA keeps in NF4."""
    seen, seen_mlp = shape.tower_width, shape.tower_mlp
    tower_layer = 4 * (seen + 1) * seen + 2 * seen * seen_mlp + seen_mlp + seen + 4 * seen
    return {
        "projections": shape.layers * sum(inputs * outputs for inputs, outputs in shape.projections),
        "embedding": shape.vocabulary * shape.width,
        "norms": (shape.norms * shape.layers + 1) * shape.width,
        "connector": (seen + 1) * shape.width,
        "vision_tower": shape.tower_layers * tower_layer + (shape.patch_values + 1 + shape.image_tokens + 2) * seen,
    }


def adapter_parameters(shape: Shape, rank: int, dora: bool = False) -> int:
    """Of adapters on the seven projections of every language layer: rank · (inputs + outputs), and with DoRA a length for each output."""
    return shape.layers * sum(rank * (inputs + outputs) + (outputs if dora else 0) for inputs, outputs in shape.projections)


def trained_parameters(shape: Shape, method: str, rank: int) -> int:
    """How many parameters a method trains."""
    parts = parameters(shape)
    if method == "everything":
        return sum(parts.values())
    if method == "full":
        return parts["projections"] + parts["embedding"] + parts["norms"]
    return adapter_parameters(shape, rank, dora=method == "dora")


def estimate(shape: Shape, method: str, settings: Settings) -> dict[str, int]:
    """Every one of `TERMS`; activations without and with checkpointing stand for each other."""
    parts, size = parameters(shape), settings.size
    total, quantised = sum(parts.values()), parts["projections"] if method == "qlora" else 0
    trained, whole = trained_parameters(shape, method, settings.rank), _trains_base(method)
    own = size if whole else FLOAT32
    mixed = whole and settings.mixed_precision and size < FLOAT32
    return {
        "weights": size * (total - quantised) + ceil(quantised / 2),
        "quantisation_constants": quantisation_constants(shape) if quantised else 0,
        "adapter_weights": 0 if whole else own * trained,
        "gradients": own * trained,
        "moments": 2 * (FLOAT32 if mixed else own) * trained,
        "master_copy": FLOAT32 * trained if mixed else 0,
        "activations": shape.layers * _layer(shape, method, settings) + _around_layers(shape, method, settings),
        "activations_checkpointed": _checkpointed(shape, method, settings),
        "logits": logits(shape, settings.suffix_tokens, size),
        "features": 0 if method == "everything" else settings.pictures * shape.image_tokens * shape.width * size,
    }


def total(terms: dict[str, int], checkpointing: bool = False) -> int:
    """The sum of all terms, with one of the two kinds of activations."""
    return sum(terms.values()) - terms["activations" if checkpointing else "activations_checkpointed"]


def quantisation_constants(shape: Shape) -> int:
    """Of NF4 with double quantisation: 8 bits a block of 64 weights, 32 bits a block of 256 of those constants, and the code books."""
    of_layer = 0
    for inputs, outputs in shape.projections:
        blocks = ceil(inputs * outputs / NF4_BLOCK)
        of_layer += blocks + FLOAT32 * ceil(blocks / CONSTANTS_BLOCK) + CODE_BOOKS
    return shape.layers * of_layer


def logits(shape: Shape, positions: int, size: int) -> int:
    """The loss of so many positions: log-probabilities, their gradient and the logits' gradient in float32, and what a cap keeps."""
    return positions * shape.vocabulary * (3 * FLOAT32 + (size if shape.capped else 0))


def _trains_base(method: str) -> bool:
    return method in ("everything", "full")


def _layer(shape: Shape, method: str, settings: Settings) -> int:
    """What one language layer keeps for its backward pass."""
    size, whole = settings.size, _trains_base(method)
    cast = not whole and size != FLOAT32  # each adapter then keeps its own copy of its input
    norms = shape.norms * _norm(shape, whole)
    if cast:
        inputs = FLOAT32 * sum(inputs for inputs, _ in shape.projections)
    else:
        inputs = size * (2 * shape.width + shape.mlp) + (size * shape.queries if shape.capped else 0)
    gated = size * 3 * shape.mlp
    adapters = 0 if whole else FLOAT32 * settings.rank * len(shape.projections)
    if method == "dora":
        adapters += (size + FLOAT32) * sum(outputs for _, outputs in shape.projections)
    return settings.batch * settings.length * (norms + inputs + _attention(shape, settings) + gated + adapters)


def _attention(shape: Shape, settings: Settings) -> int:
    """A token's queries, keys and values; beside them the output of a fused kernel and the mask, or capped scores and weights a head."""
    size, scores = settings.size, shape.heads * settings.length
    if shape.capped:  # no fused kernel caps
        return size * (3 * shape.queries + scores) + FLOAT32 * scores + (size * scores if size != FLOAT32 else 0)
    keys = shape.keys if shape.keys == shape.head_size else shape.queries
    return size * (2 * shape.queries + 2 * keys + settings.length) + FLOAT32 * shape.heads


def _around_layers(shape: Shape, method: str, settings: Settings) -> int:
    """What is kept before the first language layer and behind the last, the vision tower included where it trains."""
    whole, size = _trains_base(method), settings.size
    tokens = settings.batch * settings.length
    kept = tokens * (_norm(shape, whole) + 2 * size * shape.head_size)
    if not whole:  # nothing before the first adapter needs a gradient
        return kept - tokens * _norm(shape, whole)
    kept += 8 * tokens + settings.suffix_tokens * size * shape.width
    return kept + (shape.tower_layers * _tower_layer(shape, settings) + _around_tower(shape, settings) if method == "everything" else 0)


def _checkpointed(shape: Shape, method: str, settings: Settings) -> int:
    """The input of every layer, and one layer computed again."""
    tokens, size = settings.batch * settings.length, settings.size
    whole = _trains_base(method)
    kept = tokens * (size * shape.width * shape.layers + _norm(shape, whole))
    if whole:
        kept += 8 * tokens + settings.suffix_tokens * size * shape.width
    if method == "everything":
        kept += settings.batch * shape.image_tokens * size * shape.tower_width * shape.tower_layers + _around_tower(shape, settings)
    return kept + _layer(shape, method, settings)


def _norm(shape: Shape, trained: bool) -> int:
    """A token's RMSNorm in float32: input and reciprocal root, and the normalised values if the gain is trained."""
    return FLOAT32 * (shape.width * (2 if trained else 1) + 1)


def _tower_layer(shape: Shape, settings: Settings) -> int:
    """A trained vision layer: two norms, queries, keys, values and output of the attention, and the two-layer perceptron."""
    of_token = settings.size * (8 * shape.tower_width + 2 * shape.tower_mlp) + FLOAT32 * (shape.tower_heads + 4)
    return settings.batch * shape.image_tokens * of_token


def _around_tower(shape: Shape, settings: Settings) -> int:
    """Pixels, and the last norm's input and output."""
    return settings.batch * settings.size * (shape.pixels + 2 * shape.image_tokens * shape.tower_width)
