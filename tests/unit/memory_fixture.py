"""Made-up results of measure_memory, in the form that the stage writes."""

from typing import Any

METHODS = ("everything", "full", "dora", "lora", "qlora")
MODELS = {"paligemma-3b-pt-224": 3_000_000_000, "paligemma2-3b-pt-224": 3_100_000_000, "paligemma2-10b-pt-224": 9_700_000_000}


def make_memory() -> dict[str, Any]:
    """The values of measure_memory."""
    settings = {"batch": 32, "length": 61, "suffix_tokens": 75, "pictures": 631, "rank": 16, "size": 4, "mixed_precision": False}
    return {
        "study_step": settings,
        "study": {method: _study(3_000_000, method) for method in METHODS},
        "left_out": [],
        "assignment_step": settings | {"batch": 8, "length": 288, "suffix_tokens": 16, "pictures": 700, "size": 2, "mixed_precision": True},
        "models": {name: _model(parameters) for name, parameters in MODELS.items()},
    }


def _study(parameters: int, method: str) -> dict[str, Any]:
    terms = _terms(parameters, method) | {"total": 100_000_000}
    return {term: {"estimated": size, "measured": 1.01 * size, "ratio": 1.01} for term, size in terms.items() if size}


def _model(parameters: int) -> dict[str, Any]:
    methods = {method: _terms(parameters, method) for method in METHODS}
    for terms in methods.values():
        terms["total_checkpointed"] = sum(terms.values()) - terms["activations"]
        terms["total"] = terms["total_checkpointed"] + terms["activations"] - terms["activations_checkpointed"]
    shape = {"layers": 18, "width": 2048, "mlp": 16_384, "heads": 8, "head_size": 256, "keys": 256, "queries": 2048, "norms": 2}
    parts = {"projections": 2 * parameters // 3, "embedding": parameters // 6, "norms": 75_000, "connector": 2_000_000}
    return {
        "shape": shape | {"image_tokens": 256, "vocabulary": 257_216},
        "parameters": parts | {"vision_tower": 400_000_000, "total": parameters},
        "trained": dict.fromkeys(METHODS, 19_000_000),
        "methods": methods,
        "without_master_copy": {"everything": 9 * parameters, "full": 8 * parameters},
        "logits_all_positions": 7_000_000_000,
    }


def _terms(parameters: int, method: str) -> dict[str, int]:
    whole = method in ("everything", "full")
    trained = parameters if whole else parameters // 150
    return {
        "weights": parameters if method == "qlora" else 2 * parameters,
        "quantisation_constants": parameters // 100 if method == "qlora" else 0,
        "adapter_weights": 0 if whole else 4 * trained,
        "gradients": 4 * trained,
        "moments": 8 * trained,
        "master_copy": 4 * trained if whole else 0,
        "activations": 3 * parameters,
        "activations_checkpointed": parameters // 5,
        "logits": 50_000_000,
        "features": 0 if method == "everything" else 700_000_000,
    }
