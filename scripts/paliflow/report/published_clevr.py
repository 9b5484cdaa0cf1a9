"""What has been published about CLEVR itself: every number is typed here and nowhere else, beside the place that it was read in.

The paper prints its histograms of question lengths and question types (figure 3) as pictures without numbers, and nobody seems to have
printed the mean lengths, so they are not here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A published number.

    Args:
        value: the number; shares are in [0, 1].
        source: its key in references.bib.
        place: where it stands there.
    """

    value: float
    source: str
    place: str


_TABLE = ("johnson2017clevr", "figure 3, the table at its top")
_PROSE = ("johnson2017clevr", "section 3")
_GUESS = ("perez2018film", "table 1, the Q-type baseline")
_CODE = ("vedantam2019probabilistic", "code, the decoders' greatest lengths, set to the longest of the training split")

PUBLISHED = {
    "images": Published(100_000, *_TABLE),
    "train_images": Published(70_000, *_TABLE),
    "questions": Published(999_968, *_TABLE),
    "train_questions": Published(699_989, *_TABLE),
    "distinct_questions": Published(853_554, *_TABLE),
    "families": Published(90, *_PROSE),
    "min_objects": Published(3, *_PROSE),
    "max_objects": Published(10, *_PROSE),
    "most_question_words": Published(45, *_CODE),  # counts commas and semicolons as words, so that it is a bound
    "most_program_functions": Published(26, *_CODE),
    "prior_by_kind": Published(0.418, *_GUESS),
}

# What always giving the most frequent answer of a question's kind scores on CLEVR's own test; of queries, the paper says "close to".
PRIOR_OF_KIND = {
    "count": Published(0.346, *_GUESS),
    "exist": Published(0.502, *_GUESS),
    **dict.fromkeys(("equal_integer", "less_than", "greater_than"), Published(0.510, *_GUESS)),
    **dict.fromkeys(("equal_color", "equal_material", "equal_shape", "equal_size"), Published(0.513, *_GUESS)),
    "query_size": Published(0.5, "johnson2017clevr", "section 4.2"),
    "query_color": Published(0.125, "johnson2017clevr", "section 4.2"),
    "query_material": Published(0.5, "johnson2017clevr", "section 4.2"),
    "query_shape": Published(0.333, "johnson2017clevr", "section 4.2"),
}
