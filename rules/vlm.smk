"""The vision-language half: measure the base, train adapters, measure them on the same questions, show samples; and how the base is made."""

METHODS = config["vlm"]["methods"]
BASE = config["vlm"]["base"]
BASE_FILES = sorted(map(str, Path(BASE).glob("*"))) if Path(BASE).is_dir() else []  # a name on the model hub has none here


rule evaluate_base:
    """Measure the base's answers to the test questions before any training."""
    input:
        train="results/subset_clevr/train.parquet",
        test="results/subset_clevr/test.parquet",
        base=BASE_FILES,
    output:
        predictions="results/evaluate_base/predictions.jsonl",
        metrics="results/evaluate_base/metrics.json",
        attention_mask="results/evaluate_base/attention_mask.json",
    log:
        "logs/evaluate_base/base.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    params:
        base=lambda wildcards: BASE,
        bootstrap_resamples=lookup("vlm/bootstrap_resamples", within=config),
        seed=lookup("seed", within=config),
        code=code_digest("scripts/evaluate_base.py"),
    shell:
        "python scripts/evaluate_base.py --train {input.train} --test {input.test} --base {params.base:q}"
        " --bootstrap-resamples {params.bootstrap_resamples} --seed {params.seed} --threads {threads} --output results/evaluate_base"
        " 2>&1 | tee {log}"


rule train_adapter:
    """Fine-tune an adapter on the training questions, keeping the loss of every step."""
    input:
        train="results/subset_clevr/train.parquet",
        base=BASE_FILES,
    output:
        adapter="results/train_adapter/{method}/adapter_model.safetensors",
        settings="results/train_adapter/{method}/adapter_config.json",
        train_log="results/train_adapter/{method}/train_log.jsonl",
        metrics="results/train_adapter/{method}/metrics.json",
    log:
        "logs/train_adapter/{method}.log",
    priority: 1  # on the longest way to the report
    conda:
        "../envs/ml.yaml"
    threads: 1
    params:
        base=lambda wildcards: BASE,
        rank=lookup("vlm/rank", within=config),
        alpha=lookup("vlm/alpha", within=config),
        learning_rate=lookup("vlm/learning_rate", within=config),
        weight_decay=lookup("vlm/weight_decay", within=config),
        batch_size=lookup("vlm/batch_size", within=config),
        epochs=lookup("vlm/epochs", within=config),
        warmup_share=lookup("vlm/warmup_share", within=config),
        seed=lookup("seed", within=config),
        code=code_digest("scripts/train_adapter.py"),
    shell:
        "python scripts/train_adapter.py --train {input.train} --base {params.base:q} --method {wildcards.method} --rank {params.rank}"
        " --alpha {params.alpha} --learning-rate {params.learning_rate} --weight-decay {params.weight_decay}"
        " --batch-size {params.batch_size} --epochs {params.epochs} --warmup-share {params.warmup_share} --seed {params.seed}"
        " --threads {threads} --output results/train_adapter/{wildcards.method} 2>&1 | tee {log}"


rule evaluate_adapter:
    """Measure the fine-tuned model's answers to the same test questions."""
    input:
        train="results/subset_clevr/train.parquet",
        test="results/subset_clevr/test.parquet",
        base=BASE_FILES,
        adapter="results/train_adapter/{method}/adapter_model.safetensors",
        settings="results/train_adapter/{method}/adapter_config.json",
    output:
        predictions="results/evaluate_adapter/{method}/predictions.jsonl",
        metrics="results/evaluate_adapter/{method}/metrics.json",
    log:
        "logs/evaluate_adapter/{method}.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    params:
        base=lambda wildcards: BASE,
        bootstrap_resamples=lookup("vlm/bootstrap_resamples", within=config),
        seed=lookup("seed", within=config),
        code=code_digest("scripts/evaluate_adapter.py"),
    shell:
        "python scripts/evaluate_adapter.py --train {input.train} --test {input.test} --base {params.base:q} --method {wildcards.method}"
        " --adapter results/train_adapter/{wildcards.method} --bootstrap-resamples {params.bootstrap_resamples} --seed {params.seed}"
        " --threads {threads} --output results/evaluate_adapter/{wildcards.method} 2>&1 | tee {log}"


rule sample_answers:
    """Draw random test questions for the report, with the answers before and after."""
    input:
        test="results/subset_clevr/test.parquet",
        before="results/evaluate_base/predictions.jsonl",
        after="results/evaluate_adapter/qlora/predictions.jsonl",
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
        train_log="results/pretrain_base/train_log.jsonl",
        metrics="results/pretrain_base/metrics.json",
    log:
        "logs/pretrain_base/base.log",
    conda:
        "../envs/ml.yaml"
    threads: 1
    params:
        vision_steps=lookup("vlm/pretraining/vision_steps", within=config),
        joint_steps=lookup("vlm/pretraining/joint_steps", within=config),
        seed=lookup("vlm/pretraining/seed", within=config),
        code=code_digest("scripts/pretrain_base.py"),
    shell:
        "python scripts/pretrain_base.py --scenes results/clevr/pretraining --vision-steps {params.vision_steps}"
        " --joint-steps {params.joint_steps} --seed {params.seed} --threads {threads} --output results/pretrain_base 2>&1 | tee {log}"
