"""The frame of the app in a real browser: pages, links, reloads, phones, and pictures in their own pixels."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest

from fastrcnn_core.datasets import open_dataset
from pages.ui.components import canvas as canvas_component
from tests.browser.conftest import served, settle
from tests.support.datasets import write_tiny

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Visit = Callable[..., "Page"]
PAGES = ("Overview", "Dataset")

# The canvas's own words: how often it enlarges, the picture's pixel at its corner, and screen pixels to one of them.
# The colour of the screen pixel that shows a place of the picture.
COLOUR = """(canvas, [x, y]) => {
    const { zoom, x: left, y: top, fit } = JSON.parse(canvas.dataset.view), ratio = canvas.width / canvas.clientWidth;
    const at = [(x - left) * fit * zoom * ratio, (y - top) * fit * zoom * ratio].map(Math.round);
    return [...canvas.getContext("2d").getImageData(...at, 1, 1).data].slice(0, 3);
}"""


def canvas(page: Page) -> Locator:
    """Locate the page's first drawing."""
    found = page.locator(".drawing canvas[data-view]").first
    found.wait_for()
    return found


def view(page: Page) -> dict[str, float]:
    """Read where the drawing is zoomed to."""
    words: dict[str, float] = json.loads(canvas(page).get_attribute("data-view") or "")
    return words


def chosen(page: Page) -> str:
    """Read the name of the picture in the side bar."""
    picker = page.locator(".st-key-pick-picture input")
    return str(picker.get_attribute("value") or page.locator(".st-key-pick-picture").inner_text())


def go_to(page: Page, title: str) -> None:
    page.get_by_role("link", name=title, exact=True).first.click()
    page.wait_for_timeout(500)
    settle(page)


def upload(page: Page, pixels: Any, name: str) -> None:
    content = io.BytesIO()
    PIL.Image.fromarray(pixels).save(content, "PNG")
    page.get_by_role("button", name="Add pictures").click()
    page.locator('input[type="file"]').set_input_files(
        {"name": f"{name}.png", "mimeType": "image/png", "buffer": content.getvalue()}
    )
    page.wait_for_function("location.search.includes('data=uploads')")
    settle(page)


def test_a_fresh_server_that_is_asked_for_a_page_shows_it_with_the_side_bar(
    visit: Visit, tmp_path: Path
) -> None:
    with served(tmp_path, data=str(write_tiny(tmp_path / "street"))) as address:
        page = visit(f"{address}/dataset?picture=tiny03")
        assert "tiny03" in chosen(page)
        assert page.get_by_role("heading", name="Which picture next?").is_visible()
        assert page.get_by_text("Page not found").count() == 0


def test_a_picture_stays_through_the_pages_a_reload_and_the_shared_link(
    server: str, visit: Visit
) -> None:
    page = visit(server)
    page.get_by_role("button", name=re.compile("^Next")).click()
    page.wait_for_function("location.search.includes('picture=tiny01')")
    for title in (*PAGES[1:], PAGES[0]):
        go_to(page, title)
        assert "tiny01" in chosen(page)
        assert "picture=tiny01" in page.url
    page.reload()
    page.wait_for_selector("h1")
    settle(page)
    assert "tiny01" in chosen(page)
    assert "tiny01" in chosen(visit(page.url))


def test_the_keys_n_and_p_turn_the_pictures(server: str, visit: Visit) -> None:
    page = visit(server)
    page.locator("h1").click()
    page.keyboard.press("n")
    page.wait_for_function("location.search.includes('picture=tiny01')")
    settle(page)
    page.keyboard.press("p")
    page.wait_for_function("location.search.includes('picture=tiny00')")


def test_a_click_on_a_thumbnails_picture_shows_it(server: str, visit: Visit) -> None:
    page = visit(f"{server}/dataset")
    thumbnail = page.locator(".st-key-thumbnail-tiny05 img")
    thumbnail.scroll_into_view_if_needed()
    place = thumbnail.bounding_box()
    assert place is not None
    # With the pointer: the name's button lies over the picture on purpose, and Playwright's own click refuses that.
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.wait_for_function("location.search.includes('picture=tiny05')")
    settle(page)
    assert page.get_by_text("marked on tiny05").is_visible()


