"""Draw a scene with the path tracer Mitsuba 3 so that it looks like CLEVR's: a grey floor, three lamps and the sun, rubber and metal."""

import math
from typing import Any

import drjit
import mitsuba as mi
import numpy as np

from paliflow.clevr import stage
from paliflow.clevr.scene import Camera, View
from paliflow.clevr.solids import Solid, rounded_cube, rounded_cylinder

mi.set_variant("scalar_rgb")
drjit.set_thread_count(1)  # images are spread over processes; threads inside one would only get in their way
mi.set_log_level(mi.LogLevel.Error)

PASSES = 4  # independent renders of each image, whose spread shows the fireflies
SAMPLES_PER_PASS = 4  # per pixel: one for each lamp and the sun, which the sampler keeps in balance
FIREFLY_FACTOR = 1.5  # a pass may be so many times as bright as its pixel's darkest, or as the pixels around
DEPTH = 4  # surfaces along a path, lamp included: metal shows metal that shows the floor
FAR = 400.0  # from the floor to the sun, so that its light falls alike everywhere

SOLIDS = {"cube": rounded_cube(), "cylinder": rounded_cylinder()}


def render(view: View, objects: list[dict[str, Any]], seen: np.ndarray, seed: int) -> np.ndarray:
    """Render the objects as an sRGB image, (height, width, 3) uint8. The same arguments give the same bytes.

    Args:
        view: camera and lamps.
        objects: of the scene graph.
        seen: what `seen_objects` gives for them, (height, width); the picture is of that size.
        seed: of the samples.
    """
    # volpath, for it lets light through a null surface: the lamps themselves cast no shadow
    integrator = {"type": "volpath", "max_depth": DEPTH, "hide_emitters": True}
    shapes = {_name(number): _shape(_name(number), thing, _surface(thing)) for number, thing in enumerate(objects)}
    scene = _load(view.camera, (seen.shape[1], seen.shape[0]), integrator, _stage(view) | shapes)
    passes = np.stack([np.array(mi.render(scene, spp=SAMPLES_PER_PASS, seed=seed + k))[..., :3] for k in range(PASSES)])
    linear = _without_grain(passes, _without_fireflies(passes), objects, seen)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)
    return (np.clip(encoded, 0, 1) * 255 + 0.5).astype(np.uint8)


def seen_objects(camera: Camera, objects: list[dict[str, Any]], size: tuple[int, int]) -> np.ndarray:
    """Which object each pixel shows, (height, width): from 1, and 0 where there is none; by one ray a pixel.

    It is a picture in which the k-th object glows with the radiance k and all else is black.
    """
    glowing = {_name(number): _shape(_name(number), thing, _glow(number + 1)) for number, thing in enumerate(objects)}
    scene = _load(camera, size, {"type": "path", "max_depth": 1}, glowing)
    return np.array(mi.render(scene, spp=1, seed=0))[..., 0].round().astype(int)


def visible_pixels(seen: np.ndarray, objects: int) -> list[int]:
    """How many pixels each of so many objects shows, in what `seen_objects` gives."""
    return [int(pixels) for pixels in np.bincount(seen.ravel(), minlength=objects + 1)[1:]]


def _without_fireflies(passes: np.ndarray) -> np.ndarray:
    """The mean of the passes, (passes, height, width, 3) to (height, width, 3), without the specks of light that metal throws.

    A highlight stands in every pass and a speck in some, so what is bright neither in the darkest pass nor in the pixels around is cut.
    """
    mean, own = passes.mean(axis=0), passes.min(axis=0)
    around = np.median(_windows(mean, 1), axis=0)
    return np.minimum(passes, FIREFLY_FACTOR * np.maximum(own, around) + 0.02).mean(axis=0)


