"""The figure of the embedded base's model card: the losses of its pretraining."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from paliflow.report import style
from paliflow.report.figures_vlm import running_mean

STAGES = {
    "vision": "stage 0: tower",
    "joint": "stage 1: everything",
    "placed": "stage 2: places",
    "described": "stage 3: descriptions",
    "related": "stage 4: one relation",
    "mixed": "stage 5: mixed",
    "worded": "stage 6: sentences",
    "pointed": "stage 7: told what is meant",
    "chained": "stage 8: chains of relations",
    "compared": "stage 9: two side by side",
}
LOSSES = {
    "dense_loss": ("fourth", "dense loss, a patch"),
    "pointing_loss": ("first", "pointing loss, a patch"),
    "summary_loss": ("before", "summary loss, a value"),
    "loss": ("after", "loss of the tasks, a token"),
}


def draw_pretraining(log: Sequence[Mapping[str, Any]]) -> Figure:
    """Every step's losses, pale, and their running means, a panel for each stage.

    Args:
        log: the records of train_log.jsonl (stage, step, and the losses that the stage has).
    """
    figure, axes = style.new_figure(9.4, rows=6, columns=2)
    *panes, beside, spare = axes.flat
    for pane, (stage, title) in zip(panes, STAGES.items(), strict=True):
        lines = [line for line in log if line["stage"] == stage]
        steps = np.array([line["step"] + 1 for line in lines])
        for name, (colour, label) in LOSSES.items():
            if name in lines[0]:
                values = np.array([line[name] for line in lines])
                smooth, _ = running_mean(values)
                pane.plot(steps, values, color=style.COLOURS[colour], alpha=0.3, linewidth=0.5)
                pane.plot(steps, smooth, color=style.COLOURS[colour], label=label)
        pane.set(
            xlabel="step",
            ylabel="loss (nats)",
            yscale="linear" if set(lines[0]) & set(LOSSES) == {"loss"} else "log",
            xlim=(0, None),
            title=title,
        )
        pane.yaxis.set_major_formatter("{x:g}")
        pane.yaxis.set_minor_formatter("")
    beside.set_axis_off()
    spare.set_axis_off()
    drawn = {label: line for pane in panes for line, label in zip(*pane.get_legend_handles_labels(), strict=True)}
    beside.legend(drawn.values(), drawn.keys(), loc="center", title="running means; pale: each step")
    return figure
