"""Flow matching: couple the batches, train fields and diffusions, measure them, study the transport, draw and tabulate what was found."""

FLOW = config["flow"]
DIFFUSED = [pair for pair in FLOW["pairs"] if pair.startswith("gaussian_")]  # diffusion begins at a normal
PAPER_PAIRS = ["gaussian_to_8gaussians", "wide_moons_to_wide_8gaussians"]  # of Tong et al. 2023, Table 2


rule couple_flow:
    """Pair the points of every training batch by transport, once for all models of a pair."""
    output:
        indices="results/couple_flow/{pair}.npz",
        metrics="results/couple_flow/{pair}.json",
    log:
        "logs/couple_flow/{pair}.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    params:
        seed=lookup("seed", within=config),
        couplings=lookup("flow/couplings", within=config),
        seeds=flow_setting("seeds"),
        steps=flow_setting("steps"),
        batch_size=lookup("flow/batch_size", within=config),
        code=code_digest("scripts/couple_flow.py"),
    shell:
        "python scripts/couple_flow.py --pair {wildcards.pair} --couplings {params.couplings} --seed {params.seed} --seeds {params.seeds}"
        " --steps {params.steps} --batch-size {params.batch_size} --indices {output.indices:q} --metrics {output.metrics:q} 2>&1 | tee {log:q}"


rule train_flow:
    """Fit the velocity fields of one pair, all couplings and seeds side by side."""
    input:
        indices="results/couple_flow/{pair}.npz",
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
        seeds=flow_setting("seeds"),
        steps=flow_setting("steps"),
        batch_size=lookup("flow/batch_size", within=config),
        learning_rate=flow_setting("learning_rate"),
        hidden_units=flow_setting("hidden_units"),
        sigma=lookup("flow/sigma", within=config),
        code=code_digest("scripts/train_flow.py"),
    shell:
        "python scripts/train_flow.py --pair {wildcards.pair} --indices {input.indices:q} --couplings {params.couplings}"
        " --seed {params.seed} --seeds {params.seeds} --steps {params.steps} --batch-size {params.batch_size}"
        " --learning-rate {params.learning_rate} --hidden-units {params.hidden_units} --sigma {params.sigma}"
        " --model {output.model:q} --log {output.log:q} --metrics {output.metrics:q} 2>&1 | tee {log:q}"


rule evaluate_flow:
    """Measure the fields of a pair in the plane: distances by evaluations, paths, energies, likelihoods."""
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
        large_points=lookup("flow/large_points", within=config),
        energy_points=lookup("flow/energy_points", within=config),
        likelihood_points=lookup("flow/likelihood_points", within=config),
        tolerance=lookup("flow/tolerance", within=config),
        code=code_digest("scripts/evaluate_flow.py"),
    shell:
        "python scripts/evaluate_flow.py --model {input.model:q} --seed {params.seed} --evaluations {params.evaluations}"
        " --sample-points {params.sample_points} --draws {params.draws} --large-points {params.large_points}"
        " --energy-points {params.energy_points} --likelihood-points {params.likelihood_points} --tolerance {params.tolerance}"
        " --samples {output.samples:q} --metrics {output.metrics:q} 2>&1 | tee {log:q}"


rule train_diffusion:
    """Fit the diffusion models of one pair, all seeds side by side, on the flow's weights, points and times."""
    output:
        model="results/train_diffusion/{pair}/model.safetensors",
        log="results/train_diffusion/{pair}/train_log.parquet",
        metrics="results/train_diffusion/{pair}/metrics.json",
    log:
        "logs/train_diffusion/{pair}.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    params:
        seed=lookup("seed", within=config),
        seeds=flow_setting("seeds"),
        steps=flow_setting("steps"),
        batch_size=lookup("flow/batch_size", within=config),
        learning_rate=flow_setting("learning_rate"),
        hidden_units=flow_setting("hidden_units"),
        code=code_digest("scripts/train_diffusion.py"),
    shell:
        "python scripts/train_diffusion.py --pair {wildcards.pair} --seed {params.seed} --seeds {params.seeds} --steps {params.steps}"
        " --batch-size {params.batch_size} --learning-rate {params.learning_rate} --hidden-units {params.hidden_units}"
        " --model {output.model:q} --log {output.log:q} --metrics {output.metrics:q} 2>&1 | tee {log:q}"


