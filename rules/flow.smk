"""Flow matching: couple the batches, train the fields, measure them, draw and tabulate what was found."""


rule couple_flow:
    """Solve the exact optimal transport of every training batch, once for all models of a pair."""
    output:
        couplings="results/couple_flow/{pair}.npz",
        metrics="results/couple_flow/{pair}.json",
    log:
        "logs/couple_flow/{pair}.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    params:
        seed=lookup("seed", within=config),
        seeds=lookup("flow/seeds", within=config),
        steps=lookup("flow/steps", within=config),
        batch_size=lookup("flow/batch_size", within=config),
        code=code_digest("scripts/couple_flow.py"),
    shell:
        "python scripts/couple_flow.py --pair {wildcards.pair} --seed {params.seed} --seeds {params.seeds} --steps {params.steps}"
        " --batch-size {params.batch_size} --couplings {output.couplings:q} --metrics {output.metrics:q} 2>&1 | tee {log:q}"


rule train_flow:
    """Fit the velocity fields of one pair, all couplings and seeds side by side."""
    input:
        permutations="results/couple_flow/{pair}.npz",
    output:
        model="results/train_flow/{pair}/model.safetensors",
        log="results/train_flow/{pair}/train_log.parquet",
        metrics="results/train_flow/{pair}/metrics.json",
    log:
        "logs/train_flow/{pair}.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    params:
        seed=lookup("seed", within=config),
        couplings=lookup("flow/couplings", within=config),
        seeds=lookup("flow/seeds", within=config),
        steps=lookup("flow/steps", within=config),
        batch_size=lookup("flow/batch_size", within=config),
        learning_rate=lookup("flow/learning_rate", within=config),
        hidden_units=lookup("flow/hidden_units", within=config),
        sigma=lookup("flow/sigma", within=config),
        code=code_digest("scripts/train_flow.py"),
    shell:
        "python scripts/train_flow.py --pair {wildcards.pair} --permutations {input.permutations:q} --couplings {params.couplings}"
        " --seed {params.seed} --seeds {params.seeds} --steps {params.steps} --batch-size {params.batch_size}"
        " --learning-rate {params.learning_rate} --hidden-units {params.hidden_units} --sigma {params.sigma}"
        " --model {output.model:q} --log {output.log:q} --metrics {output.metrics:q} 2>&1 | tee {log:q}"


rule evaluate_flow:
    """Measure the distance of the samples from the target at several numbers of evaluations."""
    input:
        model="results/train_flow/{pair}/model.safetensors",
    output:
        samples="results/evaluate_flow/{pair}/samples.npz",
        metrics="results/evaluate_flow/{pair}/metrics.json",
    log:
        "logs/evaluate_flow/{pair}.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    params:
        seed=lookup("seed", within=config),
        evaluations=lookup("flow/evaluations", within=config),
        sample_points=lookup("flow/sample_points", within=config),
        draws=lookup("flow/draws", within=config),
        tolerance=lookup("flow/tolerance", within=config),
        code=code_digest("scripts/evaluate_flow.py"),
    shell:
        "python scripts/evaluate_flow.py --model {input.model:q} --seed {params.seed} --evaluations {params.evaluations}"
        " --sample-points {params.sample_points} --draws {params.draws} --tolerance {params.tolerance}"
        " --samples {output.samples:q} --metrics {output.metrics:q} 2>&1 | tee {log:q}"


rule plot_flow:
    """Draw the flow experiments: samples, paths, error, loss and couplings of all pairs."""
    input:
        couplings=expand(rules.couple_flow.output.couplings, pair=config["flow"]["pairs"]),
        logs=expand(rules.train_flow.output.log, pair=config["flow"]["pairs"]),
        samples=expand(rules.evaluate_flow.output.samples, pair=config["flow"]["pairs"]),
        metrics=expand(rules.evaluate_flow.output.metrics, pair=config["flow"]["pairs"]),
    output:
        couplings="results/figures/flow_couplings.svg",
        loss="results/figures/flow_loss.svg",
        samples="results/figures/flow_samples.png",
        trajectories="results/figures/flow_trajectories.png",
        error="results/figures/flow_error_by_evaluations.svg",
    log:
        "logs/plot_flow/plot_flow.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        pairs=lookup("flow/pairs", within=config),
        figures=subpath(output.couplings, parent=True),
        code=code_digest("scripts/plot_flow.py"),
    shell:
        "python scripts/plot_flow.py --pairs {params.pairs} --couplings {input.couplings:q} --logs {input.logs:q}"
        " --samples {input.samples:q} --metrics {input.metrics:q} --figures {params.figures:q} 2>&1 | tee {log:q}"


rule tabulate_flow:
    """Set the couplings side by side: distances with each solver, and what they do to loss and paths."""
    input:
        couplings=expand(rules.couple_flow.output.metrics, pair=config["flow"]["pairs"]),
        trainings=expand(rules.train_flow.output.metrics, pair=config["flow"]["pairs"]),
        evaluations=expand(rules.evaluate_flow.output.metrics, pair=config["flow"]["pairs"]),
    output:
        scores="results/tables/flow_scores.csv",
        paths="results/tables/flow_paths.csv",
    log:
        "logs/tabulate_flow/tabulate_flow.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        pairs=lookup("flow/pairs", within=config),
        code=code_digest("scripts/tabulate_flow.py"),
    shell:
        "python scripts/tabulate_flow.py --pairs {params.pairs} --couplings {input.couplings:q} --trainings {input.trainings:q}"
        " --evaluations {input.evaluations:q} --scores {output.scores:q} --paths {output.paths:q} 2>&1 | tee {log:q}"
