"""The Proposals page in a real browser: canvases that follow the hand, a film that can be scrubbed, boxes that tell."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.proposals import best_overlap, propose
from fastrcnn_core.selective_search import STRATEGIES
from fastrcnn_core.selective_search.proposal_trace import ProposalTrace, trace_proposals
from pages.ui.proposals import players
from pages.ui.state.proposals import SECTIONS
from tests.browser.conftest import eventually, served, settle
from tests.support.datasets import write_tiny

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., "Page"]

# The mean of the pixels of a small square of a canvas, its middle given as shares of width and height.
COLOUR = """(canvas, [x, y]) => {
    const [left, top] = [Math.round(canvas.width * x) - 2, Math.round(canvas.height * y) - 2];
    const { data } = canvas.getContext("2d").getImageData(left, top, 5, 5);
    return [0, 1, 2].map((channel) => {
        let sum = 0;
        for (let place = channel; place < data.length; place += 4) sum += data[place];
        return sum / 25;
    });
}"""


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("two people") / "street", count=4, people=2)


@pytest.fixture(scope="module")
def address(street: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("proposals"), data=str(street)) as address:
        yield f"{address}/proposals?method=single&min-side=8"


@pytest.fixture(scope="module")
def film(street: Path) -> ProposalTrace:
    """Return the trace that the player shows of the first picture."""
    data = open_dataset(street)
    image = data.load(data.names[0]).image
    return trace_proposals(image, STRATEGIES["single"][0], ProposalConfig())


def label_of(page: Page, name: str) -> str:
    """Return the label of a canvas, which a screen reader says."""
    canvas = page.locator(f".{name} canvas")
    canvas.wait_for()
    page.wait_for_function(
        "canvas => canvas.getAttribute('aria-label')", arg=canvas.element_handle()
    )
    return str(canvas.get_attribute("aria-label"))


def now(page: Page) -> str:
    return page.locator(".player .now").inner_text()


def test_the_first_n_follow_the_hand_and_the_server_hears_nothing(
    address: str, street: Path, visit: Visit
) -> None:
    page = visit(address)
    data = open_dataset(street)
    annotated = data.load(data.names[0])
    boxes = propose(annotated.image, ProposalConfig(method="single", min_side=8))
    label_of(page, "viewer")
    page.evaluate(
        """() => {
            const app = document.querySelector('[data-testid="stApp"]');
            window.runs = 0;
            new MutationObserver(() => window.runs++).observe(app, { attributeFilter: ["data-test-script-state"] });
        }"""
    )
    for first in (3, 10, len(boxes)):
        page.locator(".viewer #typed").fill(str(first))
        page.locator(".viewer #typed").press("Tab")
        best = best_overlap(proposals=boxes, gt_boxes=annotated.boxes, limits=[first])[0]
        label = label_of(page, "viewer")
        assert f"the first {first} of {len(boxes)} proposals" in label
        for person, iou in enumerate(best, start=1):
            assert f"person {person}: best IoU {iou:.2f}" in label
        figures = page.locator(".viewer .figures dd").all_inner_texts()
        assert figures[2].split()[0] == f"{best.mean():.2f}"
    page.wait_for_timeout(500)
    assert page.evaluate("window.runs") == 0


def test_the_slider_can_be_moved_with_the_keyboard(address: str, visit: Visit) -> None:
    page = visit(address)
    label_of(page, "viewer")
    slider = page.locator(".viewer #first")
    slider.press("Home")
    assert page.locator(".viewer #typed").input_value() == "1"
    slider.press("ArrowRight")
    assert page.locator(".viewer #typed").input_value() == "2"


def test_a_click_asks_a_box_where_it_came_from_and_leads_to_its_merge(
    address: str, visit: Visit
) -> None:
    page = visit(address)
    label_of(page, "viewer")
    canvas = page.locator(".viewer canvas")
    place = canvas.bounding_box()
    assert place is not None
    middle: Any = {"x": place["width"] * 0.15, "y": place["height"] / 2}
    canvas.click(position=middle)
    page.get_by_text(re.compile(r"^Rank \d+ of")).wait_for()
    first = page.get_by_text(re.compile(r"^Rank \d+ of")).inner_text()
    canvas.click(position=middle)  # again at the same place: the next larger box
    page.wait_for_function(
        "before => !document.body.innerText.includes(before)", arg=first.split(":")[0]
    )
    settle(page)
    merge = re.search(r"merge ([\d,]+) of", page.get_by_text(re.compile("^Strategy")).inner_text())
    page.get_by_role("button", name="Play its grouping").click()
    page.locator(".player .now").wait_for()
    assert "section=Grouping" in page.url
    expected = (
        f"erge {merge[1]} of" if merge else ""
    )  # "Merge 3 of 20", or "Compared after merge 3 of 20"
    page.wait_for_function(FILM_SAYS, arg=expected)
    page.locator(".player canvas").press("End")
    page.get_by_role("button", name="Play its grouping").click()  # the same wish again
    page.wait_for_function(FILM_SAYS, arg=expected)


def test_a_pair_that_was_passed_over_has_bars_too(
    address: str, film: ProposalTrace, visit: Visit
) -> None:
    page = visit(address)
    label_of(page, "viewer")
    page.locator(".viewer #typed").fill("1000")
    page.locator(".viewer #typed").press("Tab")
    canvas = page.locator(".viewer canvas")
    place = canvas.bounding_box()
    assert place is not None
    story = page.get_by_text(re.compile("^Strategy"))
    for _ in range(40):  # every click at one place takes the next larger box there
        canvas.click(position={"x": place["width"] * 0.4, "y": place["height"] * 0.6})
        settle(page)
        if "not merged" in story.inner_text():
            break
    page.get_by_role("button", name="Play its grouping").click()
    page.wait_for_function(FILM_SAYS, arg="Compared ")
    bars = [float(text) for text in page.locator(".player .bar output").all_inner_texts()]
    hierarchy = film.hierarchy
    merge = re.search(r"after merge ([\d,]+)", now(page))
    is_compared_then = hierarchy.unmerged_since == (int(merge[1].replace(",", "")) if merge else 0)
    assert len(bars) == 4
    assert (
        np.abs(hierarchy.unmerged_sums[is_compared_then] - sum(bars)).min() < 0.03
    )  # four are rounded


# The film is in a shadow root, where a query of the document does not look.
FILM_SAYS = """words => [...document.querySelectorAll("*")].some(
    (it) => it.shadowRoot?.querySelector(".player .now")?.textContent.includes(words))"""


def test_the_film_goes_from_the_segmentation_to_the_whole_picture(
    address: str, film: ProposalTrace, visit: Visit
) -> None:
    page = visit(f"{address}&section=Grouping")
    label_of(page, "player")
    merges = len(film.hierarchy.merged_pairs)
    assert now(page) == f"The segmentation · {merges + 1} regions"
    page.locator("[data-go=forward]").click()
    assert now(page) == f"Merge 1 of {merges} · {merges} regions left"
    bars = page.locator(".player .bar output").all_inner_texts()
    assert bars == [f"{value:.2f}" for value in film.hierarchy.similarities[0]]
    canvas = page.locator(".player canvas")
    canvas.press("ArrowRight")
    canvas.press("Shift+ArrowRight")
    assert now(page).startswith(f"Merge {min(12, merges)} of")
    canvas.press("ArrowLeft")
    canvas.press("End")
    assert now(page) == f"Merge {merges} of {merges} · 1 region left"
    assert page.locator("[data-go=forward]").is_disabled()
    canvas.press("Home")
    assert now(page).startswith("The segmentation")


def test_the_film_says_how_well_the_best_box_so_far_fits_each_person(
    address: str, street: Path, film: ProposalTrace, visit: Visit
) -> None:
    page = visit(f"{address}&section=Grouping")
    label_of(page, "player")
    data = open_dataset(street)
    people = data.load(data.names[0]).boxes
    iou = pairwise_iou(film.all_boxes, people)
    merges = len(film.hierarchy.merged_pairs)
    best = np.stack([iou[film.merge_step <= merge].max(axis=0) for merge in range(merges + 1)])
    better = [step for step in range(1, len(best)) if (best[step] > best[step - 1]).any()]
    for step in [0, *better]:
        if step:
            page.locator("[data-go=better]").click()
            assert now(page).startswith(f"Merge {step} of")
        for person, iou in enumerate(best[step], start=1):
            assert f"person {person}: best IoU so far {iou:.2f}" in label_of(page, "player")
    assert page.locator("[data-go=better]").is_disabled()


def test_the_film_plays_and_pauses_and_any_step_stops_it(address: str, visit: Visit) -> None:
    page = visit(f"{address}&section=Grouping")
    label_of(page, "player")
    page.locator(".player select").select_option("5")
    page.locator(".player canvas").press(" ")
    page.wait_for_function(FILM_SAYS, arg="Merge 2 of")
    assert page.locator("[data-go=play]").get_attribute("aria-label") == "Pause"
    page.locator("[data-go=back]").click()
    stopped = now(page)
    page.wait_for_timeout(700)
    assert now(page) == stopped
    assert page.locator("[data-go=play]").get_attribute("aria-label") == "Play"


def test_the_film_shows_regions_in_their_mean_colour_and_the_merging_pair_in_two(
    address: str, street: Path, film: ProposalTrace, visit: Visit
) -> None:
    page = visit(f"{address}&section=Grouping")
    label_of(page, "player")
    page.locator(".player .people input").uncheck()
    canvas = page.locator(".player canvas")
    person = open_dataset(street).load("tiny00").boxes[0]
    inside = [float(person[[0, 2]].mean() / 96), float(person[[1, 3]].mean() / 64)]

    def is_the_persons_own_red() -> bool:
        red, green, blue = canvas.evaluate(COLOUR, inside)
        return red > 180 and max(green, blue) < 80

    eventually(is_the_persons_own_red)
    canvas.press("End")  # one part of the last pair is blue, the other orange
    eventually(lambda: canvas.evaluate(COLOUR, inside)[1] > 80)


def test_a_click_on_a_region_goes_to_the_merge_that_takes_it_in(
    address: str, film: ProposalTrace, visit: Visit
) -> None:
    page = visit(f"{address}&section=Grouping")
    label_of(page, "player")
    canvas = page.locator(".player canvas")
    place = canvas.bounding_box()
    assert place is not None
    canvas.click(position={"x": place["width"] / 2, "y": place["height"] / 2})
    region = film.labels[32, 48]
    (merge,) = [
        row for row, pair in enumerate(film.hierarchy.merged_pairs, start=1) if region in pair
    ]
    assert now(page).startswith(f"Merge {merge} of")


def test_another_picture_begins_its_film_at_the_segmentation(address: str, visit: Visit) -> None:
    page = visit(f"{address}&section=Grouping")
    label_of(page, "player")
    page.locator(".player canvas").press("End")
    page.get_by_role("button", name=re.compile("^Next")).first.click()
    page.wait_for_url("**picture=tiny01**")
    page.wait_for_function(FILM_SAYS, arg="The segmentation")
    settle(page)
    assert "tiny01" in label_of(page, "viewer")


def test_a_survey_grows_by_itself_until_it_is_complete(address: str, visit: Visit) -> None:
    page = visit(f"{address}&section=Quality")
    page.get_by_text("The data set", exact=True).click()
    page.get_by_role("button", name=re.compile("^Compute for ")).click()
    page.get_by_text("All 4 pictures").wait_for()
    page.get_by_text("8 people on 4 pictures.").wait_for()
    page.get_by_text("Which people are found worst?").wait_for()
    stop = page.get_by_role("button", name="Stop", exact=True)
    eventually(lambda: stop.count() == 0)  # a stale button goes with the run after the last


QUESTIONS = {
    "Segmentation": "Where does the search start?",
    "Grouping": "Which regions merge?",
    "Funnel": "Which filter costs what?",
    "Quality": "How good are the proposals?",
    "Methods": "Which method finds more?",
    "Sweep": "What does each knob do when it is moved?",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_section_fits_a_phone(address: str, visit: Visit, scheme: str) -> None:
    page = visit(address, width=400, scheme=scheme)
    label_of(page, "viewer")
    for section in SECTIONS:
        page.get_by_role("radio", name=section, exact=True).click()  # not the method "quality"
        page.get_by_role("heading", name=QUESTIONS[section]).wait_for()
        settle(page)
        overhang = page.evaluate(
            """() => {
                const main = document.querySelector('[data-testid="stMain"]');
                return main.scrollWidth - main.clientWidth;
            }"""
        )
        assert overhang <= 0, section
        assert page.get_by_text("Something went wrong").count() == 0, section
    ink = page.locator(".viewer #of").evaluate("it => getComputedStyle(it).color")
    lightness = sum(map(int, re.findall(r"\d+", ink)[:3])) / 3
    assert (lightness > 150) == (scheme == "dark")


STAGE = (Path(players.__file__).parent / "stage.js").read_text("utf-8")


def test_numbers_at_the_ends_of_curves_stand_apart_and_in_order(visit: Visit, address: str) -> None:
    page = visit(address)
    places = [100.0, 52.0, 50.0, 99.0, 10.0]
    moved = page.evaluate(f"(places) => {{ {STAGE}; return apart(places, 11, 104); }}", places)
    assert moved == [104, 61, 50, 93, 10]


@pytest.mark.parametrize(("top", "inside", "outside"), [(40, 45, 30), (4, 9, 92)])
def test_a_name_stands_over_the_head_or_under_the_feet_but_never_on_a_face(
    visit: Visit, address: str, top: int, inside: int, outside: int
) -> None:
    page = visit(address)
    face, name = page.evaluate(
        f"""([top, inside, outside]) => {{
            {STAGE}
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [200, 200];
            const stage = new Stage(canvas, () => {{}});
            Object.assign(stage, {{ width: 200, height: 200, scale: 1, zoom: 1 }});
            stage.tag("1: 0.85", [20, top, 90, 80], "#009E73");
            const alpha = (y) => stage.context.getImageData(22, y, 1, 1).data[3];
            return [alpha(inside), alpha(outside)];
        }}""",
        [top, inside, outside],
    )
    assert face == 0
    assert name > 0


def test_names_of_people_who_stand_together_do_not_lie_on_each_other(
    visit: Visit, address: str
) -> None:
    page = visit(address)
    places = page.evaluate(
        f"""() => {{
            {STAGE}
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [300, 200];
            const stage = new Stage(canvas, () => {{}});
            Object.assign(stage, {{ width: 300, height: 200, scale: 1, zoom: 1 }});
            for (const left of [20, 40, 60, 230]) stage.tag("1: 0.85", [left, 90, left + 60, 180], "#009E73");
            return stage.words;
        }}"""
    )
    assert (places[0]["x"], places[0]["y"]) == (20, 72)  # where it is alone, right over its box
    assert (places[3]["x"], places[3]["y"]) == (230, 72)
    for first, second in itertools.combinations(places, 2):
        across = min(each["x"] + each["across"] for each in (first, second)) - max(
            first["x"], second["x"]
        )
        down = min(each["y"] + each["high"] for each in (first, second)) - max(
            first["y"], second["y"]
        )
        assert across <= 0 or down <= 0


def test_back_and_forward_are_one_step_a_page_and_keep_the_section(
    address: str, visit: Visit
) -> None:
    page = visit(address)
    label_of(page, "viewer")
    page.get_by_text("Funnel", exact=True).click()
    page.get_by_text("Which filter costs what?").wait_for()
    page.reload()
    page.get_by_text("Which filter costs what?").wait_for()
    settle(page)
    page.wait_for_function("history.pushState.isOfPages")  # on a busy machine it comes late
    entries = page.evaluate("history.length")
    page.get_by_role("link", name="Overview", exact=True).first.click()
    page.get_by_role("heading", name="What happens to this picture").wait_for()
    settle(page)
    # The words of the link are written one after the other, and are no steps of their own.
    assert page.evaluate("history.length") == entries + 1
    page.go_back()
    page.get_by_role("heading", name="Which boxes are worth looking at?").wait_for()
    page.get_by_text("Which filter costs what?").wait_for()
    settle(page)
    label_of(page, "viewer")
    page.go_forward()
    page.get_by_role("heading", name="What happens to this picture").wait_for()
