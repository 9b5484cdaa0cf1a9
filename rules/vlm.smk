"""The vision-language half: measure the base, train adapters, measure them on the same questions, show samples; and how the base is made."""

import math

from paliflow import runs

RUNS = runs.study_runs(config["vlm"])
COMPARED = runs.comparison_runs(config["vlm"])
BASE = config["vlm"]["base"]
# what a model is made of: its card, its log and its curve are for people; a name on the model hub has no files here
BASE_FILES = (
    sorted(str(path) for kind in ("*.json", "*.safetensors", "*.parquet") for path in Path(BASE).glob(kind)) if Path(BASE).is_dir() else []
)
# QLoRA's runs of all ranks, beside the study's own
ANALYSED = [name for name, run in RUNS.items() if run.method == "qlora" and run.consistency == 0]
RANDOM_WEIGHTS = "--random-weights" if config["vlm"]["random_weights"] else ""
FEATURES = "results/encode_images/{side}.safetensors"


wildcard_constraints:
    run="|".join(RUNS),


rule encode_images:
    """Show every picture to the frozen vision tower once, for training and all evaluations."""
    input:
        train="results/subset_clevr/train.parquet",
        test="results/subset_clevr/test.parquet",
        base=BASE_FILES,
    output:
        features=expand(FEATURES, side=["train", "test", "own"]),
        own_tasks="results/encode_images/own_tasks.jsonl",
        metrics="results/encode_images/metrics.json",
    log:
        "logs/encode_images/images.log",
    priority: 2  # on the longest way to the report
    conda:
        "../envs/ml.yaml"
    threads: 1
    resources:
        gpu=GPU,
    params:
        base=lambda wildcards: BASE,
        random_weights=RANDOM_WEIGHTS,
        compute_type=lookup("vlm/compute_type", within=config),
        seed=lookup("seed", within=config),
        code=code_digest("scripts/encode_images.py"),
    shell:
        "python scripts/encode_images.py --train {input.train} --test {input.test} --base {params.base:q} {params.random_weights}"
        " --compute-type {params.compute_type} --seed {params.seed} --threads {threads} --output results/encode_images 2>&1 | tee {log}"


rule evaluate_base:
    """Measure the base's answers to the test questions, and to its own tasks, before any training."""
    input:
        train="results/subset_clevr/train.parquet",
        test="results/subset_clevr/test.parquet",
        features=expand(FEATURES, side="test"),
        own_features=expand(FEATURES, side="own"),
        own_tasks=rules.encode_images.output.own_tasks,
        base=BASE_FILES,
    output:
        predictions="results/evaluate_base/predictions.jsonl",
        own_answers="results/evaluate_base/own_answers.jsonl",
        metrics="results/evaluate_base/metrics.json",
        attention_mask="results/evaluate_base/attention_mask.json",
    log:
        "logs/evaluate_base/base.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    resources:
        gpu=GPU,
    params:
        base=lambda wildcards: BASE,
        random_weights=RANDOM_WEIGHTS,
        compute_type=lookup("vlm/compute_type", within=config),
        bootstrap_resamples=lookup("vlm/bootstrap_resamples", within=config),
        seed=lookup("seed", within=config),
        code=code_digest("scripts/evaluate_base.py"),
    shell:
        "python scripts/evaluate_base.py --train {input.train} --test {input.test} --features {input.features}"
        " --own-features {input.own_features} --own-tasks {input.own_tasks} --base {params.base:q} {params.random_weights}"
        " --compute-type {params.compute_type} --bootstrap-resamples {params.bootstrap_resamples} --seed {params.seed}"
        " --threads {threads} --output results/evaluate_base 2>&1 | tee {log}"


