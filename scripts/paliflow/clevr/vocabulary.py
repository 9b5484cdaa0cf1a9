"""The words of CLEVR: attributes and their values, relations, and how each looks (Johnson et al. 2017, arXiv:1612.06890, section 3)."""

ATTRIBUTES = ("size", "color", "material", "shape")

VALUES: dict[str, tuple[str, ...]] = {
    "size": ("large", "small"),
    "color": ("gray", "red", "blue", "green", "brown", "purple", "cyan", "yellow"),
    "material": ("rubber", "metal"),
    "shape": ("cube", "sphere", "cylinder"),
}

RELATIONS = ("left", "right", "front", "behind")
RELATION_THRESHOLD = 0.2  # CLEVR's: j is left of i if it lies further left by more than this

# sRGB in 0..255, as CLEVR's own properties file gives them
RGB: dict[str, tuple[int, int, int]] = {
    "gray": (87, 87, 87),
    "red": (173, 35, 35),
    "blue": (42, 75, 215),
    "green": (29, 105, 20),
    "brown": (129, 74, 25),
    "purple": (129, 38, 192),
    "cyan": (41, 208, 208),
    "yellow": (255, 238, 51),
}
