"""Pack the archive to hand in: the report, the results that it stands on and the code, with a manifest of digests."""

import json
from pathlib import Path

from paliflow import errors
from paliflow.arguments import Parser, positive_number
from paliflow.report import submission


def main() -> None:
    """Read the command line and pack."""
    parser = Parser(description=__doc__)
    parser.add_argument("--files", nargs="+", type=Path, required=True, help="the results to pack, all below the results folder")
    parser.add_argument("--results", type=Path, required=True, help="the results folder; names in the archive start below it")
    parser.add_argument("--project", type=Path, required=True, help="the project's folder, whose code is packed too")
    parser.add_argument("--settings", type=json.loads, required=True, help="the config that the results were made with, as JSON")
    parser.add_argument("--most-megabytes", type=positive_number, required=True, help="refuse to write an archive larger than this")
    parser.add_argument("--archive", type=Path, required=True, help="the archive to write, HW{n}_{LastName}_{StudentNumber}.zip")
    arguments = parser.parse_args()
    contents = submission.arrange(arguments.files, arguments.results, submission.code_files(arguments.project), arguments.project)
    submission.pack(arguments.archive, contents, arguments.settings, arguments.most_megabytes)
    for removed in submission.remove_others(arguments.archive):
        print(f"removed {removed}, packed earlier under another name")


if __name__ == "__main__":
    errors.run(main)
