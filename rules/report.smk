"""The report: what is computed for the theory, figures and tables, the rendered report, and the archive to hand in."""

import json
import sys

from paliflow.errors import InputError
from paliflow.report import archive_name, submission

MAIN_EVALUATION = f"results/evaluate_adapter/{runs.MAIN}"
MAIN_TRAINING = f"results/train_adapter/{runs.MAIN}"
SOURCE_METRICS = {
    "embedded": ["results/clevr/study/metrics.json", "results/clevr/study/ask_metrics.json"],
    "clevr": [],
    "hub": ["results/clevr/hub/metrics.json"],
}
try:
    ARCHIVE = archive_name.archive_name(config["report"])
except InputError as error:
    sys.exit(f"error: {error}")


rule compute_theory:
    """The numbers that the theory texts quote: those of SigLIP's start, NF4, double quantisation, ROUGE and flow matching."""
    output:
        metrics="results/compute_theory/metrics.json",
    log:
        "logs/compute_theory/compute_theory.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        code=code_digest("scripts/compute_theory.py"),
    shell:
        "python scripts/compute_theory.py --metrics {output.metrics:q} 2>&1 | tee {log:q}"


rule plot_theory:
    """What LoRA, CoPrompt and flow matching do, NF4's levels and errors, LoRA's singular values, the model's mask, and where it looks."""
    input:
        theory=rules.compute_theory.output.metrics,
        analysis="results/analyse_adapter/metrics.json",
        attention="results/analyse_adapter/attention.json",
        pictures="results/analyse_adapter/attention",
        mask="results/evaluate_base/attention_mask.json",
    output:
        lora="results/figures/theory_lora.svg",
        nf4_levels="results/figures/theory_nf4_levels.svg",
        quantisation_error="results/figures/theory_quantisation_error.svg",
        singular_values="results/figures/theory_singular_values.svg",
        attention_mask="results/figures/theory_attention_mask.svg",
        attention_maps="results/figures/theory_attention_maps.svg",
        coprompt="results/figures/theory_coprompt.svg",
        conditional_paths="results/figures/theory_conditional_paths.svg",
        pairs="results/figures/theory_pairs.svg",
    log:
        "logs/plot_theory/plot_theory.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        code=code_digest("scripts/plot_theory.py"),
    shell:
        "python scripts/plot_theory.py --theory {input.theory:q} --analysis {input.analysis:q} --attention {input.attention:q}"
        " --mask {input.mask:q} --nf4-levels {output.nf4_levels:q} --quantisation-error {output.quantisation_error:q}"
        " --singular-values {output.singular_values:q} --attention-mask {output.attention_mask:q}"
        " --attention-maps {output.attention_maps:q} --lora {output.lora:q} --coprompt {output.coprompt:q}"
        " --conditional-paths {output.conditional_paths:q} --pairs {output.pairs:q} 2>&1 | tee {log:q}"


rule plot_diagrams:
    """The theory part's diagrams, which show no results: models, losses and stages of training as boxes and arrows."""
    output:
        families="results/figures/diagram_families.svg",
        architectures="results/figures/diagram_architectures.svg",
        siglip_pairs="results/figures/diagram_siglip_pairs.svg",
        siglip_ring="results/figures/diagram_siglip_ring.svg",
        stages="results/figures/diagram_stages.svg",
        freezing="results/figures/diagram_freezing.svg",
    log:
        "logs/plot_diagrams/plot_diagrams.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        code=code_digest("scripts/plot_diagrams.py"),
    shell:
        "python scripts/plot_diagrams.py --families {output.families:q} --architectures {output.architectures:q}"
        " --siglip-pairs {output.siglip_pairs:q} --siglip-ring {output.siglip_ring:q} --stages {output.stages:q}"
        " --freezing {output.freezing:q} 2>&1 | tee {log:q}"


rule plot_memory:
    """What fine-tuning keeps in memory, term by term, as stacked bars."""
    input:
        memory="results/measure_memory/metrics.json",
    output:
        terms="results/figures/memory_terms.svg",
    log:
        "logs/plot_memory/plot_memory.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        code=code_digest("scripts/plot_memory.py"),
    shell:
        "python scripts/plot_memory.py --memory {input.memory:q} --figure {output.terms:q} 2>&1 | tee {log:q}"


rule plot_clevr:
    """The data card's figures: answers by kind of question, lengths of questions and programs, a sheet of examples."""
    input:
        metrics="results/subset_clevr/metrics.json",
        examples="results/subset_clevr/examples.json",
        pictures="results/subset_clevr/examples",
    output:
        answers="results/figures/clevr_answers.svg",
        lengths="results/figures/clevr_lengths.svg",
        sheet="results/figures/clevr_examples.svg",
    log:
        "logs/plot_clevr/plot_clevr.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        code=code_digest("scripts/plot_clevr.py"),
    shell:
        "python scripts/plot_clevr.py --metrics {input.metrics:q} --examples {input.examples:q} --answers {output.answers:q}"
        " --lengths {output.lengths:q} --sheet {output.sheet:q} 2>&1 | tee {log:q}"


