"""The texts on flow matching: what a stage measured follows its file, and what the code holds is what the texts say."""

import json
import shutil

import evaluate_digits
import pytest
import reproduce_tong
import torch
import train_flow
from study_fixture import changed, write

from paliflow.flow import couplings, diffusion, digits, network
from paliflow.report import figures_flow, theory_flow
from paliflow.report.words import ENGLISH, PERSIAN


@pytest.fixture(scope="module")
def texts(study):
    """English and Persian."""
    return write(*study), write(*study, PERSIAN)


IMAGES = digits.load_digits()
TRAIN, HELD_OUT = len(IMAGES.train_images), len(IMAGES.held_out_images)
FROM, TO = diffusion.BETA_START, f"{diffusion.BETA_END:g}"
SIGNAL = f"1/{1 / float(diffusion.signal_share(torch.tensor(1.0))) ** 0.5:.0f}"
UNITS, RATE, BATCH, SIGMA = reproduce_tong.HIDDEN_UNITS, reproduce_tong.LEARNING_RATE, reproduce_tong.BATCH_SIZE, reproduce_tong.SIGMA
LAST, NEAR = (f"{100 * share:g}" for share in (train_flow.FINAL_SHARE, evaluate_digits.NEAR_QUANTILE))
HELD = [
    (2, f"from {FROM} to {TO}", f"از {FROM} تا {TO}"),
    (2, SIGNAL, f"${SIGNAL}$"),
    (1, f"ends at {diffusion.FIRST_TIME} of its time", f"در {diffusion.FIRST_TIME} زمان خود"),
    (1, f"{network.HIDDEN_LAYERS} hidden layers of ", f"{network.HIDDEN_LAYERS} لایهٔ پنهان"),
    (1, f"the transport of {couplings.POOL} points", f"برای {couplings.POOL} نقطه حل"),
    (
        1,
        f"of the {TRAIN + HELD_OUT:,} images {TRAIN:,} are for training and {HELD_OUT} held out",
        f"از {TRAIN + HELD_OUT:,} تصویر، {TRAIN:,}",
    ),
    (1, f"images, {HELD_OUT} held-out ones and", f"تصویر، {HELD_OUT} تصویر کنارگذاشته"),
    (1, f"last {LAST} % of the steps. Departure", f"میانگین {LAST} % پایانی گام‌ها. انحراف"),
    (1, f"up to {figures_flow.SHOWN_POINTS:,} points a panel", f"حداکثر {figures_flow.SHOWN_POINTS:,} نقطه در هر قاب"),
    (1, f"up to {figures_flow.SHOWN_PATHS} paths a panel", f"حداکثر {figures_flow.SHOWN_PATHS} مسیر در هر قاب"),
    (1, f"all but {NEAR} % of the held-out", f"کنارگذاشته جز {NEAR} % آن‌ها"),
    (1, f"layers of {UNITS} units with {reproduce_tong.ACTIVATION.upper()}, AdamW at {RATE}, ", f"لایهٔ پنهان {UNITS} واحدی با"),
    (1, f"batches of {BATCH} points, σ = {SIGMA}, ", f"دسته‌های {BATCH} نقطه‌ای، $\\sigma = {SIGMA}$"),
]
"""What no stage writes for it stands in the code: how often both languages say it, and in which words."""


@pytest.mark.parametrize(("times", "english", "persian"), HELD)
def test_the_texts_name_what_the_code_holds(texts, times, english, persian):
    assert [texts[0].count(english), texts[1].count(persian)] == [times, times]


def test_the_theorys_diffusion_has_the_rates_of_the_studys():
    assert (diffusion.BETA_START, diffusion.BETA_END) == theory_flow.BETA


def score(value):
    return {"value": value, "low": value - 0.01, "high": value + 0.01, "n": 5}


