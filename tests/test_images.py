"""Whatever picture file comes in: upright RGB, or an error in words."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from fastrcnn_core.errors import ImageError
from fastrcnn_core.images import read_image, read_mask, read_size

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def saved(picture: PIL.Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Encode a picture as the content of a file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def noise(height: int = 60, width: int = 80) -> PIL.Image.Image:
    """Make a picture that does not compress to nothing, so that it can be cut in many places."""
    return PIL.Image.fromarray(
        np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    )


def pixel(content: bytes) -> list[int]:
    return read_image(content).pixels[0, 0].tolist()


def of_one_pixel(mode: str, value: Any) -> PIL.Image.Image:
    return PIL.Image.new(mode, (1, 1), value)


def png_that_claims(*, height: int, width: int) -> bytes:
    """Write a PNG header without any pixels behind it: decoding it would fail, not only take long."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"nonsense")


def chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def test_a_colour_picture_is_read_as_it_is() -> None:
    assert np.array_equal(read_image(saved(noise())).pixels, np.asarray(noise()))


def test_a_picture_of_one_pixel_is_a_picture() -> None:
    assert read_image(saved(of_one_pixel("RGB", RED))).pixels.tolist() == [[[255, 0, 0]]]


def test_a_file_is_called_by_its_stem_unless_it_gets_a_name(tmp_path: Path) -> None:
    path = tmp_path / "street.png"
    path.write_bytes(saved(noise()))
    assert read_image(path).name == "street"
    assert read_image(path, name="mine").name == "mine"
    assert read_image(path.read_bytes()).name == ""


@pytest.mark.parametrize(
    ("mode", "value", "rgb"),
    [
        ("1", 1, [255, 255, 255]),
        ("L", 100, [100, 100, 100]),
        ("LA", (0, 0), [255, 255, 255]),
        ("RGBA", (255, 0, 0, 255), [255, 0, 0]),
        ("RGBA", (255, 0, 0, 0), [255, 255, 255]),
        ("RGBA", (0, 0, 0, 51), [204, 204, 204]),
        ("I;16", 65535, [255, 255, 255]),
        ("I;16", 257 * 40, [40, 40, 40]),
        ("I;16", 4080, [254, 254, 254]),  # twelve bits
    ],
)
def test_other_modes_become_rgb_on_white(mode: str, value: Any, rgb: list[int]) -> None:
    assert pixel(saved(of_one_pixel(mode, value))) == rgb


def test_the_inks_of_a_cmyk_picture_become_colours() -> None:
    cyan = PIL.Image.new("CMYK", (1, 1), (255, 0, 0, 0))
    assert pixel(saved(cyan, "TIFF")) == [0, 255, 255]
    assert np.allclose(pixel(saved(cyan, "JPEG", quality=100)), [0, 255, 255], atol=3)


def test_a_palette_gives_its_colours_and_its_transparent_one_is_white() -> None:
    picture = PIL.Image.new("P", (2, 1))
    picture.putpalette([*GREEN, *BLUE])
    picture.putpixel((1, 0), 1)
    assert read_image(saved(picture)).pixels.tolist() == [[[0, 255, 0], [0, 0, 255]]]
    assert read_image(saved(picture, transparency=1)).pixels.tolist() == [
        [[0, 255, 0], [255, 255, 255]]
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 65535], [0, 255]),
        ([0, 257 * 20], [0, 20]),  # more than twelve bits: a dark picture stays dark
        ([0, 2000, 4095], [0, 125, 255]),  # twelve bits in a file of sixteen
        ([0, 100, 255], [0, 100, 255]),  # eight bits
        ([-100, 100], [0, 255]),
        ([0, 1_000_000], [0, 255]),
        ([7, 7], [7, 7]),
    ],
)
def test_deep_whole_numbers_are_scaled_and_never_cut_off(
    values: list[int], expected: list[int]
) -> None:
    picture = PIL.Image.fromarray(np.array([values], dtype=np.int32))
    assert read_image(saved(picture, "TIFF")).pixels[0, :, 0].tolist() == expected


