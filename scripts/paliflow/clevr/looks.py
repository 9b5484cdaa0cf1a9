"""The two looks of a rendered collection: where the camera stands, how large objects are and how many the floor has room for.

`clevr` is CLEVR's own: its camera, found from the scene graphs of the release, whose 3-D and pixel coordinates it gives back to within a
rounding of half a pixel; and its distances (Johnson et al. 2017, arXiv:1612.06890, appendix B). `close` is for small pictures: the same
stage through a longer lens from further above, with fewer objects on a smaller field.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """How the scenes of a collection are laid out and seen. Distances are in CLEVR's units: a large object is 1.4 across."""

    aspect: tuple[int, int]  # width to height of the picture
    camera: tuple[float, float, float]  # where it stands before jitter; it looks at the middle of the floor
    focal_length: float  # in widths of the picture
    radius: dict[str, float]  # of an object, by its size
    field: tuple[float, float]  # depth and width of the floor where objects stand
    turn: float  # radians from the world's axes to the field's
    margin: float  # least distance of two objects along each direction, so that no relation hangs on a hair
    least_share: float  # of the picture's pixels, that each object shows
    most_objects: int  # that the field has room for

    def size(self, height: int) -> tuple[int, int]:
        """Width and height in pixels of a picture of that height."""
        return round(height * self.aspect[0] / self.aspect[1]), height


def _above(distance: float, azimuth: float, elevation: float) -> tuple[float, float, float]:
    """A place at a distance from the middle of the floor; angles in degrees."""
    around, up = math.radians(azimuth), math.radians(elevation)
    return (distance * math.cos(up) * math.cos(around), distance * math.cos(up) * math.sin(around), distance * math.sin(up))


LOOKS: dict[str, Look] = {
    "close": Look(
        aspect=(1, 1),
        camera=_above(11.3, -45, 42),
        focal_length=57 / 36,
        radius={"large": 0.70, "small": 0.42},
        field=(3.8, 4.2),
        turn=math.radians(-45),
        margin=0.3,
        least_share=45 / 96**2,
        most_objects=7,
    ),
    "clevr": Look(
        aspect=(3, 2),
        camera=(7.48, -6.51, 5.34),
        focal_length=35 / 32,
        radius={"large": 0.70, "small": 0.35},
        field=(6.0, 6.0),
        turn=0.0,
        margin=0.4,
        least_share=200 / (480 * 320),
        most_objects=10,
    ),
}
