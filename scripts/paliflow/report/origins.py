"""Which files the report shows, and the call that makes each of them again."""

from collections.abc import Iterator
from pathlib import Path

from paliflow.errors import InputError
from paliflow.report import rule_graph
from paliflow.report.markdown import Markdown

MOST_FIGURE_BYTES = 4_000_000
"""Of one figure: the page and the PDF hold each of them whole, and the PDF is to stay below 10 MB."""

FOLDERS = ("results/figures/", "results/tables/")
"""Where the files lie that the report is to show or at least to name."""


class Origins:
    """The files behind the report's figures and tables, by label in the order of the text."""

    def __init__(self, results: Path) -> None:
        self.results = Path(results)
        self._shown: dict[str, list[str]] = {}

    def show(self, label: str, *names: str) -> None:
        """Keep which files, named below the results folder, a figure or table is made of; errors as `require`."""
        self.require(*names)
        self._shown[label] = list(names)

    def require(self, *names: str) -> None:
        """See that files below the results folder can be put into the report.

        Raises:
            InputError: a file is missing, or a figure too large to be put into the report.
        """
        for name in names:
            path = self.results / name
            if not path.is_file():
                raise rule_graph.missing(self.results, path)
            if name.startswith("figures/") and path.stat().st_size > MOST_FIGURE_BYTES:
                raise InputError(
                    f"the figure results/{name} has {path.stat().st_size / 1e6:.1f} MB, and one in the report may have at most "
                    f"{MOST_FIGURE_BYTES / 1e6:g} MB: save clouds of points as PNG, draw fewer of them, or shorten an animation."
                )

    def calls(self) -> Iterator[tuple[str, Markdown]]:
        """Each figure and table that has files of its own, and the calls that make these anew."""
        rules = rule_graph.read_record(self.results)
        for label, names in sorted(self._shown.items(), key=lambda shown: shown[0][:3]):  # figures, then tables
            for name in names:
                maker = rule_graph.maker(rules, f"results/{name}")
                forced = f" `--forcerun {maker}`" if maker else ""
                yield label, Markdown(f"`snakemake --cores 1` [`results/{name}`](../{name}){forced}")

    def others(self) -> list[Markdown]:
        """Links to the files in the folders of figures and tables that the rules write and the report does not show."""
        shown = {f"results/{name}" for names in self._shown.values() for name in names}
        written = {path for rule in rule_graph.read_record(self.results) for path in rule["writes"] if path.startswith(FOLDERS)}
        names = [path.removeprefix("results/") for path in sorted(written - shown)]
        return [Markdown(f"[`{name}`](../{name})") for name in names]