rule evaluate_diffusion:
    """Measure the diffusion models of a pair in the plane on the flow's points: DDPM, DDIM and the probability flow."""
    input:
        model="results/train_diffusion/{pair}/model.safetensors",
    output:
        samples="results/evaluate_diffusion/{pair}/samples.npz",
        metrics="results/evaluate_diffusion/{pair}/metrics.json",
    log:
        "logs/evaluate_diffusion/{pair}.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    params:
        seed=lookup("seed", within=config),
        evaluations=lookup("flow/evaluations", within=config),
        sample_points=lookup("flow/sample_points", within=config),
        draws=lookup("flow/draws", within=config),
        large_points=lookup("flow/large_points", within=config),
        likelihood_points=lookup("flow/likelihood_points", within=config),
        tolerance=lookup("flow/tolerance", within=config),
        code=code_digest("scripts/evaluate_diffusion.py"),
    shell:
        "python scripts/evaluate_diffusion.py --model {input.model:q} --seed {params.seed} --evaluations {params.evaluations}"
        " --sample-points {params.sample_points} --draws {params.draws} --large-points {params.large_points}"
        " --likelihood-points {params.likelihood_points} --tolerance {params.tolerance}"
        " --samples {output.samples:q} --metrics {output.metrics:q} 2>&1 | tee {log:q}"


rule evaluate_digits:
    """Measure the flows and diffusions that draw digits: features' distance, copies of training images."""
    input:
        models=expand("results/{stage}/{pair}/model.safetensors", stage=["train_flow", "train_diffusion"], pair=DIGITS),
    output:
        samples="results/evaluate_digits/samples.npz",
        metrics="results/evaluate_digits/metrics.json",
    log:
        "logs/evaluate_digits/evaluate_digits.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    params:
        seed=lookup("seed", within=config),
        evaluations=lookup("flow/evaluations", within=config),
        sample_points=lookup("flow/digits/sample_points", within=config),
        tolerance=lookup("flow/tolerance", within=config),
        code=code_digest("scripts/evaluate_digits.py"),
    shell:
        "python scripts/evaluate_digits.py --models {input.models:q} --seed {params.seed} --evaluations {params.evaluations}"
        " --sample-points {params.sample_points} --tolerance {params.tolerance}"
        " --samples {output.samples:q} --metrics {output.metrics:q} 2>&1 | tee {log:q}"


rule compare_transport:
    """What the batch of the transport, the kind of coupling and the conditional path do to cost, straightness and few-step samples."""
    output:
        metrics="results/compare_transport/metrics.json",
    log:
        "logs/compare_transport/compare_transport.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    params:
        seed=lookup("seed", within=config),
        pair=lookup("flow/transport/pair", within=config),
        batch_sizes=lookup("flow/transport/batch_sizes", within=config),
        seeds=lookup("flow/transport/seeds", within=config),
        steps=lookup("flow/transport/steps", within=config),
        learning_rate=lookup("flow/transport/learning_rate", within=config),
        sigma=lookup("flow/transport/sigma", within=config),
        batch_size=lookup("flow/batch_size", within=config),
        hidden_units=lookup("flow/hidden_units", within=config),
        sample_points=lookup("flow/sample_points", within=config),
        energy_points=lookup("flow/energy_points", within=config),
        tolerance=lookup("flow/tolerance", within=config),
        code=code_digest("scripts/compare_transport.py"),
    shell:
        "python scripts/compare_transport.py --pair {params.pair} --seed {params.seed} --seeds {params.seeds} --steps {params.steps}"
        " --batch-sizes {params.batch_sizes} --batch-size {params.batch_size} --learning-rate {params.learning_rate}"
        " --hidden-units {params.hidden_units} --sigma {params.sigma} --sample-points {params.sample_points}"
        " --energy-points {params.energy_points} --tolerance {params.tolerance} --metrics {output.metrics:q} 2>&1 | tee {log:q}"


rule reproduce_tong:
    """The normalised path energy of one pair at the setting of Tong et al., to stand beside their Table 2."""
    output:
        metrics="results/reproduce_tong/{pair}/metrics.json",
    log:
        "logs/reproduce_tong/{pair}.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    params:
        seed=lookup("seed", within=config),
        seeds=lookup("flow/paper/seeds", within=config),
        steps=lookup("flow/paper/steps", within=config),
        energy_points=lookup("flow/energy_points", within=config),
        tolerance=lookup("flow/tolerance", within=config),
        code=code_digest("scripts/reproduce_tong.py"),
    shell:
        "python scripts/reproduce_tong.py --pair {wildcards.pair} --seed {params.seed} --seeds {params.seeds} --steps {params.steps}"
        " --energy-points {params.energy_points}"
        " --tolerance {params.tolerance} --metrics {output.metrics:q} 2>&1 | tee {log:q}"


