"""COCO's figures by pycocotools, hits and misses, and the results format."""

# ruff: noqa: SIM300 - AP50 is COCO's word, no constant

import numpy as np
import pytest
import torch

from fastrcnn_core.datasets import Annotation
from fastrcnn_core.detection.matching import match_detections
from fastrcnn_core.evaluation import (
    Counts,
    Evaluation,
    coco_results,
    evaluate_detections,
    precision_recall_curve,
    proposal_recall,
)
from fastrcnn_core.structures import AnnotatedImage, Detections, Image, SuppressedBoxes

PERSON, OTHER, FAR = [0.0, 0, 50, 100], [100.0, 0, 150, 100], [300.0, 300, 350, 350]
Boxes = list[list[float]]


def picture(
    name: str, boxes: Boxes, *, tags: tuple[str, ...] = (), labels: tuple[int, ...] = ()
) -> AnnotatedImage:
    return AnnotatedImage(
        Image(np.zeros((400, 400, 3), np.uint8), name),
        np.asarray(boxes, np.float32).reshape(-1, 4),
        np.asarray(labels or [1] * len(boxes), np.int64),
        ("person", "dog"),
        tags or ("",) * len(boxes),
    )


def detections(
    boxes: Boxes, scores: list[float] | None = None, labels: list[int] | None = None
) -> Detections:
    count = len(boxes)
    none = torch.zeros(0)
    suppressed = SuppressedBoxes(none.view(0, 4), none, none.long(), none.long(), none.long(), none)
    return Detections(
        torch.tensor(boxes, dtype=torch.float32).view(-1, 4),
        torch.tensor(scores or [0.9 - 0.1 * row for row in range(count)]),
        torch.tensor(labels or [1] * count, dtype=torch.int64),
        torch.arange(count),
        ("person", "dog"),
        suppressed,
    )


def judge(found: dict[str, Detections], pictures: list[AnnotatedImage]) -> Evaluation:
    annotations = [Annotation.of(annotated) for annotated in pictures]
    return evaluate_detections(found, annotations, classes=("person", "dog"))


def counts(found: Detections, truth: AnnotatedImage) -> Counts:
    return precision_recall_curve([(found, match_detections(found, truth))]).at(0.0)


def test_a_detector_that_is_right_everywhere_has_ap_1() -> None:
    judged = judge(
        {"a": detections([PERSON, OTHER]), "b": detections([FAR])},
        [picture("a", [PERSON, OTHER]), picture("b", [FAR])],
    )
    assert judged.all.AP == pytest.approx(1)
    assert (judged.images, judged.ground_truth, judged.detections) == (2, 3, 3)


def test_finding_one_of_two_people_is_half_the_recall_and_51_of_the_101_points() -> None:
    judged = judge({"a": detections([PERSON])}, [picture("a", [PERSON, OTHER])])
    assert judged.all.AP50 == pytest.approx(51 / 101)
    assert judged.all.recall == pytest.approx(0.5)


def test_a_box_that_covers_60_percent_counts_at_iou_50_to_60_and_not_above() -> None:
    judged = judge({"a": detections([[0.0, 0, 50, 61]])}, [picture("a", [PERSON])])
    assert judged.all.AP50 == pytest.approx(1)
    assert judged.all.AP75 == 0
    assert judged.all.AP == pytest.approx(3 / 10)


def test_a_better_scored_mistake_costs_precision_and_a_worse_scored_one_does_not() -> None:
    people = [picture("a", [PERSON])]
    early = judge({"a": detections([FAR, PERSON])}, people)
    late = judge({"a": detections([PERSON, FAR])}, people)
    assert early.all.AP50 == pytest.approx(1 / 2)
    assert late.all.AP50 == pytest.approx(1)


