"""CPU-seconds that a picture takes, all told: sampling, counting visible pixels, rendering and writing; and that the cost is linear."""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from paliflow.clevr import collection, render  # noqa: F401 (Mitsuba's start, once a process, is not what is measured)

CLOSE = [(16, 96), (32, 96), (64, 96)]  # images and their height in pixels
CLEVR = [(4, 320)]


def cpu_seconds(look: str, images: int, height: int, most_objects: int) -> float:
    """What one of so many pictures takes in one process."""
    settings = collection.SceneSettings(look, height, 3, most_objects, images, 0, 7)
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        collection.render_collection(settings, 1, Path(folder))
        return (time.process_time() - started) / images


def main() -> None:
    cost = 0.0
    for look, most_objects, sizes in (("close", 6, CLOSE), ("clevr", 10, CLEVR)):
        for images, height in sizes:
            seconds = cpu_seconds(look, images, height, most_objects)
            cost = seconds if look == "close" else cost
            print(f"look {look}, {images} images {height} pixels high, 3 to {most_objects} objects: {seconds:.3f} CPU-seconds an image")
    print(f"render_clevr_cpu_seconds_per_image: {cost:.3f}")


if __name__ == "__main__":
    main()
