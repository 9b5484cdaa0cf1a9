"""A whole made-up study: results, with the figures and tables that the report's own programs make of them."""

import contextlib
import json
import shutil
import subprocess
import sys

from report_fixture import COMPARISON, REPOSITORY, RULES, load_settings, make_flow_stand_ins, make_results

from paliflow.report.bibliography import read_sources
from paliflow.report.document import Document
from paliflow.report.render import render_report
from paliflow.report.words import ENGLISH

TEMPLATES = REPOSITORY / "report_template"

HOSTILE = "Is <script>alert(1)</script> a | b *bold* $x$ {{ x }} #call() @cite [l](http://x) سلام `code` \\n?"


def options(before, after, **names):
    return [part for option, name in names.items() for part in (f"--{option}", f"{before}{name}{after}")]


READ = options("results/", "/metrics.json", base="evaluate_base", main="evaluate_adapter/main", training="train_adapter/main")
READ += ["--comparison", "results/compare_runs/metrics.json"]


def make_study(folder, source="embedded", comparison=COMPARISON, **data):
    """Results in `folder`, with the figures and tables that the report's own programs make of them, and the settings."""
    settings = load_settings()
    settings["data"] |= {"source": source} | data
    settings["vlm"]["comparison"] = comparison
    results = folder / "results"
    make_results(results, settings, HOSTILE)
    make_flow_stand_ins(results)
    figures, theory = "results/figures", "results/compute_theory/metrics.json"
    subset = ["--metrics", "results/subset_clevr/metrics.json", "--examples", "results/subset_clevr/examples.json"]
    drawn = options(f"{figures}/clevr_", ".svg", answers="answers", lengths="lengths", sheet="examples")
    run(folder, "plot_clevr", *subset, *drawn)
    run(folder, "compute_theory", "--metrics", theory)
    seen = ["--analysis", "results/analyse_adapter/metrics.json", "--attention", "results/analyse_adapter/attention.json"]
    seen += ["--mask", "results/evaluate_base/attention_mask.json"]
    names = ["nf4_levels", "quantisation_error", "singular_values", "attention_mask", "attention_maps"]
    names += ["lora", "coprompt", "conditional_paths", "pairs"]
    drawn = [part for name in names for part in (f"--{name.replace('_', '-')}", f"{figures}/theory_{name}.svg")]
    run(folder, "plot_theory", "--theory", theory, *seen, *drawn)
    names = ["families", "architectures", "siglip-pairs", "siglip-ring", "stages", "freezing"]
    run(folder, "plot_diagrams", *(part for name in names for part in (f"--{name}", f"{figures}/diagram_{name.replace('-', '_')}.svg")))
    run(folder, "plot_memory", "--memory", "results/measure_memory/metrics.json", "--figure", f"{figures}/memory_terms.svg")
    names = {"loss": "loss", "kinds": "exact_match_by_kind", "rouge": "rouge", "ranks": "ranks", "forgetting": "forgetting"}
    drawn = options(f"{figures}/vlm_", ".svg", **names, confusion="confusion", calibration="calibration", difficulty="difficulty")
    run(folder, "plot_vlm", *READ, "--log", "results/train_adapter/main/train_log.jsonl", *drawn)
    tabulate(folder)
    recorded = ["--figure", f"{figures}/workflow.svg", "--record", f"{figures}/workflow.json"]
    run(folder, "plot_workflow", "--rules", json.dumps(RULES), *recorded)
    return settings


def tabulate(folder):
    names = {"scores": "scores", "kinds": "by_kind", "families": "by_family", "extremes": "family_extremes", "training-table": "training"}
    written = options("results/tables/vlm_", ".csv", **names, methods="methods", ranks="ranks", consistency="consistency")
    answers = ["--predictions", "results/evaluate_adapter/main/predictions.jsonl", "--summary", "results/tables/vlm_summary.json"]
    run(folder, "tabulate_vlm", *READ, *answers, *written)


def run(folder, script, *arguments):
    subprocess.run([sys.executable, REPOSITORY / "scripts" / f"{script}.py", *arguments], cwd=folder, check=True)


def write(folder, settings, words=ENGLISH):
    """The report's Markdown."""
    sources = read_sources(TEMPLATES / "references.bib")
    return Document(TEMPLATES, folder / "results", settings, "A title", sources, words).render()


def render(folder, settings):
    """The report in all its forms, by their suffix."""
    report = folder / "results" / "report"
    render_report(settings, TEMPLATES, folder / "results", report / "report.md", report / "report.html", report / "report.pdf")
    return {path.suffix: path.read_bytes() for path in report.iterdir()}


@contextlib.contextmanager
def changed(study, folder, stage):
    """Copy a study's results into `folder` and give the values of one stage to be changed there."""
    shutil.copytree(study[0] / "results", folder / "results", ignore=shutil.ignore_patterns("report"))
    path = folder / "results" / stage / "metrics.json"
    document = json.loads(path.read_text())
    yield document["values"]
    path.write_text(json.dumps(document))
