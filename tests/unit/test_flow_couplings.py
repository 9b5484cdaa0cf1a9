"""Couplings: who is paired with whom, what it costs, and the same answer after an interruption."""

import numpy as np
import pytest

from paliflow.errors import InputError
from paliflow.flow import couplings
from paliflow.flow.batches import draw_batches

PAIR = "gaussian_to_moons"
TRANSPORTS = couplings.COUPLINGS[1:]


def couple(folder, steps: int = 20, batch_size: int = 16, names=couplings.COUPLINGS, seeds: int = 2) -> couplings.Couplings:
    return couplings.couple(PAIR, names, 1, seeds, steps, batch_size, folder)


@pytest.fixture(scope="module")
def coupled(tmp_path_factory) -> couplings.Couplings:
    return couple(tmp_path_factory.mktemp("work"))


def test_a_larger_pool_costs_less_and_a_batch_less_than_chance(coupled):
    cost = coupled.cost
    assert cost["pooled_transport"] < cost["optimal_transport"] < cost["entropic_transport"] < cost["independent"]


def test_costs_are_those_of_the_pairs(coupled):
    batches = [draw_batches(PAIR, 1, replicate, 0, 20, 16) for replicate in range(2)]
    for name in couplings.COUPLINGS:
        indices = coupled.indices.get(name, np.zeros((2, 20, 16), np.uint8))
        paired = [couplings.pair_targets(batch.target, name, own) for batch, own in zip(batches, indices, strict=True)]
        costs = [((batch.source.astype(float) - target) ** 2).sum(-1).mean() for batch, target in zip(batches, paired, strict=True)]
        assert coupled.cost[name] == pytest.approx(np.mean(costs), rel=1e-6)


def test_exact_transport_is_a_permutation_of_each_batch(coupled):
    assert (np.sort(coupled.indices["optimal_transport"], axis=-1) == np.arange(16)).all()


def test_pooled_transport_takes_each_target_of_a_pool_once(coupled):
    together = couplings.pool_steps("pooled_transport", 16)
    assert together * 16 == 256
    whole, rest = coupled.indices["pooled_transport"][:, :together], coupled.indices["pooled_transport"][:, together:]
    assert (np.sort(whole.reshape(2, -1), axis=1) == np.arange(256)).all()
    assert (np.sort(rest.reshape(2, -1), axis=1) == np.arange(4 * 16)).all()


def test_pooled_targets_are_those_of_the_chunk_each_once(coupled):
    target = draw_batches(PAIR, 1, 0, 0, 20, 16).target
    paired = couplings.pair_targets(target, "pooled_transport", coupled.indices["pooled_transport"][0])
    assert np.array_equal(np.sort(paired.reshape(-1, 2), axis=0), np.sort(target.reshape(-1, 2), axis=0))


@pytest.mark.parametrize(("batch_size", "kind"), [(256, np.uint8), (300, np.uint16), (512, np.uint16)])
def test_indices_fit_their_type(tmp_path, batch_size, kind):
    indices = couple(tmp_path, 1, batch_size, ["optimal_transport"], 1).indices["optimal_transport"]
    assert indices.dtype == kind
    assert (np.sort(indices[0, 0]) == np.arange(batch_size)).all()


def test_interrupted_couplings_equal_uninterrupted_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(couplings, "BLOCK_CHUNKS", 1)
    whole = couple(tmp_path / "whole", 520, 16)
    stopped = iter(range(3))

    def stop_at_third_block(*arguments):
        if next(stopped) == 2:
            raise KeyboardInterrupt
        return write_block(*arguments)

    write_block = couplings._write_block
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(couplings, "_write_block", stop_at_third_block)
        couple(tmp_path / "stopped", 520, 16)
    resumed = couple(tmp_path / "stopped", 520, 16)
    assert all(np.array_equal(whole.indices[name], resumed.indices[name]) for name in TRANSPORTS)
    assert whole.cost == resumed.cost


def test_independent_coupling_keeps_the_order():
    target = np.arange(12, dtype=np.float32).reshape(1, 6, 2)
    assert couplings.pair_targets(target, "independent", np.zeros((1, 6), np.uint8)) is target


def test_transport_coupling_follows_the_indices():
    target = np.arange(6, dtype=np.float32).reshape(1, 3, 2)
    paired = couplings.pair_targets(target, "optimal_transport", np.array([[2, 0, 1]], np.uint8))
    assert np.array_equal(paired[0], target[0, [2, 0, 1]])


def test_unknown_coupling_is_refused():
    with pytest.raises(ValueError, match="partial"):
        couplings.pair_targets(np.zeros((1, 3, 2), np.float32), "partial", np.zeros((1, 3), np.uint8))


@pytest.mark.parametrize(
    ("name", "batch_size", "said"),
    [("partial", 64, "no coupling 'partial'"), ("independent", 1, "size is 1"), ("optimal_transport", 513, "512")],
)
def test_couplings_that_cannot_be_are_named_in_one_sentence(tmp_path, name, batch_size, said):
    with pytest.raises(InputError, match=said):
        couple(tmp_path, 1, batch_size, [name])
