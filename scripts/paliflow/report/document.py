"""The report's one Markdown, from templates: every measured number, figure and table in it comes from a file and is checked."""

import json
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jinja2

from paliflow.errors import InputError
from paliflow.report import groups, samples, tables
from paliflow.report.data_files import each, link_data
from paliflow.report.labels import Labels
from paliflow.report.markdown import Markdown, escape, escape_plain
from paliflow.report.origins import Origins
from paliflow.report.published_clevr import PUBLISHED
from paliflow.report.sentences import Sentences, clearly_above
from paliflow.report.settings_listing import list_settings
from paliflow.report.values import Metrics, descend, print_interval, print_value
from paliflow.report.words import ENGLISH, LANGUAGES, Words
from paliflow.runs import MAIN, comparison_runs

FRONT = "report.md.j2"
SAMPLES = "sample_answers/samples.json"
MOST_ROWS_TOGETHER = 6
"""Lines of a table, its header among them, that are kept on one page; a longer one may break."""


class Document:
    """What templates may call; every method's first fault stops the render with the template's name and line.

    Args:
        templates: the folder of report.md.j2.
        results: the folder of the stages' results; pictures are named relative to its subfolder `report`.
        settings: the config that the results were made with.
        title: of the report.
        sources: the bibliography's entries by key.
        words: of the language; its templates stand in its folder below `templates`.
    """

    def __init__(
        self, templates: Path, results: Path, settings: dict[str, Any], title: str, sources: dict[str, Markdown], words: Words = ENGLISH
    ) -> None:
        self.templates, self.results, self.settings, self.title, self.words = Path(templates), Path(results), settings, title, words
        self.metrics, self.labels, self.origins = Metrics(results), Labels(sources, words), Origins(results)

    def render(self) -> str:
        """The whole Markdown.

        Raises:
            InputError: anything undefined, missing, defined twice or never referred to, with the place.
        """
        environment = _Environment(
            loader=jinja2.FileSystemLoader(self.templates),
            undefined=jinja2.StrictUndefined,
            finalize=escape_plain,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            comment_start_string="<#",  # not {#, which is where pandoc's identifiers begin
            comment_end_string="#>",
            autoescape=False,  # it would escape for HTML; finalize escapes for Markdown, and pandoc for HTML and typst
        )
        vlm = self.settings["vlm"]
        environment.globals |= {
            "settings": self.settings,
            "title": self.title,
            "published": PUBLISHED,
            "on_embedded_base": vlm["base"] == "base_model" and not vlm["random_weights"],
        }
        environment.globals |= {name: self._placed(call) for name, call in self._calls()}
        with_words = partial(print_interval, words=self.words)
        environment.filters |= {"as": self._placed(print_value), "interval_as": self._placed(with_words), "front": _front_matter}
        try:
            text = environment.get_template(self.words.folder + FRONT).render()
        except jinja2.TemplateSyntaxError as error:
            raise InputError(f"{error.name}, line {error.lineno}: {(error.message or '').rstrip('.')}.") from None
        except (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise InputError(f"{_place_of(error, self.templates)}: {_mistake(error)}") from None
        return self.labels.resolve(text)

    def _calls(self) -> Iterator[tuple[str, Callable[..., Any]]]:
        yield "value", self.value
        yield "interval", self.interval
        yield "score", self.score
        yield "setting", self.setting
        yield "cite", lambda *keys: self.labels.cite(keys, _place())
        yield "ref", lambda label: self.labels.point(label, _place())
        yield "figure", self.figure
        yield "each", each
        yield "thumbnail", self.thumbnail
        yield "table", self.table
        yield "grid", self.grid
        yield "captioned_table", self.captioned_table
        yield "marking_grid", self.marking_grid
        yield "cards", self.cards
        yield "bibliography", self.labels.bibliography
        yield "list_of", self.labels.listing
        yield "stages", lambda: [(stage, self.metrics.document(stage)) for stage in stages(self.settings)]
        yield "record", self.metrics.document
        yield "origins", self.origins.calls
        yield "other_files", self.origins.others
        yield "settings_listing", lambda: list_settings(self.settings)
        yield "samples", lambda: self.metrics.records(SAMPLES)
        yield "examples", lambda: self.metrics.records("subset_clevr/examples.json")
        yield "is_right", samples.is_right
        sentences = Sentences(self.words)
        yield "compare", sentences.compare
        yield "intervals_of", sentences.intervals_of
        yield "standing", sentences.standing
        yield "difference", sentences.difference
        yield "nearer", sentences.nearer
        yield "clearly_above", clearly_above
        yield "compared", self.compared
        yield "listed", sentences.listed
        yield "digest", lambda text: Markdown(" ".join(f"`{part}`" for part in _chunks(str(text), 32)))
        yield "name", lambda text: Markdown(escape(self.words.names.get(text, str(text).replace("_", " "))))

    def value(self, stage: str, path: str, form: str = "text") -> Markdown:
        """A number of a stage, printed in a format of `values.FORMATS`."""
        return print_value(self.metrics.look_up(stage, path), form)

    def interval(self, stage: str, path: str, form: str = "text") -> Markdown:
        """A score of a stage with its interval."""
        return print_interval(self.metrics.look_up(stage, path), form, self.words)

    def score(self, stage: str, path: str) -> Any:
        """What stands at a stage's path, for arithmetic and conditions in a template."""
        return self.metrics.look_up(stage, path)

    def setting(self, path: str) -> Markdown:
        """A setting that the results were made with."""
        found = descend(self.settings, path, "the config")
        return escape(", ".join(map(str, found))) if isinstance(found, list) else escape_plain(found)

    def compared(self, what: str) -> groups.Groups:
        """The groups of compared runs by label: the "methods", QLoRA's "ranks", or the "weights" of the consistency term."""
        comparison, rank = self.metrics.document("compare_runs")["values"], self.settings["vlm"]["rank"]
        if what == "ranks":
            return groups.compared_ranks(comparison)
        return {"methods": groups.compared_methods, "weights": groups.compared_weights}[what](comparison, rank)

    def figure(
        self,
        label: str,
        file: str,
        caption: str,
        alt: str,
        data: str | Sequence[str] = (),
        width: str = "100%",
        animation: str | None = None,
    ) -> Markdown:
        """A numbered picture from results/figures; the HTML shows the `animation` in its place to who has not asked for less motion.

        Args:
            data: the files below results that it draws, to which the HTML links; none for a diagram.
        """
        self.origins.show(label, *(f"figures/{name}" for name in (file, animation) if name))
        number = self.labels.define(label, _place(), caption)
        links = link_data(data, self.results, self.words.data)
        moving = f' animation="../figures/{animation}"' if animation else ""
        return Markdown(f'![{number} {_one_line(caption)}{links}](../figures/{file}){{#{label} alt="{_alt(alt)}" width={width}{moving}}}')

    def thumbnail(self, label: str, file: str, text: str) -> Markdown:
        """A picture of a figure in small, with a few words, which leads to where the figure stands."""
        self.origins.require(f"figures/{file}")
        return Markdown(f'[![](../figures/{file}){{alt="{_alt(text)}"}}](#{label}) {self.labels.point(label, _place())}: {_one_line(text)}')

    def table(
        self,
        label: str,
        file: str,
        caption: str,
        formats: dict[str, str] | None = None,
        best: dict[str, str] | None = None,
        columns: list[str] | None = None,
        names: dict[str, str] | None = None,
    ) -> Markdown:
        """A numbered table from a CSV file in results/tables; see `tables.print_csv`."""
        self.origins.show(label, f"tables/{file}")
        called = {**self.words.names, **(names or {})}
        body = tables.print_csv(self.results / "tables" / file, formats or {}, best or {}, called, columns, self.words)
        return self._captioned(label, body, caption, f"tables/{file}")

    def grid(self, label: str, header: Sequence[object], rows: tables.Rows, caption: str, right: Sequence[int] = ()) -> Markdown:
        """A numbered table of values that the template gives; `right` names the columns set flush right, from 0."""
        return self._captioned(label, tables.print_rows(header, rows, [column in right for column in range(len(header))]), caption)

    def captioned_table(self, label: str, caption: str, caller: Callable[[], str]) -> Markdown:
        """A numbered table that a template writes out in Markdown, between `{% call captioned_table(…) %}` and `{% endcall %}`."""
        return self._captioned(label, Markdown(caller().strip()), caption)

    def marking_grid(self, label: str, items: Sequence[tuple[str, str, str, Sequence[str]]], caption: str) -> Markdown:
        """A numbered table of the assignment's items, each linked to the heading that bears its number.

        Args:
            items: number, marks, subject, and the labels of the figures and tables that are its evidence.
        """
        rows = []
        for item, marks, subject, evidence in items:
            answer = self.labels.point(f"item:{item}", _place()) + self.labels.page(f"item:{item}")
            shown = self.words.comma.join(self.labels.point(each, _place()) for each in evidence)
            rows.append((Markdown(answer), subject, Markdown(shown), Markdown(marks)))
        header = [self.words.answered_in, self.words.subject, self.words.evidence, self.words.marks]
        return self.grid(label, header, rows, caption, right=[3])

    def cards(self, label: str, caption: str) -> Markdown:
        """The random test samples, together one numbered figure."""
        self.origins.show(label, SAMPLES)
        drawn = self.metrics.records(SAMPLES)
        for sample in drawn:
            if not (self.results / sample["image"].removeprefix("results/")).is_file():
                raise InputError(f"the picture {sample['image']} is missing: run the rule sample_answers again.")
        number = self.labels.define(label, _place(), caption)
        printed = samples.print_cards(drawn, self.words)
        links = link_data(SAMPLES, self.results, self.words.data)
        return Markdown(f"::: {{#{label} .cards}}\n{printed}\n\n::: caption\n{number} {_one_line(caption)}{links}\n:::\n:::")

    def _captioned(self, label: str, body: Markdown, caption: str, data: str | Sequence[str] = ()) -> Markdown:
        number = self.labels.define(label, _place(), caption)
        links = link_data(data, self.results, self.words.data)
        kind = "long" if body.count("\n") > MOST_ROWS_TOGETHER else "wide"
        return Markdown(f"::: {kind}\n{body}\n\n: {number} {_one_line(caption)}{links} {{#{label}}}\n:::")

    def _placed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def placed(*arguments: Any, **named: Any) -> Any:
            place = _place()
            try:
                return call(*arguments, **named)
            except _PlacedError:
                raise
            except InputError as error:
                raise _PlacedError(str(error) if str(error).startswith(place) else f"{place}: {error}") from None
            except jinja2.UndefinedError:
                raise
            except TypeError as error:
                raise _PlacedError(f"{place}: {error}: correct the call.") from None

        return placed


class _PlacedError(InputError):
    """A mistake whose sentence begins with its place; a call around it adds no other."""


class _Environment(jinja2.Environment):
    """Where what a template includes is looked for in the folder of its own language, and nowhere else."""

    def join_path(self, template: str, parent: str) -> str:
        language, _, below = parent.partition("/")
        return f"{language}/{template}" if below and language in LANGUAGES else template


def stages(settings: dict[str, Any]) -> list[str]:
    """The stages that leave metrics for these settings, in the order in which they run."""
    made = {"embedded": ["clevr/study", "clevr/study/ask_metrics.json"], "hub": ["clevr/hub"], "clevr": []}[settings["data"]["source"]]
    runs = [f"{stage}/{run}" for run in (MAIN, *comparison_runs(settings["vlm"])) for stage in ("train_adapter", "evaluate_adapter")]
    pairs = settings["flow"]["pairs"]
    couplings = [f"couple_flow/{pair}.json" for pair in (*pairs, "gaussian_to_digits")]
    flow = [f"{stage}/{pair}" for pair in pairs for stage in ("train_flow", "evaluate_flow")]
    flow += [f"{stage}/{pair}" for pair in pairs if pair.startswith("gaussian_") for stage in ("train_diffusion", "evaluate_diffusion")]
    digits = [*(f"{stage}/gaussian_to_digits" for stage in ("train_flow", "train_diffusion")), "evaluate_digits"]
    paper = [f"reproduce_tong/{pair}" for pair in ("gaussian_to_8gaussians", "wide_moons_to_wide_8gaussians")]
    read = ["compare_runs", "measure_memory", "analyse_adapter", "sample_answers"]
    return [
        *made,
        "subset_clevr",
        "encode_images",
        "evaluate_base",
        *runs,
        *read,
        *couplings,
        *flow,
        *digits,
        "compare_transport",
        *paper,
        "compute_theory",
    ]


def _front_matter(text: object) -> Markdown:
    return Markdown(json.dumps(escape(text), ensure_ascii=False))


def _chunks(text: str, length: int) -> list[str]:
    return [text[start : start + length] for start in range(0, len(text), length)]


def _alt(text: str) -> str:
    return " ".join(text.split()).replace("\\", "").replace('"', "'")


def _one_line(caption: str) -> str:
    return " ".join(caption.split())


def _place() -> str:
    """The template and line that is being rendered, "theory/q1_2_1.md.j2, line 12"."""
    frame = sys._getframe()
    while frame is not None:
        if (template := frame.f_globals.get("__jinja_template__")) is not None:
            return f"{template.name}, line {template.get_corresponding_lineno(frame.f_lineno)}"
        frame = frame.f_back  # type: ignore[assignment]
    return "report"


def _mistake(error: Exception) -> str:
    """What is wrong in a template, and what to do."""
    match error:
        case jinja2.TemplateNotFound():
            return f"the template {error.name} is missing: every part has its file there."
        case jinja2.UndefinedError():
            return f"{error.message}: define it or correct the name."
        case UnicodeDecodeError():
            return "what is included here is not in UTF-8: save it as UTF-8."
        case _:
            return f"{error or type(error).__name__}: correct the expression."


def _place_of(error: BaseException, templates: Path) -> str:
    for step in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(step.filename).is_relative_to(templates):
            return f"{Path(step.filename).relative_to(templates).as_posix()}, line {step.lineno}"
    return FRONT
