"""The data: rendered here, read from the CLEVR v1.0 release or streamed from the hub, then a share of it divided by image."""

SOURCE = config["data"]["source"]
RELEASE = {"embedded": "results/clevr/study", "clevr": config["data"]["clevr"]["path"], "hub": "results/clevr/hub"}[SOURCE]
SPLIT = config["data"]["clevr"]["split"] if SOURCE == "clevr" else "train"
COMPOSITIONAL = config["data"]["compositional"]
EMBEDDED = config["data"]["embedded"]
COLLECTIONS = {
    "study": {
        **EMBEDDED,
        "cogent_b": max(1, round(EMBEDDED["images"] * config["data"]["test_share"])) if COMPOSITIONAL else 0,
        "seed": derive_seed(config["seed"], "study"),
    },
    # whatever the study looks at, the base is made from these: they go with its 96-pixel input
    "pretraining": {
        "look": "close",
        "images": config["vlm"]["pretraining"]["images"],
        "image_height": 96,
        "min_objects": 3,
        "max_objects": 6,
        "cogent_b": 0,
        "seed": config["vlm"]["pretraining"]["seed"],
    },
}


# what subset_clevr depends on: of a zip the whole, of a folder its JSON files, of one made here the pictures too
RELEASE_FILES = (
    [RELEASE]
    if Path(RELEASE).is_file()
    else [
        f"{RELEASE}/questions/CLEVR_{SPLIT}_questions.json",
        *([f"{RELEASE}/scenes/CLEVR_{SPLIT}_scenes.json"] if SOURCE != "hub" else []),
        *([f"{RELEASE}/images"] if SOURCE != "clevr" else []),
    ]
)


rule render_clevr:
    """Render a collection of scenes: the study's own, or those that the embedded base is pretrained on."""
    output:
        images=directory("results/clevr/{collection}/images"),
        scenes="results/clevr/{collection}/scenes/CLEVR_train_scenes.json",
        metrics="results/clevr/{collection}/metrics.json",
    log:
        "logs/render_clevr/{collection}.log",
    wildcard_constraints:
        collection="|".join(COLLECTIONS),
    priority: 1  # on the longest way to the report
    conda:
        "../envs/clevr.yaml"
    threads: workflow.cores
    params:
        look=lookup("{collection}/look", within=COLLECTIONS),
        images=lookup("{collection}/images", within=COLLECTIONS),
        cogent_b=lookup("{collection}/cogent_b", within=COLLECTIONS),
        image_height=lookup("{collection}/image_height", within=COLLECTIONS),
        min_objects=lookup("{collection}/min_objects", within=COLLECTIONS),
        max_objects=lookup("{collection}/max_objects", within=COLLECTIONS),
        seed=lookup("{collection}/seed", within=COLLECTIONS),
        code=code_digest("scripts/render_clevr.py"),
    shell:
        "python scripts/render_clevr.py --images {params.images} --cogent-b {params.cogent_b} --look {params.look}"
        " --image-height {params.image_height} --min-objects {params.min_objects} --max-objects {params.max_objects}"
        " --seed {params.seed} --processes {threads} --output results/clevr/{wildcards.collection} 2>&1 | tee {log}"


rule ask_clevr:
    """Ask questions about the rendered scenes, each with its program and the answer that this gives."""
    input:
        scenes="results/clevr/study/scenes/CLEVR_train_scenes.json",
    output:
        questions="results/clevr/study/questions/CLEVR_train_questions.json",
        metrics="results/clevr/study/ask_metrics.json",
    log:
        "logs/ask_clevr/study.log",
    priority: 1  # on the longest way to the report
    conda:
        "../envs/clevr.yaml"
    threads: workflow.cores
    params:
        questions_per_image=lookup("data/embedded/questions_per_image", within=config),
        seed=lookup("seed", within=config),
        code=code_digest("scripts/ask_clevr.py"),
    shell:
        "python scripts/ask_clevr.py --scenes {input.scenes} --questions-per-image {params.questions_per_image} --seed {params.seed}"
        " --processes {threads} --output {output.questions} --metrics {output.metrics} 2>&1 | tee {log}"


rule fetch_clevr:
    """Stream real pictures and questions from the hub, or from a copy of its files, into a folder in the release's layout."""
    input:
        sorted(map(str, Path(config["data"]["hub"]["dataset"]).rglob("*.parquet"))),  # none where it is a name on the hub
    output:
        images=directory("results/clevr/hub/images"),
        questions="results/clevr/hub/questions/CLEVR_train_questions.json",
        metrics="results/clevr/hub/metrics.json",
    log:
        "logs/fetch_clevr/hub.log",
    priority: 1  # on the longest way to the report
    conda:
        "../envs/clevr.yaml"
    threads: 1
    params:
        dataset=lookup("data/hub/dataset", within=config),
        configuration=lookup("data/hub/configuration", within=config),
        revision=lookup("data/hub/revision", within=config),
        images=lookup("data/hub/images", within=config),
        code=code_digest("scripts/fetch_clevr.py"),
    shell:
        "python scripts/fetch_clevr.py --dataset {params.dataset:q} --configuration {params.configuration:q}"
        " --revision {params.revision} --images {params.images} --output results/clevr/hub 2>&1 | tee {log}"


rule subset_clevr:
    """Take a share of the images and divide it into training and test questions; no image is on both sides."""
    input:
        RELEASE_FILES,
    output:
        train="results/subset_clevr/train.parquet",
        test="results/subset_clevr/test.parquet",
        metrics="results/subset_clevr/metrics.json",
        examples="results/subset_clevr/examples.json",
        pictures=directory("results/subset_clevr/examples"),
    log:
        "logs/subset_clevr/subset.log",
    priority: 1  # on the longest way to the report
    conda:
        "../envs/clevr.yaml"
    threads: 1
    params:
        release=lambda wildcards: RELEASE,
        split=SPLIT,
        source=SOURCE,
        share=config["data"][SOURCE].get("share", 1.0),  # of the hub's pictures no more are fetched than are used
        test_share=lookup("data/test_share", within=config),
        compositional="--compositional" if COMPOSITIONAL else "",
        seed=lookup("seed", within=config),
        code=code_digest("scripts/subset_clevr.py"),
    shell:
        "python scripts/subset_clevr.py --release {params.release:q} --split {params.split} --source {params.source}"
        " --share {params.share} --test-share {params.test_share} {params.compositional} --seed {params.seed}"
        " --output results/subset_clevr 2>&1 | tee {log}"
