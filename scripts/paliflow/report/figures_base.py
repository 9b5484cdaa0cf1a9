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
}
LOSSES = {"dense_loss": ("fourth", "dense loss, a patch"), "loss": ("after", "loss of the tasks, a token")}


def draw_pretraining(log: Sequence[Mapping[str, Any]]) -> Figure:
    """Every step's losses, pale, and their running means, a panel for each stage.

    Args:
        log: the records of train_log.jsonl (stage, step, dense_loss in the first two, loss in all but the first).
    """
    figure, axes = style.new_figure(6.4, rows=4, columns=2)
    *panes, beside = axes.flat
    for pane, (stage, title) in zip(panes, STAGES.items(), strict=True):
        lines = [line for line in log if line["stage"] == stage]
        steps = np.array([line["step"] + 1 for line in lines])
        for name, (colour, label) in LOSSES.items():
            if name in lines[0]:
                values = np.array([line[name] for line in lines])
                smooth, _ = running_mean(values)
                pane.plot(steps, values, color=style.COLOURS[colour], alpha=0.3, linewidth=0.5)
                pane.plot(steps, smooth, color=style.COLOURS[colour], label=label)
        pane.set(xlabel="step", ylabel="loss (nats)", yscale="log" if "dense_loss" in lines[0] else "linear", xlim=(0, None), title=title)
        pane.yaxis.set_major_formatter("{x:g}")
        pane.yaxis.set_minor_formatter("")
    beside.set_axis_off()
    beside.legend(*panes[1].get_legend_handles_labels(), loc="center", title="running means; pale: each step")
    return figure