rule plot_base:
    """The losses of the embedded base's pretraining, for its model card; not part of the default run."""
    input:
        model="results/pretrain_base/model",
    output:
        curve="results/figures/base_training_curve.svg",
    log:
        "logs/plot_base/plot_base.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        code=code_digest("scripts/plot_base.py"),
    shell:
        "python scripts/plot_base.py --log {input.model:q}/train_log.jsonl --figure {output.curve:q} 2>&1 | tee {log:q}"


rule plot_vlm:
    """The loss of every training step, the scores before and after, and what methods, ranks and consistency weights differ in."""
    input:
        log=f"{MAIN_TRAINING}/train_log.jsonl",
        base="results/evaluate_base/metrics.json",
        main=f"{MAIN_EVALUATION}/metrics.json",
        training=f"{MAIN_TRAINING}/metrics.json",
        comparison="results/compare_runs/metrics.json",
    output:
        loss="results/figures/vlm_loss.svg",
        kinds="results/figures/vlm_exact_match_by_kind.svg",
        rouge="results/figures/vlm_rouge.svg",
        ranks="results/figures/vlm_ranks.svg",
        forgetting="results/figures/vlm_forgetting.svg",
        confusion="results/figures/vlm_confusion.svg",
        calibration="results/figures/vlm_calibration.svg",
        difficulty="results/figures/vlm_difficulty.svg",
    log:
        "logs/plot_vlm/plot_vlm.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        code=code_digest("scripts/plot_vlm.py"),
    shell:
        "python scripts/plot_vlm.py --log {input.log:q} --base {input.base:q} --main {input.main:q} --training {input.training:q}"
        " --comparison {input.comparison:q} --loss {output.loss:q} --kinds {output.kinds:q} --rouge {output.rouge:q}"
        " --ranks {output.ranks:q} --forgetting {output.forgetting:q} --confusion {output.confusion:q}"
        " --calibration {output.calibration:q} --difficulty {output.difficulty:q} 2>&1 | tee {log:q}"


rule tabulate_vlm:
    """The scores, the kinds of question, the training and the comparison as tables, and the study's main numbers as one summary."""
    input:
        base="results/evaluate_base/metrics.json",
        main=f"{MAIN_EVALUATION}/metrics.json",
        predictions=f"{MAIN_EVALUATION}/predictions.jsonl",
        training=f"{MAIN_TRAINING}/metrics.json",
        comparison="results/compare_runs/metrics.json",
    output:
        summary="results/tables/vlm_summary.json",
        scores="results/tables/vlm_scores.csv",
        kinds="results/tables/vlm_by_kind.csv",
        families="results/tables/vlm_by_family.csv",
        extremes="results/tables/vlm_family_extremes.csv",
        training_table="results/tables/vlm_training.csv",
        methods="results/tables/vlm_methods.csv",
        ranks="results/tables/vlm_ranks.csv",
        consistency="results/tables/vlm_consistency.csv",
    log:
        "logs/tabulate_vlm/tabulate_vlm.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        code=code_digest("scripts/tabulate_vlm.py"),
    shell:
        "python scripts/tabulate_vlm.py --base {input.base:q} --main {input.main:q} --predictions {input.predictions:q}"
        " --training {input.training:q} --comparison {input.comparison:q} --summary {output.summary:q} --scores {output.scores:q}"
        " --kinds {output.kinds:q} --families {output.families:q} --extremes {output.extremes:q}"
        " --training-table {output.training_table:q} --methods {output.methods:q} --ranks {output.ranks:q}"
        " --consistency {output.consistency:q} 2>&1 | tee {log:q}"


rule plot_first_page:
    """Four of the figures in small, with fewer marks and letters that stay legible, for the report's first page."""
    input:
        base=rules.plot_vlm.input.base,
        main=rules.plot_vlm.input.main,
        training=rules.plot_vlm.input.training,
        comparison=rules.plot_vlm.input.comparison,
        flow=rules.plot_flow.input.metrics[0],
        digit_samples=rules.evaluate_digits.output.samples,
    output:
        kinds="results/figures/first_kinds.svg",
        forgetting="results/figures/first_forgetting.svg",
        flow_error="results/figures/first_flow_error.svg",
        digits="results/figures/first_digits.svg",
    log:
        "logs/plot_first_page/plot_first_page.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        code=code_digest("scripts/plot_first_page.py"),
    shell:
        "python scripts/plot_first_page.py --base {input.base:q} --main {input.main:q} --training {input.training:q}"
        " --comparison {input.comparison:q} --flow {input.flow:q} --digit-samples {input.digit_samples:q} --kinds {output.kinds:q}"
        " --forgetting {output.forgetting:q} --flow-error {output.flow_error:q} --digits {output.digits:q} 2>&1 | tee {log:q}"


