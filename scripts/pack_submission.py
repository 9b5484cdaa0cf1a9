"""Pack the archive to hand in: the report, the results that it stands on and the code, with a manifest of digests."""

from pathlib import Path

from paliflow import errors
from paliflow.arguments import Parser
from paliflow.report import submission


def main() -> None:
    """Read the command line and pack."""
    parser = Parser(description=__doc__)
    parser.add_argument("--files", nargs="+", type=Path, required=True, help="the results to pack, all below the results folder")
    parser.add_argument("--results", type=Path, required=True, help="the results folder; names in the archive start below it")
    parser.add_argument("--project", type=Path, required=True, help="the project's folder, whose code is packed too")
    parser.add_argument("--homework", type=int, required=True, help="the n of HW{n}_{LastName}_{StudentNumber}.zip")
    parser.add_argument("--last-name", required=True, help="the student's last name")
    parser.add_argument("--student-number", required=True, help="the student's number")
    parser.add_argument("--folder", type=Path, required=True, help="where to write the archive")
    arguments = parser.parse_args()
    archive = arguments.folder / submission.archive_name(arguments.homework, arguments.last_name, arguments.student_number)
    code = submission.code_files(arguments.project)
    submission.pack(archive, submission.arrange(arguments.files, arguments.results, code, arguments.project))
    for removed in submission.remove_others(archive):
        print(f"removed {removed}, packed earlier under another name")


if __name__ == "__main__":
    errors.run(main)
