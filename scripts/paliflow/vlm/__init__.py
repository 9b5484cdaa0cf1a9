"""The vision-language half of the study."""

import logging
import warnings

# said by libraries to one another at every start; neither is an error, nor anything that a user could mend
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated")
