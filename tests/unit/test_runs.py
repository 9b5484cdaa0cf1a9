"""The names of the study's runs: each once, and each telling what it trains."""

from hypothesis import given
from hypothesis import strategies as st

from paliflow import runs

METHODS = ["qlora", "lora", "dora", "full"]


def settings(methods: list[str], ranks: list[int], consistency: list[int], seeds: int) -> dict:
    comparison = {"methods": methods, "ranks": ranks, "consistency": consistency, "seeds": seeds, "questions": 9, "epochs": 1}
    return {"rank": 16, "epochs": 5, "comparison": comparison}


@given(
    st.lists(st.sampled_from(METHODS), unique=True, min_size=1),
    st.lists(st.integers(1, 64), unique=True),
    st.lists(st.integers(0, 9), unique=True),
    st.integers(1, 4),
)
def test_a_run_tells_by_its_name_what_it_trains(methods: list[str], ranks: list[int], consistency: list[int], seeds: int) -> None:
    vlm = settings(methods, ranks, consistency, seeds)
    studied = runs.study_runs(vlm)
    assert studied.pop(runs.MAIN) == runs.Run("qlora", 16, 0, 0, 0, 5)
    assert list(studied) == runs.comparison_runs(vlm)
    assert len(set(studied.values())) == len(studied) == seeds * len(runs.comparison_groups(vlm))
    for name, run in studied.items():
        rank = "" if run.method == "full" else f"_rank{run.rank}"
        weight = f"_consistency{run.consistency}" if run.consistency else ""
        assert name == f"{run.method}{rank}{weight}_seed{run.seed}"


def test_what_two_lists_ask_for_is_run_once() -> None:
    assert runs.comparison_groups(settings(["qlora", "full"], [4, 16], [0, 8], 3)) == [
        "qlora_rank16",
        "full",
        "qlora_rank4",
        "qlora_rank16_consistency8",
    ]
