"""Stream CLEVR pictures and questions from the hub into a folder in the layout of the CLEVR v1.0 release, without programs or scenes.

Tried on local parquet files of that form and on a server that plays the hub; not on the hub itself.
"""

import shutil
from pathlib import Path

from paliflow import errors
from paliflow.arguments import Parser, positive_integer
from paliflow.clevr import hub
from paliflow.clevr.hub_stream import Source
from paliflow.provenance import Stage


def main() -> None:
    parser = Parser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="owner/name on the hub, or a folder of parquet files in its form")
    parser.add_argument("--configuration", required=True, help="the part of the set (of a folder without a README.md: default)")
    parser.add_argument("--revision", required=True, help="the commit on the hub")
    parser.add_argument(
        "--images", type=positive_integer, required=True, help="how many pictures, from the start of the set in its own order"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder for images/, questions/ and metrics.json")
    arguments = parser.parse_args()

    source = Source(arguments.dataset, arguments.configuration, arguments.revision)
    stage = Stage("fetch_clevr", 0, source._asdict() | {"images": arguments.images})
    work = stage.work_folder(arguments.output)
    hub.fetch(source, arguments.images, work)
    values = hub.write_release(source, arguments.images, work, arguments.output)
    units = {"bytes": "of the pictures", "rows": "read", "questions_skipped": "not CLEVR's", "rows_without_questions": "not kept"}
    stage.write_metrics(arguments.output / "metrics.json", source._asdict() | values, units)
    shutil.rmtree(work)


if __name__ == "__main__":
    errors.run(main)