@pytest.mark.parametrize("width", [1440, 400])
def test_every_pixel_of_a_picture_is_a_square_at_its_own_place(
    server: str, visit: Visit, width: int
) -> None:
    page = visit(f"{server}/dataset", width=width, height=900)
    if width < 600:
        page.get_by_test_id("stExpandSidebarButton").click()
    board = np.repeat((np.indices((10, 16)).sum(axis=0) % 2 * 255)[:, :, None], 3, axis=2)
    upload(page, board.astype(np.uint8), "board")
    frame = canvas(page).bounding_box()
    assert frame is not None
    assert frame["width"] / frame["height"] == pytest.approx(1.6, rel=0.01)
    assert frame["width"] > 200
    for x, y in ((0.1, 0.1), (0.9, 0.9), (1.1, 0.1), (15.9, 9.9), (7.1, 4.9), (8.9, 4.1)):
        expected = [255 * ((int(x) + int(y)) % 2)] * 3
        assert canvas(page).evaluate(COLOUR, [x, y]) == pytest.approx(expected, abs=40)


def test_a_box_is_drawn_around_the_pixels_that_it_encloses(
    server: str, visit: Visit, tmp_path: Path
) -> None:
    page = visit(f"{server}/dataset?picture=tiny00")
    box = open_dataset(write_tiny(tmp_path, count=1)).load("tiny00").boxes[0]
    left, right = green_sides(page)
    assert left == pytest.approx(box[0], abs=0.4)  # half a pixel off is a fault
    assert right == pytest.approx(box[2], abs=0.4)
    assert canvas(page).evaluate(COLOUR, [left + 1.5, 30])[0] > 150  # the person's own red
    assert canvas(page).evaluate(COLOUR, [left - 1.5, 30])[0] < 120  # the street


def test_an_upload_goes_along_to_the_other_pages_and_survives_a_reload(
    server: str, visit: Visit
) -> None:
    page = visit(f"{server}/dataset")
    upload(page, np.full((40, 50, 3), 90, np.uint8), "holiday")
    go_to(page, "Overview")
    assert page.get_by_text("40 × 50 × 3").is_visible()
    page.reload()
    page.wait_for_selector("h1")
    settle(page)
    assert page.get_by_text("40 × 50 × 3").is_visible()


@pytest.mark.parametrize("address", ["", "dataset"])
def test_on_a_phone_nothing_sticks_out_to_the_side(server: str, visit: Visit, address: str) -> None:
    page = visit(f"{server}/{address}", width=400, height=850)
    widths = page.evaluate(
        """() => [...document.querySelectorAll("[data-testid='stMain'] *")]
            .filter(it => it.checkVisibility() && !it.closest("svg, table, canvas, [data-testid='stDataFrame']"))
            .map(it => it.getBoundingClientRect().right)"""
    )
    assert max(widths) <= 401
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_the_app_follows_the_visitors_light_or_dark(server: str, visit: Visit) -> None:
    colours = {
        scheme: visit(server, scheme=scheme).evaluate(
            "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
        )
        for scheme in ("light", "dark")
    }
    assert colours == {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 22, 28)"}


def test_the_projector_makes_type_bigger_and_is_in_the_link(server: str, visit: Visit) -> None:
    bigger = "parseFloat(getComputedStyle(document.querySelector('h1')).fontSize) > 1.2 * 32"
    page = visit(server)
    assert not page.evaluate(bigger)
    page.get_by_text("Projector").click()
    page.wait_for_function("location.search.includes('projector=true')")
    page.wait_for_function(bigger)
    visit(page.url).wait_for_function(bigger)


def test_on_a_projector_typed_numbers_are_whole_and_previous_stands_beside_next(
    server: str, visit: Visit
) -> None:
    page = visit(f"{server}/detection?projector=true", width=1440)
    page.locator(".st-key-nms-iou-typed").wait_for()
    cut_off = """it => { const row = it.closest("[data-testid=stHorizontalBlock]");
        return row.scrollWidth - row.clientWidth; }"""
    for name in ("score-threshold", "nms-iou"):
        assert page.locator(f".st-key-{name}-typed").evaluate(cut_off) == 0
    top = "it => it.getBoundingClientRect().top"
    tops = {page.locator(f".st-key-{each}-picture").evaluate(top) for each in ("previous", "next")}
    assert len(tops) == 1


def test_a_zoom_stays_when_the_masks_are_switched_on_and_ends_with_the_picture(
    server: str, visit: Visit
) -> None:
    page = visit(f"{server}/dataset?picture=tiny00")
    fitted = view(page)
    canvas(page).dblclick(position={"x": 100, "y": 100})
    page.wait_for_timeout(300)
    zoomed = view(page)
    assert zoomed["zoom"] > fitted["zoom"] == 1
    page.get_by_text("Instance masks").click()
    page.wait_for_function("location.search.includes('masks=true')")
    settle(page)
    assert view(page) == zoomed
    page.get_by_role("button", name=re.compile("^Next")).click()
    page.wait_for_function("location.search.includes('picture=tiny01')")
    settle(page)
    assert view(page)["zoom"] == 1


