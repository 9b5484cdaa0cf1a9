"""The vision-language half of the study. In reading order:

Loading a base: `hub` (a name's commit, and what the hub's refusals mean), `published` (the shapes of the real ones), `random_weights`,
`model` (plain or in 4 bits, by device), `fit` (whether processor and model belong together).

What is read: `data` (questions and pictures), `features` (each picture encoded once), `examples` (a question as tokens and masks).

Training: `methods` (what trains, kept and put back), `loss`, `consistency` (CoPrompt's term), `schedule`, `fast_step`, `train` (the loop),
`faults` (what stops it), `events` (TensorBoard).

Answering: `merge` (adapters into plain weights), `answer` (greedy, in batches), `statistics` (intervals and tests), `score`, `own_tasks`
(the base's own), `forgetting` (what is kept of them), `evaluate`, `compare` (runs with one another).

Looking in: `memory` (every term as a formula), `measured_memory`, `quantisation` (errors of 4-bit types), `singular_values` (of adapters),
`attention` (the mask), `attention_maps` (over the picture).

Making the embedded base: `architecture`, `grounding` and `general_questions` (its tasks), `naming` (of things in English), `sentences` and
`comparisons` (about things so named), `lessons` (which of them in which stage), `read_outs` (what it is asked in passing), `muon` (the
optimizer), `pretrain`, `card`.
"""

import logging
import warnings

# said by libraries to one another at every start; neither is an error, nor anything that a user could mend
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated")
