"""Put the vision-language study's scores, training and comparisons into tables (CSV) and its main numbers into one summary (JSON)."""

from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.report import groups, tables_methods, tables_vlm


def main() -> None:
    """Read the command line and the metrics, tabulate, write."""
    parser = Parser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True, help="the metrics of evaluate_base")
    parser.add_argument("--main", type=Path, required=True, help="the metrics of evaluate_adapter for the main run")
    parser.add_argument("--predictions", type=Path, required=True, help="the main run's answers (JSON lines)")
    parser.add_argument("--training", type=Path, required=True, help="the metrics of train_adapter for the main run")
    parser.add_argument("--comparison", type=Path, required=True, help="the metrics of compare_runs")
    parser.add_argument("--summary", type=Path, required=True, help="a file to write (.json)")
    for table in ("scores", "kinds", "families", "extremes", "training-table", "methods", "ranks", "consistency"):
        parser.add_argument(f"--{table}", type=Path, required=True, help="a table to write (.csv)")
    arguments = parser.parse_args()
    read = {name: files.read_json(getattr(arguments, name))["values"] for name in ("base", "main", "training", "comparison")}
    base, tuned, training, comparison = read.values()
    against, rank = comparison["against_qlora"], training["rank"]
    families = tables_vlm.tabulate_families(base, tuned, files.read_json_lines(arguments.predictions))
    tables = {
        arguments.scores: tables_vlm.tabulate_scores(base, tuned),
        arguments.kinds: tables_vlm.tabulate_kinds(base, tuned),
        arguments.families: families,
        arguments.extremes: tables_vlm.take_extremes(families),
        arguments.training_table: tables_vlm.tabulate_training(training),
        arguments.methods: tables_methods.tabulate_groups(groups.compared_methods(comparison, rank), against),
        arguments.ranks: tables_methods.tabulate_groups(groups.compared_ranks(comparison), against),
        arguments.consistency: tables_methods.tabulate_groups(groups.compared_weights(comparison, rank), against),
    }
    files.write_json(arguments.summary, tables_vlm.summarise(base, tuned, comparison))
    for path, table in tables.items():
        files.write_text(path, table.to_csv(index=False))


if __name__ == "__main__":
    errors.run(main)