def _without_grain(passes: np.ndarray, linear: np.ndarray, objects: list[dict[str, Any]], seen: np.ndarray) -> np.ndarray:
    """The picture with floor and rubber smoothed, each within its own bounds, so that no edge is blurred.

    The floor is smooth but for soft shadows. A speck of light that falls on it stands in one pass or two of the four, hence the second
    darkest, brought back to the brightness that all four have.
    """
    height, floor = len(seen), seen == 0
    darker = np.sort(passes, axis=0)[1]
    darker *= np.median(linear[floor]) / np.median(darker[floor])
    smooth = _smoothed(linear, darker, floor, max(1, height // 160))
    for number, thing in enumerate(objects, start=1):
        if thing["material"] == "rubber":
            smooth = _smoothed(smooth, smooth, seen == number, height // 160)
    return smooth


def _smoothed(picture: np.ndarray, source: np.ndarray, within: np.ndarray, radius: int) -> np.ndarray:
    """`picture` with the pixels that lie `within` (height, width), its rim left out, replaced by the mean of `source` around them there."""
    if radius == 0:
        return picture
    inner = _windows(within, 1).min(axis=0)
    total = _windows(source * inner[..., None], radius).sum(axis=0)
    count = _windows(inner.astype(float), radius).sum(axis=0)
    return np.where(inner[..., None], total / np.maximum(count, 1)[..., None], picture)


def _windows(picture: np.ndarray, radius: int) -> np.ndarray:
    """The picture shifted to every place of a square window, (window, height, width, …); beyond its edge it goes on as it ends."""
    height, width = picture.shape[:2]
    framed = np.pad(picture, [(radius, radius)] * 2 + [(0, 0)] * (picture.ndim - 2), mode="edge")
    side = range(2 * radius + 1)
    return np.stack([framed[i : i + height, j : j + width] for i in side for j in side])


def _load(camera: Camera, size: tuple[int, int], integrator: dict[str, Any], shapes: dict[str, Any]) -> "mi.Scene":
    content = {"type": "scene", "integrator": integrator, "sensor": _sensor(camera, size)} | shapes
    return mi.load_dict(content, parallel=False, optimize=False)  # optimising would merge objects of equal material into one


def _name(number: int) -> str:
    return f"object-{number}"


def _sensor(camera: Camera, size: tuple[int, int]) -> dict[str, Any]:
    return {
        "type": "perspective",
        "fov": math.degrees(2 * math.atan(0.5 / camera.focal_length)),
        "fov_axis": "x",
        "to_world": mi.ScalarTransform4f().look_at(origin=list(camera.position), target=[0, 0, 0], up=[0, 0, 1]),
        # a box weighs all samples of a pixel alike, so each lamp keeps its share; any other filter shows as grain
        "film": {"type": "hdrfilm", "width": size[0], "height": size[1], "pixel_format": "rgb", "rfilter": {"type": "box"}},
        "sampler": {"type": "ldsampler", "sample_count": SAMPLES_PER_PASS},
    }


def _stage(view: View) -> dict[str, Any]:
    """The floor, the backdrop that metal shows, the lamps and the sun; there is no sky."""
    distance, height, glow = stage.BACKDROP
    foot = distance * np.array(stage.BEHIND)
    middle = np.array([0, 0, height / 2])
    sun = np.array(stage.SUN_DIRECTION) / np.linalg.norm(stage.SUN_DIRECTION)
    half_width = stage.SUN_HALF_WIDTH * FAR
    radiance = stage.SUN_ON_FLOOR * math.pi / stage.FLOOR / float(sun[2]) * FAR**2 / (2 * half_width) ** 2
    lamps = {name: _panel(view.lamps[name], lamp.radiance, stage.LAMP_HALF_WIDTH) for name, lamp in stage.LAMPS.items()}
    floor = {"type": "diffuse", "reflectance": {"type": "rgb", "value": stage.FLOOR}}
    # seen, yet never aimed at: it is too far and too dim to be worth a share of the samples
    backdrop = {"type": "area", "radiance": {"type": "rgb", "value": glow}, "sampling_weight": 0.0}
    return {
        "floor": {"type": "rectangle", "to_world": mi.ScalarTransform4f().scale([60, 60, 1]), "bsdf": floor},
        "backdrop": {"type": "rectangle", "to_world": _facing(foot + middle, middle, [60, height / 2, 1]), "emitter": backdrop},
        "sun": _panel(FAR * sun, (radiance,) * 3, half_width),
    } | lamps


def _panel(place: np.ndarray, radiance: tuple[float, float, float], half_width: float) -> dict[str, Any]:
    """A square that shines towards the middle of the floor and that light passes through."""
    return {
        "type": "rectangle",
        "to_world": _facing(place, np.zeros(3), [half_width, half_width, 1]),
        "bsdf": {"type": "null"},
        "emitter": {"type": "area", "radiance": {"type": "rgb", "value": list(radiance)}},
    }


def _facing(place: np.ndarray, target: np.ndarray, scale: list[float]) -> "mi.ScalarTransform4f":
    return mi.ScalarTransform4f().look_at(origin=list(place), target=list(target), up=[0, 0, 1]) @ mi.ScalarTransform4f().scale(scale)


def _shape(name: str, thing: dict[str, Any], surface: dict[str, Any]) -> Any:
    """Mitsuba's shape of one object. It stands on the floor, so the height of its middle is its radius."""
    place, radius = np.array(thing["3d_coords"]), thing["3d_coords"][2]
    if thing["shape"] == "sphere":
        return {"type": "sphere", "center": list(place), "radius": radius, "surface": surface}
    return _mesh(name, SOLIDS[thing["shape"]].placed(radius, thing["rotation"], place), mi.load_dict(surface))


def _mesh(name: str, solid: Solid, surface: Any) -> "mi.Mesh":
    properties = mi.Properties()
    properties["surface"] = surface
    mesh = mi.Mesh(name, len(solid.corners), len(solid.triangles), has_vertex_normals=True, props=properties)
    content = mi.traverse(mesh)
    content["vertex_positions"] = solid.corners.astype(np.float32).ravel()
    content["vertex_normals"] = solid.normals.astype(np.float32).ravel()
    content["faces"] = solid.triangles.astype(np.uint32).ravel()
    content.update()
    return mesh


def _surface(thing: dict[str, Any]) -> dict[str, Any]:
    if thing["material"] == "rubber":
        return {"type": "diffuse", "reflectance": {"type": "rgb", "value": stage.rubber_color(thing["color"])}}
    tint = {"type": "rgb", "value": stage.metal_color(thing["color"])}
    return {
        "type": "roughconductor",
        "alpha": stage.METAL_ROUGHNESS,
        "distribution": "ggx",
        "material": "none",
        "specular_reflectance": tint,
    }


def _glow(radiance: float) -> dict[str, Any]:
    return {"type": "area", "radiance": {"type": "rgb", "value": radiance}}
