"""Draw the flow experiments: samples, paths, fields, error, loss and couplings of all pairs, diffusion, digits, the transport's batch."""

from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.report import figures_digits, figures_flow, figures_flow_error, particles
from paliflow.report.flow_results import by_pair, read_arrays, read_log, read_values
from paliflow.report.style import save_figure


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument(
        "--pairs", nargs="+", required=True, help="names of the pairs; the next four options' files follow in the same order"
    )
    parser.add_argument("--couplings", nargs="+", type=Path, required=True, help="to read: .npz of couple_flow")
    parser.add_argument("--logs", nargs="+", type=Path, required=True, help="to read: train_log.parquet of train_flow")
    parser.add_argument("--samples", nargs="+", type=Path, required=True, help="to read: samples.npz of evaluate_flow")
    parser.add_argument("--metrics", nargs="+", type=Path, required=True, help="to read: metrics.json of evaluate_flow")
    parser.add_argument("--diffused", nargs="*", default=[], help="those of the pairs for which there are diffusion models")
    parser.add_argument(
        "--diffusions", nargs="*", type=Path, default=[], help="to read: metrics.json of evaluate_diffusion, in their order"
    )
    parser.add_argument("--digits", type=Path, required=True, help="to read: metrics.json of evaluate_digits")
    parser.add_argument("--digit-samples", type=Path, required=True, help="to read: samples.npz of evaluate_digits")
    parser.add_argument("--transport", type=Path, required=True, help="to read: metrics.json of compare_transport")
    parser.add_argument("--figures", type=Path, required=True, help="folder to write the figures to")
    arguments = parser.parse_args()

    samples = by_pair(arguments.pairs, arguments.samples, read_arrays)
    metrics = by_pair(arguments.pairs, arguments.metrics, read_values)
    diffusions = by_pair(arguments.diffused, arguments.diffusions, read_values)
    transport = files.read_json(arguments.transport)
    figures = {
        "couplings.svg": figures_flow.draw_couplings(by_pair(arguments.pairs, arguments.couplings, read_arrays)),
        "loss.svg": figures_flow.draw_loss(by_pair(arguments.pairs, arguments.logs, read_log)),
        "samples.png": figures_flow.draw_samples(samples),
        "trajectories.png": figures_flow.draw_trajectories(samples),
        "velocity.svg": figures_flow.draw_velocity(samples),
        "error_by_evaluations.svg": figures_flow_error.draw_error(metrics),
        "straightness.svg": figures_flow_error.draw_straightness(metrics),
        "modes.svg": figures_flow_error.draw_modes(metrics),
        "diffusion.svg": figures_flow_error.draw_diffusion(metrics, diffusions),
        "transport_batch.svg": figures_flow_error.draw_transport_batch(transport["values"], transport["provenance"]),
        "digits.png": figures_digits.draw_digits(read_arrays(arguments.digit_samples)),
        "digits_error.svg": figures_digits.draw_digits_error(read_values(arguments.digits)),
        "particles.png": particles.draw_stills(samples),
    }
    for name, figure in figures.items():
        save_figure(figure, arguments.figures / f"flow_{name}")
    particles.write_animation(samples, arguments.figures / "flow_particles.gif")


if __name__ == "__main__":
    errors.run(main)
