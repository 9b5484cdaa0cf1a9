"""Figures of the data card: the answers of each kind of question, and the lengths of questions and programs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from paliflow.report import style
from paliflow.report.lettering import measure
from paliflow.report.published_clevr import PRIOR_OF_KIND, PUBLISHED

ANSWERS_WIDTH, LENGTHS_WIDTH = 3.75, 2.45  # inches; they stand beside each other
BAR = style.COLOURS["first"]
MARK = style.COLOURS["second"]
LENGTHS = {
    "question_words": ("words of a question", "most_question_words"),
    "program_functions": ("functions of a program", "most_program_functions"),
}


def draw_answers(kinds: Mapping[str, Mapping[str, Any]]) -> Figure:
    """How often each answer is given to each kind of question, as a bar a kind, and what guessing it scores in CLEVR itself.

    Args:
        kinds: by kind, `answers` with the number of questions that have each, most frequent first.
    """
    figure, axes = style.new_figure(0.57 + 0.122 * len(kinds), width=ANSWERS_WIDTH)
    pane = axes[0, 0]
    scale = 0.64 * ANSWERS_WIDTH * 25.4  # about the width in millimetres of a whole bar
    for row, values in enumerate(kinds.values()):
        total, start = sum(values["answers"].values()), 0.0
        for rank, (answer, count) in enumerate(values["answers"].items()):
            share, depth = count / total, 0.9 - 0.75 * rank / max(len(values["answers"]) - 1, 1)
            pane.barh(row, 100 * share, left=100 * start, height=0.84, color=style.tint(BAR, depth), edgecolor="white", linewidth=0.4)
            if measure(answer, 5.6) < share * scale - 0.6:
                ink = "white" if depth > 0.6 else "#222222"
                place, side = (start + share / 2, "center") if rank else (0.01, "left")  # where CLEVR's mark is not
                pane.text(100 * place, row, answer, size=5.6, ha=side, va="center", color=ink, parse_math=False)
            start += share
    marked = [(row, PRIOR_OF_KIND[kind].value) for row, kind in enumerate(kinds) if kind in PRIOR_OF_KIND]
    if marked:
        rows, shares = np.array(marked).T
        pane.vlines(100 * shares, rows - 0.5, rows + 0.5, color=MARK, linewidth=1.6, label="most frequent answer in CLEVR itself")
        pane.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.1, handlelength=1.0)
    pane.set_yticks(
        range(len(kinds)), [f"{kind.replace('_', ' ')} ({values['train'] + values['test']:,})" for kind, values in kinds.items()]
    )
    pane.set(ylim=(len(kinds) - 0.45, -0.55), xlim=(0, 100), xlabel="share of the questions (%)")
    pane.grid(visible=False)
    pane.tick_params(axis="y", length=0)
    return figure


def draw_lengths(lengths: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Histograms of the lengths of questions and, where there are programs, of these, each with its mean and CLEVR's longest.

    Args:
        lengths: `question_words` and perhaps `program_functions`, each with mean and histogram (count by length).
    """
    shown = [name for name in LENGTHS if name in lengths]
    figure, axes = style.new_figure(2.15, rows=len(shown), width=LENGTHS_WIDTH)
    for pane, name in zip(axes[:, 0], shown, strict=True):
        title, longest = LENGTHS[name]
        counts = {int(length): count for length, count in lengths[name]["histogram"].items()}
        shares = 100 * np.array(list(counts.values())) / sum(counts.values())
        limit, mean = PUBLISHED[longest].value, lengths[name]["mean"]
        pane.bar(list(counts), shares, width=0.85, color=BAR)
        pane.axvline(mean, color="#222222", linewidth=1.0, label=f"mean {mean:.1f}")
        pane.axvline(limit, color=MARK, linewidth=1.3, linestyle=(0, (4, 2)), label=f"CLEVR itself: at most {limit}")
        pane.set(xlabel=title, xlim=(0, 1.03 * max(limit, *counts)), ylabel="%")
        pane.legend(
            loc="lower left", bbox_to_anchor=(-0.02, 0.97), ncols=2, fontsize=6.5, handlelength=1.1, columnspacing=1.0, borderaxespad=0
        )
    return figure
