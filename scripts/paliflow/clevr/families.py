"""The question families: which program shapes are asked, in which group, and how often each kind.

A new family is a new row; a new way to put its questions is a new line in `wording`.
"""

from typing import NamedTuple

from paliflow.clevr.vocabulary import ATTRIBUTES

QUERIES = tuple(f"query_{attribute}" for attribute in ATTRIBUTES)
EQUALS = tuple(f"equal_{attribute}" for attribute in ATTRIBUTES)
COMPARISONS = ("equal_integer", "less_than", "greater_than")


class Family(NamedTuple):
    """Questions whose programs differ in their words and filters alone.

    Attributes:
        group: the release's name of the template file that such questions come from.
        kind: the last function.
        hops: for each chain of relations that the question follows, how many there are in it. `single_and` follows two to the same things,
            `single_or` and both comparisons have two sides; the others have one chain.
        attribute: in `same_relate` the one that is the same; in `single_or` the one whose value both sides share ("" for none).
        described: in `same_relate`, whether more is said of the things than that they are the same.
    """

    group: str
    kind: str
    hops: tuple[int, ...]
    attribute: str = ""
    described: bool = True


ROWS: list[tuple[str, list[tuple[int, ...]], tuple[str, ...]]] = [
    ("zero_hop", [(0,)], ("count", "exist", *QUERIES)),
    ("one_hop", [(1,)], ("count", "exist", *QUERIES)),
    ("two_hop", [(2,)], ("count", "exist", *QUERIES)),
    ("three_hop", [(3,)], ("count", "exist", *QUERIES)),
    ("single_and", [(1, 1)], ("count", *QUERIES)),
    ("single_or", [(0, 0), (1, 0), (0, 1), (1, 1)], ("count",)),
    ("compare_integer", [(0, 0), (1, 0), (1, 1)], COMPARISONS),
    ("comparison", [(0, 0), (1, 0), (0, 1), (1, 1)], EQUALS),
]

# a question's question_family_index is its family's place here
FAMILIES: list[Family] = [
    *(Family(group, kind, chains) for group, all_chains, kinds in ROWS for chains in all_chains for kind in kinds),
    *(Family("single_or", "count", (0, 0), attribute) for attribute in ATTRIBUTES),
    *(
        Family("same_relate", kind, (0,), attribute, said)
        for attribute in ATTRIBUTES
        for kind in ("exist", "count")
        for said in (False, True)
    ),
    *(Family("same_relate", kind, (0,), attribute) for attribute in ATTRIBUTES for kind in QUERIES if not kind.endswith(attribute)),
]

# Per mille of all questions, as the official generator has them: counted over 1,600 that it asked about 160 scenes of the release, ten a
# scene, and evened out over the attributes. (Johnson et al. 2017, figure 3, draws the release's own without numbers.)
SHARES: dict[str, int] = {
    "count": 240,
    "exist": 137,
    **dict.fromkeys(QUERIES, 92),
    **dict.fromkeys(EQUALS, 41),
    "equal_integer": 24,
    "less_than": 34,
    "greater_than": 33,
}