def test_added_people_count_and_a_second_figure_leaves_them_aside() -> None:
    annotated = picture("a", [PERSON, OTHER], tags=("", "added"))
    missed = judge({"a": detections([PERSON])}, [annotated])
    assert missed.ground_truth == 2
    assert missed.all.AP50 == pytest.approx(51 / 101)
    assert missed.without_added is not None
    assert missed.without_added.AP50 == pytest.approx(1)
    found = judge({"a": detections([OTHER, PERSON])}, [annotated])
    assert found.without_added is not None
    assert found.without_added.AP50 == pytest.approx(1)  # an added person is no false positive


def test_a_second_box_on_an_added_person_is_still_wrong() -> None:
    annotated = picture("a", [PERSON, OTHER], tags=("", "added"))
    judged = judge({"a": detections([OTHER, OTHER, PERSON])}, [annotated])
    assert judged.without_added is not None
    assert judged.without_added.AP50 == pytest.approx(1 / 2)


def test_detections_in_a_crowd_are_ignored() -> None:
    annotated = picture("a", [PERSON, [200.0, 200, 400, 400]], tags=("", "crowd"))
    judged = judge({"a": detections([FAR, FAR, PERSON])}, [annotated])
    assert judged.ground_truth == 1
    assert judged.all.AP50 == pytest.approx(1)


def test_each_class_is_judged_for_itself() -> None:
    annotated = picture("a", [PERSON, OTHER], labels=(1, 2))
    judged = judge({"a": detections([PERSON, OTHER], labels=[1, 1])}, [annotated])
    person, dog = judged.classes
    assert (person.name, person.ground_truth, person.AP50) == ("person", 1, pytest.approx(1))  # type: ignore[comparison-overlap]
    assert (dog.name, dog.ground_truth, dog.AP50) == ("dog", 1, 0)
    assert judged.all.AP50 == pytest.approx(1 / 2)


def test_the_curve_of_a_class_is_its_ap() -> None:
    judged = judge({"a": detections([FAR, PERSON, OTHER])}, [picture("a", [PERSON, OTHER])])
    assert len(judged.classes[0].precision) == 101
    assert np.mean(judged.classes[0].precision) == pytest.approx(judged.all.AP50)
    assert judged.classes[0].precision[0] == pytest.approx(2 / 3)
    assert judged.classes[0].scores[51] == pytest.approx(0.7)


def test_boxes_are_sorted_into_sizes_by_their_own_area() -> None:
    small, large = [0.0, 0, 31, 31], [100.0, 100, 200, 200]
    judged = judge({"a": detections([large])}, [picture("a", [small, large])])
    assert (judged.all.AP_small, judged.all.AP_medium) == (0, None)
    assert judged.all.AP_large == pytest.approx(1)


def test_nothing_found_nothing_there_and_no_pictures_are_all_numbers() -> None:
    assert judge({"a": detections([])}, [picture("a", [PERSON])]).all.AP == 0
    assert judge({"a": detections([PERSON])}, [picture("a", [])]).all.AP is None
    assert judge({}, []).all.AP is None


def test_pycocotools_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    judge({"a": detections([PERSON])}, [picture("a", [PERSON])])
    assert capsys.readouterr().out == ""


def test_proposal_recall_is_the_ceiling() -> None:
    pictures = [picture("a", [PERSON, OTHER]), picture("b", [FAR], tags=("crowd",))]
    proposals = {
        "a": np.asarray([[0, 0, 50, 51], [100, 0, 150, 49]], np.float32),
        "b": np.zeros((0, 4), np.float32),
    }
    assert proposal_recall(proposals, pictures) == pytest.approx(1 / 2)
    assert proposal_recall({"a": proposals["b"]}, [picture("a", [])]) is None


def test_the_figures_that_the_command_line_promises_are_at_the_top() -> None:
    values = judge({"a": detections([PERSON])}, [picture("a", [PERSON])]).to_dict()
    promised = {"AP", "AP50", "AP75", "images", "ground_truth", "proposal_recall_50"}
    assert promised <= set(values)


