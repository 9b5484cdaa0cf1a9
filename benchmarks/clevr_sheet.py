"""How alike our `clevr` look and genuine CLEVR are: a sheet of both side by side, a few figures of both, and what a network makes of them.

The network is a small one that names colour, material and shape of a cut-out object. It learns from one of the two and is tested on the
other, beside held-out pictures of its own kind: where the looks agree, the two scores do.
"""

import argparse
import json
import math
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import torch
from torch import Tensor, nn

from paliflow.clevr import collection
from paliflow.clevr.looks import LOOKS
from paliflow.clevr.vocabulary import VALUES

LOOK, HEIGHT, SEED = "clevr", 320, 20
SHOWN, COLUMNS = 24, 4
NAMED = ("color", "material", "shape")
CROP = 32  # pixels a side of a cut-out object
HELD_OUT = 4  # every fourth picture
EPOCHS, BATCH = 40, 32


@dataclass
class Gallery:
    """Pictures (n, height, width, 3) uint8 and their scene graphs."""

    pictures: list[np.ndarray]
    graphs: list[dict[str, Any]]

    def part(self, held_out: bool) -> "Gallery":
        """Every fourth picture, or the others."""
        kept = [index for index in range(len(self.graphs)) if (index % HELD_OUT == 0) == held_out]
        return Gallery([self.pictures[index] for index in kept], [self.graphs[index] for index in kept])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder", type=Path, nargs="?", default=os.environ.get("PALIFLOW_CLEVR"), help="genuine pictures and scenes, as in the release"
    )
    parser.add_argument("--images", type=int, default=64, help="how many of ours to render (default %(default)s)")
    parser.add_argument("--output", type=Path, default=Path("results/benchmarks/clevr_sheet.png"), help="the sheet (default %(default)s)")
    arguments = parser.parse_args()
    if arguments.folder is None:
        print("clevr_sheet: no folder of genuine CLEVR given, nor named by PALIFLOW_CLEVR: nothing to compare with.")
        return
    torch.set_num_threads(1)
    genuine = read(Path(arguments.folder) / "images" / "train", Path(arguments.folder) / "scenes" / "CLEVR_train_scenes.json")
    ours = rendered(arguments.images)
    draw_sheet(ours, genuine, arguments.output)
    print(f"{arguments.output}: {SHOWN} of ours left, {SHOWN} genuine ones right")
    print(f"{len(ours.graphs)} of ours, {len(genuine.graphs)} genuine: what is measured, ours, genuine")
    for (name, one), other in zip(figures(ours).items(), figures(genuine).values(), strict=True):
        print(f"  {name}: {one}, {other}")
    for learned, taught, strange in (("genuine", genuine, ours), ("ours", ours, genuine)):
        network = taught_by(taught.part(held_out=False))
        own, other = scores(network, taught.part(held_out=True)), scores(network, strange)
        print(
            f"a network that learned from {learned}: "
            + ", ".join(f"{name} {own[name]:.3f} on its own kind, {other[name]:.3f} on the other" for name in NAMED)
        )


def read(images: Path, scenes: Path) -> Gallery:
    """The pictures of a folder, with the scene graphs of a file."""
    graphs = json.loads(scenes.read_text(encoding="utf-8"))["scenes"]
    return Gallery([np.array(Image.open(images / graph["image_filename"]).convert("RGB")) for graph in graphs], graphs)


def rendered(images: int) -> Gallery:
    """So many pictures of ours."""
    settings = collection.SceneSettings(LOOK, HEIGHT, 3, LOOKS[LOOK].most_objects, images, 0, SEED)
    with tempfile.TemporaryDirectory() as folder:
        graphs, seconds = collection.render_collection(settings, os.cpu_count() or 1, Path(folder))
        print(f"{images} pictures {HEIGHT} pixels high: {seconds:.2f} CPU-seconds each")
        return Gallery([np.array(Image.open(Path(folder) / graph["image_filename"])) for graph in graphs], graphs)