RING = "gaussian_to_8gaussians"
FOLLOWED = [
    (f"train_flow/{RING}", "final_loss.independent", 0.123, "at 0.123 (0.113–0.133) (independent)"),
    (f"evaluate_flow/{RING}", "mode_share.optimal_transport.3", 0.2, "at 0 of 8 modes ({ring}, independent) and 1 of 8 modes ({ring}, "),
    (
        f"evaluate_flow/{RING}",
        "wasserstein_other_solvers.independent.midpoint_4",
        0.1,
        "the midpoint method's for {ring} (independent; 0.10 beside Euler's 0.40, the intervals do not touch)",
    ),
    (f"evaluate_flow/{RING}", "less_than_independent.wasserstein.optimal_transport.euler_64", 0.5, "is ±0.010 ({ring})"),
    (f"evaluate_flow/{RING}", "kl_target_model.optimal_transport", 0.9, "nats, and these intervals do not touch"),
    (f"evaluate_flow/{RING}", "wasserstein_large_floor", 0.077, "with a floor of 0.08 (0.07–0.09); the Kullback"),
    (
        "compare_transport",
        "coupling.pooled_transport.straightness",
        0.1,
        "pooled coupling is 0.400 below that of the batch's own transport, and the intervals overlap",
    ),
    ("compare_transport", "path.lipman.optimal_transport.straightness", 0.6, "is 0.100 above that of the straight path"),
    (f"reproduce_tong/{RING}", "independent.normalised_path_energy", 0.9, "It lies outside for {ring} (independent)."),
    (f"reproduce_tong/{RING}", "optimal_transport.path_energy_excess", -0.05, "−0.050 (−0.060 to −0.040) from the Gaussian"),
    (
        f"evaluate_diffusion/{RING}",
        "wasserstein.probability_flow_dopri5",
        0.8,
        "which is 0.40 above that of the flow with independent pairs, and the intervals do not touch",
    ),
    ("evaluate_digits", "nearest_training.optimal_transport.euler_64", 3, "in the mean, is above that of held-out images"),
    ("evaluate_digits", "frechet.diffusion.ddim_64", 9, "here DDIM's distance is 8.5 above DDPM's, and the intervals do not touch"),
    ("evaluate_digits", "frechet.independent.euler_1", 9, "overlap, at 1 they do not touch"),
]


@pytest.fixture(scope="module")
def followed(study, tmp_path_factory):
    """The English text over all these numbers."""
    folder = tmp_path_factory.mktemp("followed")
    shutil.copytree(study[0] / "results", folder / "results", ignore=shutil.ignore_patterns("report"))
    for stage, path, number, _ in FOLLOWED:
        file = folder / "results" / stage / "metrics.json"
        document = json.loads(file.read_text())
        values = document["values"]
        *way, last = path.split(".")
        for step in way:
            values = values[step]
        values[int(last) if isinstance(values, list) else last] = score(number)
        file.write_text(json.dumps(document))
    return plain(write(folder, study[1]))


@pytest.mark.parametrize("told", [told for *_, told in FOLLOWED])
def test_a_sentence_follows_one_number_of_one_file(texts, followed, told):
    told = told.format(ring=ENGLISH.names[RING])
    assert told in followed and told not in plain(texts[0])


def test_the_theory_follows_what_was_computed_for_it(study, tmp_path):
    with changed(study, tmp_path, "compute_theory") as values:
        values["flow"]["batch_excess"]["64"] = 0.5
        ends = values["flow"]["pairs"]["trajectories"]["optimal_transport"]
        ends[-1] = [-end for end in values["flow"]["pairs"]["target"]["optimal_transport"]]
    text = plain(write(tmp_path, study[1]))
    count = len(ends[-1])
    assert f"{count} of the {count} points go, in the second panel" in text and "50.0\u00a0% at this study's batch of 64" in text


def plain(text):
    """Without the marks that keep Markdown's own signs from being read as such."""
    return text.replace("\\", "")
