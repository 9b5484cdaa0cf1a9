"""Compute the numbers that the theory texts quote: those of SigLIP's start, NF4, double quantisation, ROUGE and flow matching."""

from pathlib import Path

from paliflow import errors, provenance
from paliflow.arguments import Parser
from paliflow.report import theory

SEED = 0


def main() -> None:
    """Read the command line, compute, write the metrics file."""
    parser = Parser(description=__doc__)
    parser.add_argument("--metrics", type=Path, required=True, help="the metrics file to write")
    arguments = parser.parse_args()
    stage = provenance.Stage("compute_theory", seed=SEED, settings={})
    units = {"nf4": "of a block's largest weight", "double_quantisation": "bits a weight"}
    stage.write_metrics(arguments.metrics, theory.compute_theory(SEED), units)


if __name__ == "__main__":
    errors.run(main)