def draw_sheet(ours: Gallery, genuine: Gallery, path: Path) -> None:
    """Ours in the columns on the left, genuine ones on the right, at half their size."""
    width, height = (side // 2 for side in LOOKS[LOOK].size(HEIGHT))
    gap, rows = 20, math.ceil(SHOWN / COLUMNS)
    sheet = Image.new("RGB", (2 * COLUMNS * width + gap, rows * height), "white")
    for left, gallery in ((0, ours), (COLUMNS * width + gap, genuine)):
        step = max(1, len(gallery.pictures) // SHOWN)
        for number, picture in enumerate(gallery.pictures[::step][:SHOWN]):
            small = Image.fromarray(picture).resize((width, height), Image.Resampling.BOX)
            sheet.paste(small, (left + number % COLUMNS * width, number // COLUMNS * height))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def figures(gallery: Gallery) -> dict[str, Any]:
    """What a glance takes in: the floor from its far to its near end, the colour of objects, highlights and shade."""
    floors, objects = [], []
    bands: list[list[np.ndarray]] = [[] for _ in range(4)]
    for picture, graph in zip(gallery.pictures, gallery.graphs, strict=True):
        away = distance_in_radii(picture.shape[:2], graph)
        floors.append(picture[away > 2])
        objects.append(picture[away < 0.8])
        for band, rows in enumerate(np.array_split(np.arange(picture.shape[0]), len(bands))):
            bands[band].append(picture[rows][away[rows] > 2])
    floor, thing = np.concatenate(floors).astype(float), np.concatenate(objects).astype(float)
    saturation = 1 - thing.min(axis=1) / np.maximum(thing.max(axis=1), 1)
    return {
        "mean colour of the floor": floor.mean(axis=0).round(1).tolist(),
        "its shade from far to near": [round(float(np.concatenate(band).mean()), 1) for band in bands],
        "its deviation between neighbours in a row": round(
            float(np.mean([grain(*pair) for pair in zip(gallery.pictures, gallery.graphs, strict=True)])), 2
        ),
        "mean colour of objects": thing.mean(axis=0).round(1).tolist(),
        "their mean saturation": round(float(saturation.mean()), 3),
        "share of them in highlights (above 200)": round(float((thing.max(axis=1) > 200).mean()), 4),
        "share of them in the dark (below 30)": round(float((thing.max(axis=1) < 30).mean()), 4),
    }


def grain(picture: np.ndarray, graph: dict[str, Any]) -> float:
    """Root mean square difference of neighbouring floor pixels, over the root of two."""
    clear = distance_in_radii(picture.shape[:2], graph) > 2
    steps = np.diff(picture.astype(float).mean(axis=2), axis=1)[clear[:, 1:] & clear[:, :-1]]
    return float(np.sqrt(np.mean(steps**2) / 2))


def distance_in_radii(shape: tuple[int, int], graph: dict[str, Any]) -> np.ndarray:
    """For each pixel the distance to the nearest object's middle, in that object's radii."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    away = [np.hypot(columns - column, rows - row) / radius for column, row, radius in map(circle, graph["objects"])]
    return np.min(away, axis=0)


def circle(thing: dict[str, Any]) -> tuple[float, float, float]:
    """Column, row and radius in pixels of an object."""
    column, row, depth = thing["pixel_coords"]
    return column, row, LOOKS[LOOK].focal_length * LOOKS[LOOK].size(HEIGHT)[0] * thing["3d_coords"][2] / depth


def cut_out(gallery: Gallery) -> tuple[Tensor, dict[str, Tensor]]:
    """Each object as a square (n, 3, CROP, CROP) in -1 to 1, and the number of its value of each named attribute (n,)."""
    crops, things = [], []
    for picture, graph in zip(gallery.pictures, gallery.graphs, strict=True):
        image = Image.fromarray(picture)
        for thing in graph["objects"]:
            column, row, radius = circle(thing)
            box = (column - 1.4 * radius, row - 1.4 * radius, column + 1.4 * radius, row + 1.4 * radius)
            crops.append(np.array(image.transform((CROP, CROP), Image.Transform.EXTENT, box, Image.Resampling.BILINEAR)))
            things.append(thing)
    pixels = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 127.5 - 1
    return pixels, {name: torch.tensor([VALUES[name].index(thing[name]) for thing in things]) for name in NAMED}


class Namer(nn.Module):
    """Three convolutions and a linear layer for each attribute."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in ((3, 32), (32, 64), (64, 96)):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3))
        self.heads = nn.ModuleDict({name: nn.Linear(96 * (CROP // 8) ** 2, len(VALUES[name])) for name in NAMED})

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        features = self.body(pixels)
        return {name: head(features) for name, head in self.heads.items()}


def taught_by(gallery: Gallery) -> Namer:
    """A network that has learned the objects of these pictures."""
    torch.manual_seed(SEED)
    pixels, named = cut_out(gallery)
    network = Namer()
    steps = EPOCHS * math.ceil(len(pixels) / BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(pixels)).split(BATCH):
            batch = pixels[chosen].roll((int(torch.randint(-2, 3, ())), int(torch.randint(-2, 3, ()))), dims=(2, 3))
            said = network(batch.flip(3) if torch.rand(()) < 0.5 else batch)
            loss = sum(nn.functional.cross_entropy(said[name], named[name][chosen]) for name in NAMED)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


@torch.no_grad()
def scores(network: Namer, gallery: Gallery) -> dict[str, float]:
    """Share of objects whose attribute the network names rightly."""
    pixels, named = cut_out(gallery)
    said = network(pixels)
    return {name: float((said[name].argmax(1) == named[name]).float().mean()) for name in NAMED}


if __name__ == "__main__":
    main()
