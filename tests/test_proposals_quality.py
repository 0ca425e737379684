"""A pedestrian's best box is followed through the funnel, and each filter that takes it says why."""

import numpy as np

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.proposals.funnel import Funnel, funnel
from fastrcnn_core.proposals.quality import BestBox, Removal, best_by_stage
from fastrcnn_core.selective_search import SearchResult

PERSON = np.array([0, 0, 20, 100], np.float32)


def found(*boxes: list[float]) -> SearchResult:
    """Build a search result of these boxes, best ranked first."""
    count = np.arange(len(boxes), dtype=np.int32)
    rows = np.array(boxes, np.float32).reshape(-1, 4)
    return SearchResult(rows, 0 * count, count, count.astype(np.float32), ())


def stages(boxes: list[list[float]], **knobs: object) -> dict[str, BestBox]:
    config = ProposalConfig(**knobs)  # type: ignore[arg-type]
    made: Funnel = funnel(found(*boxes), config)
    return {best.stage: best for best in best_by_stage(made, PERSON)}


def test_a_box_that_nothing_takes_is_the_best_at_every_stage() -> None:
    followed = stages([[50, 50, 90, 90], [0, 0, 20, 80]])
    assert list(followed) == ["found", "minimum side", "aspect ratio", "deduplicated", "kept"]
    for best in followed.values():
        assert (best.index, round(best.iou, 6), best.rank, best.removal) == (1, 0.8, 2, None)


def test_a_box_that_is_too_small_says_how_long_its_shorter_side_is() -> None:
    followed = stages([[0, 0, 15, 100], [0, 0, 20, 50]])
    assert followed["found"].index == 0
    assert followed["minimum side"] == BestBox("minimum side", 1, 0.5, 1, Removal(0, 15.0))
    assert followed["kept"].removal is None


def test_the_notebooks_aspect_limit_takes_a_standing_figure() -> None:
    followed = stages([[0, 0, 20, 100], [0, 0, 40, 100]], max_aspect=4.0)
    assert followed["minimum side"].iou == 1
    assert followed["aspect ratio"] == BestBox("aspect ratio", 1, 0.5, 1, Removal(0, 5.0))


def test_a_near_duplicate_names_the_better_ranked_box_that_it_repeats() -> None:
    followed = stages([[50, 50, 90, 90], [0, 0, 20, 90], [0, 0, 20, 100]], distinct_iou=0.85)
    best = followed["deduplicated"]
    assert (best.index, best.rank) == (1, 2)
    assert best.removal is not None
    assert (best.removal.index, best.removal.duplicate_of, round(best.removal.measure, 3)) == (
        2,
        1,
        0.9,
    )


def test_a_box_that_went_itself_silences_nobody_however_near_it_is() -> None:
    heights = (75, 90, 100)  # the second repeats the first, the third repeats the second most
    followed = stages([[0, 0, 20, height] for height in heights], distinct_iou=0.7)
    removal = followed["deduplicated"].removal
    assert removal is not None
    assert (removal.index, removal.duplicate_of, round(removal.measure, 3)) == (2, 0, 0.75)


def test_a_box_beyond_the_limit_says_its_place() -> None:
    followed = stages([[50, 50, 90, 90], [0, 0, 20, 80]], limit=1)
    assert followed["kept"] == BestBox("kept", None, 0.0, None, Removal(1, 2.0))


def test_with_the_largest_first_the_silencer_is_found_in_that_order() -> None:
    followed = stages([[0, 0, 20, 100], [0, 0, 21, 105]], distinct_iou=0.85, order="area")
    removal = followed["deduplicated"].removal
    assert removal is not None
    assert (removal.index, removal.duplicate_of) == (0, 1)


def test_without_any_box_there_is_no_best() -> None:
    for best in stages([]).values():
        assert (best.index, best.iou, best.rank, best.removal) == (None, 0.0, None, None)


def test_a_box_elsewhere_is_nobodys_best() -> None:
    assert stages([[50, 50, 90, 90]])["kept"].index is None
