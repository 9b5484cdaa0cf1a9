"""The front door: one command turns this clone into a finished, checkable study (see README.md)."""

from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml"


include: "rules/common.smk"
include: "rules/clevr.smk"
include: "rules/vlm.smk"
include: "rules/flow.smk"
include: "rules/report.smk"


rule all:
    """The report in HTML and PDF, and the archive to hand in."""
    default_target: True
    input:
        rules.render_report.output,
        rules.pack_submission.output,


rule data:
    """The training and test questions with their images."""
    input:
        rules.subset_clevr.output,


rule vlm:
    """The vision-language half of the study: base and adapters evaluated."""
    input:
        rules.evaluate_base.output,
        rules.compare_runs.output,
        rules.sample_answers.output,
        rules.measure_memory.output,
        rules.analyse_adapter.output,


rule flow:
    """The flow-matching half of the study."""
    input:
        rules.tabulate_flow.input,


rule report:
    """The report alone, without the archive."""
    input:
        rules.render_report.output,


rule submission:
    """The archive to hand in."""
    input:
        rules.pack_submission.output,
