"""Draw a scene with the path tracer Mitsuba 3: a grey floor, soft shadows, rubber and metal (look after Johnson et al. 2017)."""

import math
from typing import Any

import drjit
import mitsuba as mi
import numpy as np

from paliflow.clevr.scene import FOCAL_LENGTH, RADIUS, Camera
from paliflow.clevr.vocabulary import RGB

mi.set_variant("scalar_rgb")
drjit.set_thread_count(1)  # images are spread over processes; threads inside one would only get in their way
mi.set_log_level(mi.LogLevel.Error)

PASSES = 4  # independent renders of each image, whose spread shows the fireflies
SAMPLES_PER_PASS = 4  # per pixel
FIREFLY_FACTOR = 1.5  # a sample brighter than this many medians of its pixel is cut to that


def render(camera: Camera, objects: list[dict[str, Any]], size: int, seed: int) -> np.ndarray:
    """Render the objects as an sRGB image, (size, size, 3) uint8. The same arguments give the same bytes."""
    scene = _load(camera, objects, size, {"type": "path", "max_depth": 4, "hide_emitters": True}, "gaussian")
    passes = np.stack([np.array(mi.render(scene, spp=SAMPLES_PER_PASS, seed=seed + k))[..., :3] for k in range(PASSES)])
    median = np.median(passes, axis=0)
    linear = np.minimum(passes, FIREFLY_FACTOR * median + 0.02).mean(axis=0)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)
    return (np.clip(encoded, 0, 1) * 255 + 0.5).astype(np.uint8)


def visible_pixels(camera: Camera, objects: list[dict[str, Any]], size: int) -> list[int]:
    """How many pixels each object shows, one ray a pixel."""
    scene = _load(camera, objects, size, {"type": "aov", "aovs": "index:shape_index"}, "box")
    indices = np.array(mi.render(scene, spp=1, seed=0))[..., -1].round().astype(int)
    counts = [0] * len(objects)
    for index, shape in enumerate(scene.shapes(), start=1):  # 0 is the empty sky
        kind, _, number = shape.id().partition("-")
        if kind == "object":
            counts[int(number.split("-")[0])] += int((indices == index).sum())
    return counts


def _load(camera: Camera, objects: list[dict[str, Any]], size: int, integrator: dict[str, Any], pixel_filter: str) -> "mi.Scene":
    content: dict[str, Any] = {"type": "scene", "integrator": integrator, "sensor": _sensor(camera, size, pixel_filter)} | _stage(camera)
    for number, thing in enumerate(objects):
        content |= _shapes(number, thing)
    return mi.load_dict(content, parallel=False, optimize=False)  # optimising would merge objects of equal material into one


def _sensor(camera: Camera, size: int, pixel_filter: str) -> dict[str, Any]:
    return {
        "type": "perspective",
        "fov": math.degrees(2 * math.atan(18.0 / FOCAL_LENGTH)),
        "to_world": mi.ScalarTransform4f().look_at(origin=list(camera.position), target=[0, 0, 0], up=[0, 0, 1]),
        "film": {"type": "hdrfilm", "width": size, "height": size, "pixel_format": "rgb", "rfilter": {"type": pixel_filter}},
        "sampler": {"type": "multijitter", "sample_count": SAMPLES_PER_PASS},
    }


def _stage(camera: Camera) -> dict[str, Any]:
    """The floor and the lights: a key light that casts soft shadows, a weaker fill from the other side, and a grey sky."""
    directions = camera.directions()
    key = 4.0 * directions["left"] + 3.2 * directions["front"] + np.array([0, 0, 7.0])
    back = 5.0 * directions["behind"] + 2.0 * directions["left"] + np.array([0, 0, 4.0])
    fill = 7.0 * directions["right"] + 1.0 * directions["front"] + np.array([0, 0, 4.5])
    return {
        "floor": {
            "type": "rectangle",
            "to_world": mi.ScalarTransform4f().scale([60, 60, 1]),
            "bsdf": {"type": "diffuse", "reflectance": {"type": "rgb", "value": [0.40, 0.40, 0.41]}},
        },
        "sky": {"type": "constant", "radiance": {"type": "rgb", "value": 0.28}},
        "key": _lamp(key, 1.1, 19.0),
        "fill": _lamp(fill, 1.6, 3.0),
        "back": _lamp(back, 1.2, 4.0),
    }


def _lamp(position: np.ndarray, half_width: float, radiance: float) -> dict[str, Any]:
    place = mi.ScalarTransform4f().look_at(origin=list(position), target=[0, 0, 0], up=[0.1, 0.2, 1])
    return {
        "type": "rectangle",
        "to_world": place @ mi.ScalarTransform4f().scale([half_width, half_width, 1]),
        "emitter": {"type": "area", "radiance": {"type": "rgb", "value": radiance}},
    }


def _shapes(number: int, thing: dict[str, Any]) -> dict[str, Any]:
    """Mitsuba's shapes of one object, named `object-<number>-<part>`."""
    radius = RADIUS[thing["size"]]
    place = mi.ScalarTransform4f().translate(list(thing["3d_coords"])) @ mi.ScalarTransform4f().rotate([0, 0, 1], thing["rotation"])
    surface = _surface(thing)
    if thing["shape"] == "sphere":
        return {f"object-{number}-body": {"type": "sphere", "radius": radius, "to_world": place, "bsdf": surface}}
    if thing["shape"] == "cube":
        half = radius / math.sqrt(2)  # CLEVR shrinks its cubes so, that they look no bigger than the spheres
        lowered = mi.ScalarTransform4f().translate([0, 0, half - radius])
        return {f"object-{number}-body": {"type": "cube", "to_world": mi.ScalarTransform4f(lowered @ place).scale(half), "bsdf": surface}}
    scaled = place @ mi.ScalarTransform4f().scale(radius)
    return {
        f"object-{number}-body": {
            "type": "cylinder",
            "p0": [0, 0, -1],
            "p1": [0, 0, 1],
            "radius": 1.0,
            "to_world": scaled,
            "bsdf": surface,
        },
        f"object-{number}-lid": {"type": "disk", "to_world": scaled @ mi.ScalarTransform4f().translate([0, 0, 1]), "bsdf": surface},
    }


def _surface(thing: dict[str, Any]) -> dict[str, Any]:
    encoded = np.array(RGB[thing["color"]]) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    color = {"type": "rgb", "value": [float(value) for value in linear]}
    if thing["material"] == "rubber":
        return {"type": "diffuse", "reflectance": color}
    tint = {"type": "rgb", "value": [float(value) for value in np.clip(linear * 1.3 + 0.05, 0, 1)]}
    return {"type": "roughconductor", "alpha": 0.09, "distribution": "ggx", "material": "none", "specular_reflectance": tint}
