"""Draw the workflow's rules and what each reads from others, and keep them as JSON."""

import json
from pathlib import Path

from paliflow import errors, files
from paliflow.arguments import Parser
from paliflow.report import figures_workflow


def main() -> None:
    """Read the command line, draw and write."""
    parser = Parser(description=__doc__)
    parser.add_argument("--rules", type=json.loads, required=True, help="the rules as JSON: a list of {name, part, after, writes}")
    parser.add_argument("--figure", type=Path, required=True, help="the figure to write (.svg)")
    parser.add_argument("--record", type=Path, required=True, help="the rules to write as JSON")
    arguments = parser.parse_args()
    figures_workflow.draw_rules(arguments.rules, arguments.figure)
    files.write_json(arguments.record, arguments.rules)


if __name__ == "__main__":
    errors.run(main)