rule plot_workflow:
    """The rules themselves: which reads what another one writes, drawn and kept for the report's appendix."""
    output:
        figure="results/figures/workflow.svg",
        record="results/figures/workflow.json",
    log:
        "logs/plot_workflow/plot_workflow.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        rules=describe_rules,
        code=code_digest("scripts/plot_workflow.py"),
    shell:
        "python scripts/plot_workflow.py --rules {params.rules:q} --figure {output.figure:q} --record {output.record:q}"
        " 2>&1 | tee {log:q}"


rule render_report:
    """All templates and results as one Markdown, and that as one HTML file and a PDF."""
    input:
        templates=sorted(map(str, Path("report_template").rglob("*.*"))),
        metrics=[
            *SOURCE_METRICS[config["data"]["source"]],
            "results/subset_clevr/metrics.json",
            *expand(
                "results/{stage}/metrics.json",
                stage=["encode_images", "evaluate_base", "compare_runs", "measure_memory", "analyse_adapter"],
            ),
            *expand("results/{stage}_adapter/{run}/metrics.json", stage=["train", "evaluate"], run=RUNS),
            *expand("results/couple_flow/{pair}.json", pair=[*FLOW["pairs"], DIGITS]),
            *expand("results/train_flow/{pair}/metrics.json", pair=[*FLOW["pairs"], DIGITS]),
            *expand("results/evaluate_flow/{pair}/metrics.json", pair=FLOW["pairs"]),
            *expand("results/train_diffusion/{pair}/metrics.json", pair=[*DIFFUSED, DIGITS]),
            *expand("results/evaluate_diffusion/{pair}/metrics.json", pair=DIFFUSED),
            rules.evaluate_digits.output.metrics,
            rules.compare_transport.output.metrics,
            *expand(rules.reproduce_tong.output.metrics, pair=PAPER_PAIRS),
            rules.compute_theory.output.metrics,
        ],
        data=[  # that the figures link to, beside the metrics
            rules.plot_clevr.input.examples,
            rules.plot_vlm.input.log,
            rules.plot_theory.input.attention,
            rules.plot_theory.input.mask,
            *rules.plot_flow.input.logs,
            *rules.plot_flow.input.samples,
            rules.evaluate_digits.output.samples,
        ],
        samples=rules.sample_answers.output,
        adapter=f"{MAIN_TRAINING}/weights",
        figures=[
            *rules.plot_clevr.output,
            *rules.plot_vlm.output,
            *rules.plot_flow.output,
            *rules.plot_diagrams.output,
            *rules.plot_theory.output,
            *rules.plot_memory.output,
            *rules.plot_first_page.output,
            *rules.plot_workflow.output,
        ],
        tables=[*rules.tabulate_vlm.output, *rules.tabulate_flow.output],
    output:
        markdown=update("results/report/report.md"),  # so that a render that fails leaves the last report
        html=update("results/report/report.html"),
        pdf=update("results/report/report.pdf"),
    log:
        "logs/render_report/render_report.log",
    conda:
        "../envs/report.yaml"
    threads: 2  # the page and the paper are made at once
    params:
        settings=lambda wildcards: json.dumps(config),  # a function, for a text of the config may hold braces
        code=code_digest("scripts/render_report.py"),
    shell:
        "python scripts/render_report.py --settings {params.settings:q} --templates report_template --results results"
        " --markdown {output.markdown:q} --html {output.html:q} --pdf {output.pdf:q} 2>&1 | tee {log:q}"


rule pack_submission:
    """The archive to hand in: report, results and code."""
    input:
        report=rules.render_report.output,
        results=[
            *rules.render_report.input.metrics,
            *rules.render_report.input.data,
            *rules.sample_answers.output,
            *rules.render_report.input.figures,
            *rules.render_report.input.tables,
            "results/evaluate_base/predictions.jsonl",
            *expand("results/evaluate_adapter/{run}/predictions.jsonl", run=RUNS),
            *expand("results/train_adapter/{run}/train_log.jsonl", run=RUNS),
            f"{MAIN_TRAINING}/weights",
        ],
        code=submission.code_files(Path(".")),
    output:
        archive=update(f"results/report/{ARCHIVE}"),
    log:
        "logs/pack_submission/pack_submission.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        settings=lambda wildcards: json.dumps(config),  # a function, for a text of the config may hold braces
        most_megabytes=lookup("report/archive_megabytes", within=config),
        code=code_digest("scripts/pack_submission.py"),
    shell:
        "python scripts/pack_submission.py --files {input.report:q} {input.results:q} --results results --project ."
        " --settings {params.settings:q} --most-megabytes {params.most_megabytes} --archive {output.archive:q} 2>&1 | tee {log:q}"