def test_a_role_is_switched_off_and_on_in_the_legend(server: str, visit: Visit) -> None:
    page = visit(f"{server}/dataset?picture=tiny00")
    edge, _ = green_sides(page)
    switch = page.locator(".drawing .legend button").first
    switch.click()
    page.wait_for_timeout(300)
    assert switch.get_attribute("aria-pressed") == "false"
    assert switch.locator(".off").is_visible()
    assert not is_green(page, edge)
    page.locator(".drawing .legend button").first.click()
    page.wait_for_timeout(300)
    assert is_green(page, edge)
    assert not page.locator(".drawing .legend .off").count()


def test_the_legends_halo_is_dark_on_light_and_light_on_dark(server: str, visit: Visit) -> None:
    halos = [
        visit(f"{server}/dataset?picture=tiny00", scheme=scheme)
        .locator(".drawing .legend path")
        .first.evaluate("it => getComputedStyle(it).stroke")
        for scheme in ("light", "dark")
    ]
    assert halos == ["rgb(23, 33, 43)", "rgb(232, 237, 242)"]


def test_the_pointer_over_a_box_tells_its_size(server: str, visit: Visit) -> None:
    page = visit(f"{server}/dataset?picture=tiny00")
    edge, _ = green_sides(page)
    fit = view(page)["fit"]
    canvas(page).hover(position={"x": (edge + 5) * fit, "y": 30 * fit})
    note = page.locator(".drawing .note").first
    assert "20 × 48 px" in note.inner_text()
    canvas(page).hover(position={"x": 2, "y": 2})
    assert note.is_hidden()


def test_the_drawing_is_saved_as_a_png_of_the_whole_picture(server: str, visit: Visit) -> None:
    page = visit(f"{server}/dataset?picture=tiny00")
    canvas(page).hover()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as PNG").first.click()
    picture = PIL.Image.open(saved.value.path())
    assert saved.value.suggested_filename == "tiny00.png"
    assert picture.width / picture.height == pytest.approx(96 / 64, rel=0.01)
    assert picture.width >= 1200


def green_sides(page: Page) -> tuple[float, float]:
    """Return where row 30 of the picture meets the ground truth's two lines, in pixels of the picture.

    A line is about two pixels of the screen wide and smooth at its edges, so it is looked for between whole columns.
    """
    places = np.arange(0, 96, 0.1)
    colours = np.array([canvas(page).evaluate(COLOUR, [float(each), 30]) for each in places])
    green = places[(colours[:, 0] < 60) & (colours[:, 1] - colours[:, 0] > 60)]
    gaps = np.flatnonzero(np.diff(green) > 1)
    assert len(gaps) == 1, green
    left, right = np.split(green, gaps + 1)
    return float(left.mean()), float(right.mean())


def is_green(page: Page, x: float) -> bool:
    """Tell whether the ground truth's line stands at this place of row 30."""
    red, green, _ = canvas(page).evaluate(COLOUR, [x, 30])
    return bool(red < 60 and green - red > 60)


DRAWING = (Path(canvas_component.__file__).parent / "canvas.js").read_text("utf-8")


def test_words_at_boxes_that_lie_on_each_other_are_written_side_by_side(
    server: str, visit: Visit
) -> None:
    words = visit(server).evaluate(
        f"""() => {{
            {DRAWING.replace("export default", "const show =")}
            const canvas = document.createElement("canvas"), words = [];
            [canvas.width, canvas.height] = [300, 200];
            const word = (left) => tag(canvas.getContext("2d"), "person 0.85", [left, 90, 60, 80], "red", 1, words);
            [20, 22, 25, 230].forEach(word);
            return words;
        }}"""
    )
    assert [(words[0]["x"], words[0]["y"]), words[3]["y"]] == [(20, 73), 73]  # over their boxes
    for first, second in itertools.combinations(words, 2):
        across = min(each["x"] + each["wide"] for each in (first, second)) - max(
            first["x"], second["x"]
        )
        down = min(each["y"] + each["high"] for each in (first, second)) - max(
            first["y"], second["y"]
        )
        assert across <= 0 or down <= 0