rule plot_flow:
    """Draw the flow experiments: samples, paths, fields, error, loss and couplings of all pairs, diffusion, digits, the transport's batch."""
    input:
        couplings=expand(rules.couple_flow.output.indices, pair=FLOW["pairs"]),
        logs=expand(rules.train_flow.output.log, pair=FLOW["pairs"]),
        samples=expand(rules.evaluate_flow.output.samples, pair=FLOW["pairs"]),
        metrics=expand(rules.evaluate_flow.output.metrics, pair=FLOW["pairs"]),
        diffusions=expand(rules.evaluate_diffusion.output.metrics, pair=DIFFUSED),
        digits=rules.evaluate_digits.output.metrics,
        digit_samples=rules.evaluate_digits.output.samples,
        transport=rules.compare_transport.output.metrics,
    output:
        couplings="results/figures/flow_couplings.svg",
        loss="results/figures/flow_loss.svg",
        samples="results/figures/flow_samples.png",
        trajectories="results/figures/flow_trajectories.png",
        velocity="results/figures/flow_velocity.svg",
        error="results/figures/flow_error_by_evaluations.svg",
        straightness="results/figures/flow_straightness.svg",
        modes="results/figures/flow_modes.svg",
        diffusion="results/figures/flow_diffusion.svg",
        transport="results/figures/flow_transport_batch.svg",
        digits="results/figures/flow_digits.png",
        digit_error="results/figures/flow_digits_error.svg",
        particles="results/figures/flow_particles.png",
        animation="results/figures/flow_particles.gif",
    log:
        "logs/plot_flow/plot_flow.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        pairs=lookup("flow/pairs", within=config),
        diffused=DIFFUSED,
        figures=subpath(output.couplings, parent=True),
        code=code_digest("scripts/plot_flow.py"),
    shell:
        "python scripts/plot_flow.py --pairs {params.pairs} --couplings {input.couplings:q} --logs {input.logs:q}"
        " --samples {input.samples:q} --metrics {input.metrics:q} --diffused {params.diffused} --diffusions {input.diffusions:q}"
        " --digits {input.digits:q} --digit-samples {input.digit_samples:q} --transport {input.transport:q}"
        " --figures {params.figures:q} 2>&1 | tee {log:q}"


rule tabulate_flow:
    """Couplings, diffusion, digits, the transport's settings and the paper's energies side by side."""
    input:
        couplings=expand(rules.couple_flow.output.metrics, pair=FLOW["pairs"]),
        trainings=expand(rules.train_flow.output.metrics, pair=FLOW["pairs"]),
        evaluations=expand(rules.evaluate_flow.output.metrics, pair=FLOW["pairs"]),
        diffusions=expand(rules.evaluate_diffusion.output.metrics, pair=DIFFUSED),
        digits=rules.evaluate_digits.output.metrics,
        transport=rules.compare_transport.output.metrics,
        paper=expand(rules.reproduce_tong.output.metrics, pair=PAPER_PAIRS),
    output:
        scores="results/tables/flow_scores.csv",
        paths="results/tables/flow_paths.csv",
        measures="results/tables/flow_measures.csv",
        diffusion="results/tables/flow_diffusion.csv",
        digits="results/tables/flow_digits.csv",
        transport="results/tables/flow_transport.csv",
        paper="results/tables/flow_paper.csv",
    log:
        "logs/tabulate_flow/tabulate_flow.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    params:
        pairs=lookup("flow/pairs", within=config),
        diffused=DIFFUSED,
        paper_pairs=PAPER_PAIRS,
        tables=subpath(output.scores, parent=True),
        code=code_digest("scripts/tabulate_flow.py"),
    shell:
        "python scripts/tabulate_flow.py --pairs {params.pairs} --couplings {input.couplings:q} --trainings {input.trainings:q}"
        " --evaluations {input.evaluations:q} --diffused {params.diffused} --diffusions {input.diffusions:q}"
        " --digits {input.digits:q} --transport {input.transport:q} --paper-pairs {params.paper_pairs} --paper {input.paper:q}"
        " --tables {params.tables:q} 2>&1 | tee {log:q}"