rule train_adapter:
    """Fine-tune on the training questions, keeping the loss of every step: the study's own run, or one of the comparison's."""
    input:
        train="results/subset_clevr/train.parquet",
        features=expand(FEATURES, side="train"),
        base=BASE_FILES,
    output:
        weights=directory("results/train_adapter/{run}/weights"),
        train_log="results/train_adapter/{run}/train_log.jsonl",
        metrics="results/train_adapter/{run}/metrics.json",
    log:
        "logs/train_adapter/{run}.log",
    priority: lambda wildcards: 2 if wildcards.run == runs.MAIN else 0  # on the longest way to the report
    conda:
        "../envs/ml.yaml"
    threads: 1
    resources:
        gpu=GPU,
    params:
        base=lambda wildcards: BASE,
        random_weights=RANDOM_WEIGHTS,
        compute_type=lookup("vlm/compute_type", within=config),
        method=lambda wildcards: RUNS[wildcards.run].method,
        rank=lambda wildcards: RUNS[wildcards.run].rank,
        # alpha / rank is the same at every rank
        alpha=lambda wildcards: config["vlm"]["alpha"] * RUNS[wildcards.run].rank / config["vlm"]["rank"],
        learning_rate=lambda wildcards: config["vlm"]["full_learning_rate" if RUNS[wildcards.run].method == "full" else "learning_rate"],
        weight_decay=lookup("vlm/weight_decay", within=config),
        batch_size=lookup("vlm/batch_size", within=config),
        accumulation=lookup("vlm/accumulation", within=config),
        checkpointing="--checkpointing" if config["vlm"]["checkpointing"] else "",
        epochs=lambda wildcards: RUNS[wildcards.run].epochs,
        warmup_share=lookup("vlm/warmup_share", within=config),
        questions=lambda wildcards: RUNS[wildcards.run].questions,
        consistency=lambda wildcards: RUNS[wildcards.run].consistency,
        tensorboard="--tensorboard" if config["vlm"]["tensorboard"] else "",
        # the same for every run of that number, so that these differ in nothing but what is compared
        seed=lambda wildcards: derive_seed(config["seed"], "run", RUNS[wildcards.run].seed),
        code=code_digest("scripts/train_adapter.py"),
    shell:
        "python scripts/train_adapter.py --train {input.train} --features {input.features} --base {params.base:q} {params.random_weights}"
        " --compute-type {params.compute_type} --method {params.method} --rank {params.rank} --alpha {params.alpha}"
        " --learning-rate {params.learning_rate} --weight-decay {params.weight_decay} --batch-size {params.batch_size}"
        " --accumulation {params.accumulation} {params.checkpointing} --epochs {params.epochs} --warmup-share {params.warmup_share}"
        " --questions {params.questions} --consistency {params.consistency} {params.tensorboard} --seed {params.seed} --threads {threads}"
        " --output results/train_adapter/{wildcards.run} 2>&1 | tee {log}"


rule evaluate_adapter:
    """Measure the fine-tuned model's answers to the same test questions, and what it kept of the base's own tasks."""
    input:
        train="results/subset_clevr/train.parquet",
        test="results/subset_clevr/test.parquet",
        features=expand(FEATURES, side="test"),
        own_features=expand(FEATURES, side="own"),
        own_tasks=rules.encode_images.output.own_tasks,
        own_base_answers=rules.evaluate_base.output.own_answers,
        base=BASE_FILES,
        weights=rules.train_adapter.output.weights,
    output:
        predictions="results/evaluate_adapter/{run}/predictions.jsonl",
        own_answers="results/evaluate_adapter/{run}/own_answers.jsonl",
        metrics="results/evaluate_adapter/{run}/metrics.json",
    log:
        "logs/evaluate_adapter/{run}.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    resources:
        gpu=GPU,
    params:
        base=lambda wildcards: BASE,
        random_weights=RANDOM_WEIGHTS,
        compute_type=lookup("vlm/compute_type", within=config),
        method=lambda wildcards: RUNS[wildcards.run].method,
        bootstrap_resamples=lookup("vlm/bootstrap_resamples", within=config),
        seed=lookup("seed", within=config),
        code=code_digest("scripts/evaluate_adapter.py"),
    shell:
        "python scripts/evaluate_adapter.py --train {input.train} --test {input.test} --features {input.features}"
        " --own-features {input.own_features} --own-tasks {input.own_tasks} --own-base-answers {input.own_base_answers}"
        " --base {params.base:q} {params.random_weights} --compute-type {params.compute_type} --method {params.method}"
        " --adapter {input.weights} --bootstrap-resamples {params.bootstrap_resamples} --seed {params.seed} --threads {threads}"
        " --output results/evaluate_adapter/{wildcards.run} 2>&1 | tee {log}"


rule compare_runs:
    """Set all runs side by side: against the base and the most frequent answer, and methods, ranks and weights against one another."""
    input:
        test="results/subset_clevr/test.parquet",
        base="results/evaluate_base/predictions.jsonl",
        evaluated=expand("results/evaluate_adapter/{run}/{file}", run=RUNS, file=["metrics.json", "predictions.jsonl"]),
        trained=expand("results/train_adapter/{run}/metrics.json", run=RUNS),
    output:
        metrics="results/compare_runs/metrics.json",
    log:
        "logs/compare_runs/runs.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    params:
        evaluated=expand("results/evaluate_adapter/{run}", run=RUNS),
        trained=expand("results/train_adapter/{run}", run=RUNS),
        bootstrap_resamples=lookup("vlm/bootstrap_resamples", within=config),
        seed=lookup("seed", within=config),
        code=code_digest("scripts/compare_runs.py"),
    shell:
        "python scripts/compare_runs.py --test {input.test} --base-predictions {input.base} --runs {params.evaluated}"
        " --training {params.trained} --bootstrap-resamples {params.bootstrap_resamples} --seed {params.seed}"
        " --output results/compare_runs 2>&1 | tee {log}"


