"""What all rules share: the checked config, the digest that ties a result to the code behind it, and the rules' own record."""

import json
import sys

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from paliflow import provenance, settings
from paliflow.errors import InputError
from paliflow.report import rule_graph
from paliflow.seeds import derive_seed

try:
    settings.check_settings(config, Path(workflow.basedir) / "config.schema.yaml")
except InputError as error:
    sys.exit(f"error: {error}")


def code_digest(script):
    """The digest of a script and of every library module that it reaches: an edit there, and there alone, reruns the rule."""
    return provenance.code_digest(Path(workflow.basedir) / script)


# where there is a GPU the jobs that hold a model take turns at it: profiles/default/config.yaml lets one of them run at a time
GPU = int(provenance.has_gpu())


def describe_rules(wildcards):
    """The rules that lead to the archive, as JSON: what each is called, where it stands, after which others, and what it writes."""
    known = [
        {"name": rule.name, "part": Path(rule.snakefile).stem, "reads": list(map(str, rule.input)), "writes": list(map(str, rule.output))}
        for rule in workflow.rules
        if rule.output
    ]
    return json.dumps(rule_graph.connect(known, last="pack_submission"))


DIGITS = "gaussian_to_digits"


def flow_setting(name):
    """A setting of the training of {pair}: the digits' own where they have one, else that of all pairs."""
    flow = config["flow"]
    return lambda wildcards: flow["digits"].get(name, flow[name]) if wildcards.pair == DIGITS else flow[name]
