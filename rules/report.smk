"""The report: what is computed for the theory, figures and tables, the rendered report, and the archive to hand in."""

import json

from paliflow.report import submission

METHODS = config["vlm"]["methods"]
SOURCE_METRICS = {
    "embedded": ["results/clevr/study/metrics.json", "results/clevr/study/ask_metrics.json"],
    "clevr": [],
    "hub": ["results/clevr/hub/metrics.json"],
}


rule compute_theory:
    """The numbers that the theory texts quote: NF4's levels, double quantisation, a ROUGE example, memory."""
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
    """NF4's levels, and the attention mask of the model that the study runs."""
    input:
        theory=rules.compute_theory.output.metrics,
        mask="results/evaluate_base/attention_mask.json",
    output:
        nf4_levels="results/figures/theory_nf4_levels.svg",
        attention_mask="results/figures/theory_attention_mask.svg",
    log:
        "logs/plot_theory/plot_theory.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        code=code_digest("scripts/plot_theory.py"),
    shell:
        "python scripts/plot_theory.py --theory {input.theory:q} --mask {input.mask:q} --nf4-levels {output.nf4_levels:q}"
        " --attention-mask {output.attention_mask:q} 2>&1 | tee {log:q}"


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


rule plot_vlm:
    """The loss of every training step, and the scores before and after tuning."""
    input:
        logs=expand("results/train_adapter/{method}/train_log.jsonl", method=METHODS),
        tuned=expand("results/evaluate_adapter/{method}/metrics.json", method=METHODS),
        base="results/evaluate_base/metrics.json",
    output:
        loss="results/figures/vlm_loss.svg",
        kinds="results/figures/vlm_exact_match_by_kind.svg",
        rouge="results/figures/vlm_rouge.svg",
    log:
        "logs/plot_vlm/plot_vlm.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        methods=lookup("vlm/methods", within=config),
        code=code_digest("scripts/plot_vlm.py"),
    shell:
        "python scripts/plot_vlm.py --methods {params.methods} --logs {input.logs:q} --tuned {input.tuned:q} --base {input.base:q}"
        " --loss {output.loss:q} --kinds {output.kinds:q} --rouge {output.rouge:q} 2>&1 | tee {log:q}"


rule tabulate_vlm:
    """The scores, the kinds of question and the training as tables, and the study's main numbers as one summary."""
    input:
        training=expand("results/train_adapter/{method}/metrics.json", method=METHODS),
        tuned=expand("results/evaluate_adapter/{method}/metrics.json", method=METHODS),
        base="results/evaluate_base/metrics.json",
    output:
        summary="results/tables/vlm_summary.json",
        scores="results/tables/vlm_scores.csv",
        kinds="results/tables/vlm_by_kind.csv",
        training_table="results/tables/vlm_training.csv",
    log:
        "logs/tabulate_vlm/tabulate_vlm.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        methods=lookup("vlm/methods", within=config),
        code=code_digest("scripts/tabulate_vlm.py"),
    shell:
        "python scripts/tabulate_vlm.py --methods {params.methods} --training {input.training:q} --tuned {input.tuned:q}"
        " --base {input.base:q} --summary {output.summary:q} --scores {output.scores:q} --kinds {output.kinds:q}"
        " --training-table {output.training_table:q} 2>&1 | tee {log:q}"


rule render_report:
    """All templates and results as one Markdown, and that as one HTML file and a PDF."""
    input:
        templates=sorted(map(str, Path("report_template").rglob("*.*"))),
        metrics=[
            *SOURCE_METRICS[config["data"]["source"]],
            "results/subset_clevr/metrics.json",
            "results/evaluate_base/metrics.json",
            *expand("results/{stage}_adapter/{method}/metrics.json", stage=["train", "evaluate"], method=METHODS),
            *expand("results/couple_flow/{pair}.json", pair=config["flow"]["pairs"]),
            *expand("results/{stage}_flow/{pair}/metrics.json", stage=["train", "evaluate"], pair=config["flow"]["pairs"]),
            rules.compute_theory.output.metrics,
        ],
        examples=rules.plot_clevr.input.examples,
        samples=rules.sample_answers.output,
        figures=[*rules.plot_clevr.output, *rules.plot_vlm.output, *rules.plot_flow.output, *rules.plot_theory.output],
        tables=[*rules.tabulate_vlm.output, *rules.tabulate_flow.output],
    output:
        markdown="results/report/report.md",
        html="results/report/report.html",
        pdf="results/report/report.pdf",
    log:
        "logs/render_report/render_report.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        settings=json.dumps(config, sort_keys=True),
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
            *rules.sample_answers.output,
            *rules.render_report.input.figures,
            *rules.render_report.input.tables,
            "results/evaluate_base/predictions.jsonl",
            "results/evaluate_base/attention_mask.json",
            *expand("results/evaluate_adapter/{method}/predictions.jsonl", method=METHODS),
            *expand(
                "results/train_adapter/{method}/{file}",
                method=METHODS,
                file=["adapter_model.safetensors", "adapter_config.json", "train_log.jsonl"],
            ),
        ],
        code=submission.code_files(Path(".")),
    output:
        archive="results/report/"
        + submission.archive_name(config["report"]["homework"], config["report"]["last_name"], config["report"]["student_number"]),
    log:
        "logs/pack_submission/pack_submission.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        homework=lookup("report/homework", within=config),
        last_name=lookup("report/last_name", within=config),
        student_number=lookup("report/student_number", within=config),
        folder=subpath(output.archive, parent=True),
        code=code_digest("scripts/pack_submission.py"),
    shell:
        "python scripts/pack_submission.py --files {input.report:q} {input.results:q} --results results --project ."
        " --homework {params.homework} --last-name {params.last_name:q} --student-number {params.student_number:q}"
        " --folder {params.folder:q} 2>&1 | tee {log:q}"