def test_fractions_are_stretched_and_numbers_that_are_none_do_no_harm() -> None:
    picture = PIL.Image.fromarray(np.array([[0, 0.5, 1, np.nan]], dtype=np.float32))
    assert read_image(saved(picture, "TIFF")).pixels[0, :, 0].tolist() == [0, 128, 255, 0]


def turned(orientation: int, kind: str) -> bytes:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    return saved(noise(), kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
# EXIF 2.32, tag 274: where the first row and the first column of the stored picture belong.
@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda stored: stored),
        (2, lambda stored: stored[:, ::-1]),
        (3, lambda stored: stored[::-1, ::-1]),
        (4, lambda stored: stored[::-1]),
        (5, lambda stored: stored.transpose(1, 0, 2)),
        (6, lambda stored: np.rot90(stored, -1)),
        (7, lambda stored: stored.transpose(1, 0, 2)[::-1, ::-1]),
        (8, lambda stored: np.rot90(stored)),
    ],
)
def test_a_picture_stands_upright_however_the_camera_was_held(
    kind: str, orientation: int, upright: Any
) -> None:
    image = read_image(turned(orientation, kind))
    assert np.array_equal(image.pixels, upright(np.asarray(noise())))
    assert read_size(turned(orientation, kind)) == (image.height, image.width)


def test_damaged_exif_data_is_no_reason_to_refuse_a_picture() -> None:
    content = saved(noise(), "PNG", exif=b"Exif\x00\x00nonsense")
    assert np.array_equal(read_image(content).pixels, np.asarray(noise()))


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_several_frames_the_first_counts(kind: str) -> None:
    frames = [PIL.Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    content = saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert pixel(content) == [255, 0, 0]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("WEBP", {}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("PPM", {}),
    ],
)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data", "ignore:Truncated File Read")
def test_a_file_that_was_cut_off_is_never_half_a_picture(kind: str, options: Any) -> None:
    content = saved(noise(), kind, **options)
    complete = read_image(content).key
    refused = 0
    for length in range(0, len(content), len(content) // 50):
        try:
            assert read_image(content[:length]).key == complete
        except ImageError:
            refused += 1
    assert refused >= 45


def test_a_png_download_that_was_filled_up_with_zeros_is_refused() -> None:
    content = saved(noise(6, 8).resize((160, 120), PIL.Image.Resampling.NEAREST))
    for length in range(len(content) // 10, len(content) - 50, len(content) // 10):
        with pytest.raises(ImageError, match="damaged"):
            read_image(content[:length].ljust(len(content), b"\0"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"hello", "no picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n", "no picture"),
        (png_that_claims(height=10, width=10), "damaged"),
        (png_that_claims(height=10_000, width=10_000), "100 megapixels"),
        (png_that_claims(height=60_000, width=60_000), "far too many megapixels"),
    ],
    ids=["empty", "text", "EPS", "no pixels", "100 megapixels", "3600 megapixels"],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_usable_picture_is_refused_in_words(content: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message) as caught:
        read_image(content, name="upload.png")
    assert caught.value.problem.startswith("upload.png ")
    assert caught.value.hint


def test_a_picture_of_fifty_megapixels_is_still_let_in() -> None:
    assert read_size(png_that_claims(height=5_000, width=10_000)) == (5_000, 10_000)


@pytest.mark.parametrize("name", ["absent.png", "."])
def test_a_path_that_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageError, match="no file"):
        read_image(tmp_path / name)


def test_a_mask_keeps_its_numbers_whatever_the_palette_says() -> None:
    mask = PIL.Image.fromarray(np.array([[0, 3], [1, 200]], dtype=np.uint8))
    assert read_mask(saved(mask)).tolist() == [[0, 3], [1, 200]]
    mask.putpalette(list(range(255, -1, -1)) * 3)
    assert read_mask(saved(mask)).tolist() == [[0, 3], [1, 200]]
    deep = PIL.Image.fromarray(np.array([[0, 40_000]], dtype=np.uint16))
    assert read_mask(saved(deep)).tolist() == [[0, 40_000]]


def test_a_picture_in_colours_is_no_mask() -> None:
    with pytest.raises(ImageError, match="not a mask"):
        read_mask(saved(noise()), name="street.png")