def test_results_are_x_y_width_height_with_the_name_beside_them() -> None:
    found = {"street": detections([OTHER], [0.5], [2])}
    name = found["street"].classes[1]
    row = {"image": "street", "category_id": 2, "category": name, "bbox": [100, 0, 50, 100]}
    assert coco_results(found) == [row | {"score": 0.5}]
    results = coco_results(found, {"street": 404}, {f" {name.upper()}": 11})
    assert results == [row | {"image_id": 404, "category_id": 11, "score": 0.5}]
    assert coco_results(found, {"street": 404}, {"another": 11}) == []


def test_a_hit_a_duplicate_and_a_background_hit() -> None:
    shifted = [2.0, 0, 52, 100]
    judged = match_detections(detections([PERSON, shifted, FAR]), picture("a", [PERSON, OTHER]))
    assert judged.verdicts == ("hit", "duplicate", "background")
    assert judged.gt_index.tolist() == [0, 0, -1]
    assert judged.missed.tolist() == [1]
    assert judged.found_by.tolist() == [0, -1]


def test_the_better_score_takes_the_person_whatever_its_iou() -> None:
    judged = match_detections(detections([[0.0, 0, 50, 60], PERSON]), picture("a", [PERSON]))
    assert judged.verdicts == ("hit", "duplicate")


def test_a_second_box_takes_the_free_neighbour_if_it_overlaps_that_enough() -> None:
    neighbour = [0.0, 0, 50, 80]
    judged = match_detections(detections([PERSON, PERSON]), picture("a", [PERSON, neighbour]))
    assert judged.verdicts == ("hit", "hit")
    assert judged.gt_index.tolist() == [0, 1]


def test_another_class_is_no_hit() -> None:
    judged = match_detections(detections([PERSON], labels=[2]), picture("a", [PERSON]))
    assert judged.verdicts == ("background",)
    assert judged.iou.tolist() == [0]


def test_in_a_crowd_nothing_is_right_or_wrong() -> None:
    annotated = picture("a", [[200.0, 200, 400, 400]], tags=("crowd",))
    judged = match_detections(detections([FAR]), annotated)
    assert judged.verdicts == ("ignored",)
    assert counts(detections([FAR]), annotated) == Counts(0, 0, 0, ground_truth=0)
    assert judged.missed.tolist() == []


def test_counts_give_precision_recall_and_f1() -> None:
    shifted = [2.0, 0, 52, 100]
    total = counts(detections([PERSON, shifted, FAR]), picture("a", [PERSON, OTHER]))
    assert (total.precision, total.recall) == (1 / 3, 1 / 2)
    assert total.f1 == pytest.approx(2 / 5)
    assert (total.false_positives, total.missed) == (2, 1)


def test_an_empty_street_has_no_recall_and_no_precision() -> None:
    total = counts(detections([]), picture("a", []))
    assert (total.precision, total.recall, total.f1) == (None, None, None)


def test_a_split_is_judged_by_its_sums() -> None:
    right, wrong, truth = detections([PERSON]), detections([FAR]), picture("a", [PERSON])
    pairs = [(found, match_detections(found, truth)) for found in (right, wrong)]
    assert precision_recall_curve(pairs).at(0.0).precision == 1 / 2
    assert precision_recall_curve([]).at(0.0).recall is None


def test_hits_are_the_true_positives_of_pycocotools() -> None:
    """Compare at one class, one IoU and distinct scores: recall at the end of the curve is the share of hits."""
    generator = np.random.default_rng(0)
    corners = generator.uniform(0, 200, (20, 2))
    boxes = np.concatenate([corners, corners + generator.uniform(20, 150, (20, 2))], axis=1)
    annotated = picture("a", boxes[:8].tolist())
    found = detections(
        (boxes[4:] + generator.normal(0, 8, (16, 4))).tolist(),
        generator.permutation(16).astype(np.float32).tolist(),
    )
    order = found.scores.argsort(descending=True)
    ranked = detections(found.boxes[order].tolist(), found.scores[order].tolist())
    curve = np.asarray(judge({"a": ranked}, [annotated]).classes[0].precision)
    hits = counts(ranked, annotated).hits
    assert 0 < hits < 8
    assert (curve > 0).sum() == int(hits / 8 * 100) + 1
