"""One picture of a collection, made sure of before anyone relies on it."""

import io
import struct
import warnings
import zlib

from PIL import Image, UnidentifiedImageError

from paliflow.errors import InputError

MOST_PIXELS = 2**24
MODES = ("RGB", "RGBA")
FORMATS = ("PNG", "JPEG")  # no other reader of Pillow is let near the bytes

Shape = tuple[tuple[int, int], str]  # a picture's width and height in pixels, and its mode

# what Pillow raises on damaged or hostile bytes
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class OddPictureError(InputError):
    """It is a whole picture, and of another size or mode than it should be."""


def check_picture(content: bytes, place: str, expected: Shape | None, whole: bool = True) -> Shape:
    """Make sure that bytes are a picture like the others of its collection.

    Args:
        content: a PNG or JPEG file.
        place: what to call it in a message.
        expected: size and mode of the pictures before it; None for the first.
        whole: decode every pixel too; otherwise only the header and, of a PNG, each part's checksum are read.

    Returns:
        Its size and mode.

    Raises:
        OddPictureError: it is neither RGB nor RGBA, or differs from `expected`.
        InputError: it is no picture, too large or damaged.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            with Image.open(io.BytesIO(content), formats=FORMATS) as header:
                shape = (header.size, header.mode)
                if header.width * header.height > MOST_PIXELS:
                    raise InputError(
                        f"{place} has {header.width} × {header.height} pixels, too many for a picture of CLEVR: fetch it again."
                    )
                header.verify()
            if whole:  # anew, for Pillow checks the sums in `verify` alone and cannot decode after it
                with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                    picture.load()
    except UnidentifiedImageError:
        raise InputError(f"{place} cannot be read as a picture (it is no PNG or JPEG): fetch or make it again.") from None
    except _DAMAGE as error:
        raise InputError(f"{place} cannot be read as a picture ({error}): fetch or make it again.") from None
    if shape[1] not in MODES:
        raise OddPictureError(f"{place} has the mode {shape[1]}, and must be RGB or RGBA: fetch or make it again.")
    if expected is not None and shape != expected:
        raise OddPictureError(
            f"{place} is {_described(shape)}, and those before it are {_described(expected)}: one collection has one size and mode."
        )
    return shape


def _described(shape: Shape) -> str:
    return f"{shape[0][0]} × {shape[0][1]} pixels {shape[1]}"