rule measure_memory:
    """What a training step keeps in memory, by method: estimated from the sizes of models, and measured on the base."""
    input:
        train="results/subset_clevr/train.parquet",
        features=expand(FEATURES, side="train"),
        base=BASE_FILES,
    output:
        metrics="results/measure_memory/metrics.json",
    log:
        "logs/measure_memory/memory.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    resources:
        gpu=GPU,
    params:
        base=lambda wildcards: BASE,
        random_weights=RANDOM_WEIGHTS,
        compute_type=lookup("vlm/compute_type", within=config),
        rank=lookup("vlm/rank", within=config),
        alpha=lookup("vlm/alpha", within=config),
        batch_size=math.ceil(config["vlm"]["batch_size"] / config["vlm"]["accumulation"]),  # what a step holds at once
        seed=lookup("seed", within=config),
        code=code_digest("scripts/measure_memory.py"),
    shell:
        "python scripts/measure_memory.py --train {input.train} --features {input.features} --base {params.base:q} {params.random_weights}"
        " --compute-type {params.compute_type} --rank {params.rank} --alpha {params.alpha} --batch-size {params.batch_size}"
        " --seed {params.seed} --threads {threads} --output results/measure_memory 2>&1 | tee {log}"


rule analyse_adapter:
    """Look into the models: the error of 4-bit types on the base's weights, singular values by rank, attention over the pictures."""
    input:
        test="results/subset_clevr/test.parquet",
        features=expand(FEATURES, side="test"),
        base=BASE_FILES,
        weights=expand(rules.train_adapter.output.weights, run=ANALYSED),
    output:
        metrics="results/analyse_adapter/metrics.json",
        attention="results/analyse_adapter/attention.json",
        pictures=directory("results/analyse_adapter/attention"),
    log:
        "logs/analyse_adapter/adapters.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    resources:
        gpu=GPU,
    params:
        base=lambda wildcards: BASE,
        random_weights=RANDOM_WEIGHTS,
        compute_type=lookup("vlm/compute_type", within=config),
        weights=[f"{run}=results/train_adapter/{run}/weights" for run in ANALYSED],
        seed=lookup("seed", within=config),
        code=code_digest("scripts/analyse_adapter.py"),
    shell:
        "python scripts/analyse_adapter.py --base {params.base:q} {params.random_weights} --compute-type {params.compute_type}"
        " --test {input.test} --features {input.features} --weights {params.weights} --seed {params.seed} --threads {threads}"
        " --output results/analyse_adapter 2>&1 | tee {log}"


rule sample_answers:
    """Draw random test questions for the report, with the answers before and after."""
    input:
        test="results/subset_clevr/test.parquet",
        before="results/evaluate_base/predictions.jsonl",
        after=f"results/evaluate_adapter/{runs.MAIN}/predictions.jsonl",
    output:
        samples="results/sample_answers/samples.json",
        images=directory("results/sample_answers/images"),
        metrics="results/sample_answers/metrics.json",
    log:
        "logs/sample_answers/samples.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    params:
        samples=lookup("vlm/samples", within=config),
        seed=lookup("seed", within=config),
        code=code_digest("scripts/sample_answers.py"),
    shell:
        "python scripts/sample_answers.py --test {input.test} --before {input.before} --after {input.after} --samples {params.samples}"
        " --seed {params.seed} --output results/sample_answers 2>&1 | tee {log}"


rule pretrain_base:
    """Make the embedded base anew; not part of the default run, which uses the shipped one."""
    input:
        images="results/clevr/pretraining/images",
        scenes="results/clevr/pretraining/scenes/CLEVR_train_scenes.json",
    output:
        model=directory("results/pretrain_base/model"),
        metrics="results/pretrain_base/metrics.json",
    log:
        "logs/pretrain_base/base.log",
    conda:
        "../envs/ml.yaml"
    threads: 2
    params:
        steps=[f"{stage}={steps}" for stage, steps in config["vlm"]["pretraining"]["steps"].items()],
        seed=lookup("vlm/pretraining/seed", within=config),
        code=code_digest("scripts/pretrain_base.py"),
    shell:
        "python scripts/pretrain_base.py --scenes results/clevr/pretraining --steps {params.steps}"
        " --seed {params.seed} --threads {threads} --output results/pretrain_base 2>&1 | tee {log}"
