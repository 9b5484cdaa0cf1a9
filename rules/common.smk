"""What all rules share: the checked config, and the digest that ties a result to the code behind it."""

import sys

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from paliflow import provenance, settings
from paliflow.errors import InputError
from paliflow.seeds import derive_seed

try:
    settings.check_settings(config, Path(workflow.basedir) / "config.schema.yaml")
except InputError as error:
    sys.exit(f"error: {error}")


def code_digest(script):
    """The digest of a script and of every library module that it reaches: an edit there, and there alone, reruns the rule."""
    return provenance.code_digest(Path(workflow.basedir) / script)


DIGITS = "gaussian_to_digits"


def flow_setting(name):
    """A setting of the training of {pair}: the digits' own where they have one, else that of all pairs."""
    flow = config["flow"]
    return lambda wildcards: flow["digits"].get(name, flow[name]) if wildcards.pair == DIGITS else flow[name]
