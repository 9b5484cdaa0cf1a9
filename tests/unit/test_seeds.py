"""Seeds derived by name: repeatable, in range, and different for different names."""

from hypothesis import assume, given
from hypothesis import strategies as st

from paliflow.seeds import derive_seed

SEED = st.integers(min_value=0, max_value=2**31 - 1)
NAMES = st.lists(st.integers() | st.text("abcxyz_", min_size=1), max_size=3)


@given(seed=SEED, names=NAMES)
def test_the_same_names_give_the_same_seed(seed: int, names: list[str | int]) -> None:
    assert derive_seed(seed, *names) == derive_seed(seed, *names)


@given(seed=SEED, names=NAMES)
def test_a_seed_fits_into_31_bits(seed: int, names: list[str | int]) -> None:
    assert 0 <= derive_seed(seed, *names) < 2**31


@given(seed=SEED, one=NAMES, other=NAMES)
def test_other_names_give_another_seed(seed: int, one: list[str | int], other: list[str | int]) -> None:
    assume(list(map(str, one)) != list(map(str, other)))
    assert derive_seed(seed, *one) != derive_seed(seed, *other)


def test_the_derivation_never_changes() -> None:
    assert derive_seed(2026, "train_flow", "gaussian_to_moons", 0) == 2121448395
