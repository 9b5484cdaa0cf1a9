"""The data: rendered here or read from a folder in the layout of the CLEVR v1.0 release, then a share of it divided by image."""

RELEASE = "results/clevr/study" if config["data"]["source"] == "embedded" else config["data"]["clevr"]["folder"]
SPLIT = "train" if config["data"]["source"] == "embedded" else config["data"]["clevr"]["split"]
COLLECTIONS = {
    "study": {"images": lookup("data/embedded/images", within=config), "seed": derive_seed(config["seed"], "study")},
    "pretraining": lookup("vlm/pretraining", within=config),
}


rule render_clevr:
    """Render a collection of scenes: the study's own, or those that the embedded base is pretrained on."""
    output:
        images=directory("results/clevr/{collection}/images"),
        scenes="results/clevr/{collection}/scenes/CLEVR_train_scenes.json",
        metrics="results/clevr/{collection}/metrics.json",
    log:
        "logs/render_clevr/{collection}.log",
    priority: 1  # on the longest way to the report
    conda:
        "../envs/clevr.yaml"
    threads: workflow.cores
    params:
        images=lambda wildcards: COLLECTIONS[wildcards.collection]["images"],
        image_size=lookup("data/embedded/image_size", within=config),
        min_objects=lookup("data/embedded/min_objects", within=config),
        max_objects=lookup("data/embedded/max_objects", within=config),
        seed=lambda wildcards: COLLECTIONS[wildcards.collection]["seed"],
        code=code_digest("scripts/render_clevr.py"),
    shell:
        "python scripts/render_clevr.py --images {params.images} --image-size {params.image_size} --min-objects {params.min_objects}"
        " --max-objects {params.max_objects} --seed {params.seed} --processes {threads} --output results/clevr/{wildcards.collection}"
        " 2>&1 | tee {log}"


rule ask_clevr:
    """Ask questions about the rendered scenes, each with its program and the answer that this gives."""
    input:
        scenes="results/clevr/study/scenes/CLEVR_train_scenes.json",
    output:
        questions="results/clevr/study/questions/CLEVR_train_questions.json",
    log:
        "logs/ask_clevr/study.log",
    priority: 1  # on the longest way to the report
    conda:
        "../envs/clevr.yaml"
    threads: 1
    params:
        questions_per_image=lookup("data/embedded/questions_per_image", within=config),
        seed=lookup("seed", within=config),
        code=code_digest("scripts/ask_clevr.py"),
    shell:
        "python scripts/ask_clevr.py --scenes {input.scenes} --questions-per-image {params.questions_per_image} --seed {params.seed}"
        " --output {output.questions} 2>&1 | tee {log}"


rule subset_clevr:
    """Take a share of the images and divide it into training and test questions; no image is on both sides."""
    input:
        questions=f"{RELEASE}/questions/CLEVR_{SPLIT}_questions.json",
        scenes=f"{RELEASE}/scenes/CLEVR_{SPLIT}_scenes.json",
        images="results/clevr/study/images" if config["data"]["source"] == "embedded" else [],
    output:
        train="results/subset_clevr/train.parquet",
        test="results/subset_clevr/test.parquet",
        metrics="results/subset_clevr/metrics.json",
    log:
        "logs/subset_clevr/subset.log",
    priority: 1  # on the longest way to the report
    conda:
        "../envs/clevr.yaml"
    threads: 1
    params:
        source=lookup("data/source", within=config),
        images=f"{RELEASE}/images/{SPLIT}",
        share=lookup(f"data/{config['data']['source']}/share", within=config),
        test_share=lookup("data/test_share", within=config),
        seed=lookup("seed", within=config),
        code=code_digest("scripts/subset_clevr.py"),
    shell:
        "python scripts/subset_clevr.py --questions {input.questions:q} --scenes {input.scenes:q} --images {params.images:q}"
        " --source {params.source} --share {params.share} --test-share {params.test_share} --seed {params.seed}"
        " --output results/subset_clevr 2>&1 | tee {log}"
