"""From knobs to widgets and back: every config, bounds, links, typing, and the way back to the defaults."""

import dataclasses
import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Markdown

from fastrcnn_core.config import Config, DetectionConfig, ProposalConfig, SamplingConfig
from fastrcnn_core.knobs import knobs as knobs_of
from tests.support.app import SECONDS, complaints

CONFIGS = {
    type(getattr(Config(), item.name)).__name__: item.name for item in dataclasses.fields(Config)
}


def page(config: str = "DetectionConfig", **options: Any) -> AppTest:
    """Run a page with nothing on it but knobs and the config that they hold."""
    code = (
        "import streamlit as st\nfrom fastrcnn_core import config\n"
        "from fastrcnn_core.knobs import to_dict\nfrom pages.ui.shell import errors, inputs\n"
        f"with errors.shown():\n    st.json(to_dict(inputs.knobs(config.{config}, **{options!r})))\n"
    )
    return AppTest.from_string(code, default_timeout=SECONDS)


def values_of(app: AppTest) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(app.json[0].value)
    return values


@pytest.mark.parametrize("name", CONFIGS)
def test_every_config_has_its_widgets_and_they_say_its_defaults(name: str) -> None:
    app = page(name).run()
    assert not complaints(app)
    default = getattr(Config(), CONFIGS[name])
    assert values_of(app) == _said_by(default)


def test_a_slider_and_the_field_beside_it_are_one_knob() -> None:
    app = page().run()
    app.slider(key="score-threshold").set_value(0.3).run()
    assert values_of(app)["score_threshold"] == 0.3
    assert app.number_input(key="score-threshold-typed").value == 0.3
    app.number_input(key="score-threshold-typed").set_value(0.77).run()
    assert values_of(app)["score_threshold"] == 0.77
    assert app.slider(key="score-threshold").value == 0.77


def test_a_link_with_former_names_of_knobs_is_followed() -> None:
    app = page()
    app.query_params["zooms"], app.query_params["flip-average"] = "0.5 1", "true"
    app.run()
    assert values_of(app)["tta_scales"] == [0.5, 1.0]
    assert values_of(app)["tta_flip"] is True


def test_confidence_and_nms_are_not_swapped() -> None:
    app = page().run()
    app.slider(key="nms-iou").set_value(0.9).run()
    assert values_of(app)["nms_iou"] == 0.9
    assert values_of(app)["score_threshold"] == DetectionConfig().score_threshold
    assert "NMS" in app.slider(key="nms-iou").label
    assert "Confidence" in app.slider(key="score-threshold").label


def test_a_slider_has_the_knobs_bounds_help_and_source() -> None:
    slider = page().run().slider(key="nms-iou")
    knob = knobs_of(DetectionConfig)["nms_iou"][1]
    assert (slider.min, slider.max, slider.step) == (knob.low, knob.high, knob.step)
    assert knob.help in slider.help
    assert knob.source in slider.help


def test_a_link_sets_a_knob_and_nonsense_in_a_link_changes_nothing() -> None:
    app = page()
    app.query_params["nms-iou"] = "0.45"
    app.query_params["score-threshold"] = "many"
    assert values_of(app.run()) == _said_by(DetectionConfig(nms_iou=0.45))


def test_the_way_back_is_there_when_a_knob_was_moved_and_leads_back() -> None:
    app = page().run()
    assert not app.button
    app.slider(key="nms-iou").set_value(0.9).run()
    app.button[0].click().run()
    assert values_of(app) == _said_by(DetectionConfig())
    assert not app.button


def test_knobs_that_are_not_shown_keep_their_values() -> None:
    app = page("SamplingConfig", only=["foreground_iou"]).run()
    assert len(app.slider) == 1
    app.slider[0].set_value(0.7).run()
    assert values_of(app) == _said_by(SamplingConfig(foreground_iou=0.7))


def test_an_optional_knob_can_be_switched_off_and_on() -> None:
    app = page("ProposalConfig", only=["max_aspect", "distinct_iou"]).run()
    assert values_of(app)["max_aspect"] is None
    assert values_of(app)["distinct_iou"] == ProposalConfig().distinct_iou
    app.toggle(key="max-aspect-on").set_value(True).run()
    app.toggle(key="distinct-iou-on").set_value(False).run()
    assert values_of(app)["max_aspect"] >= 1.0
    assert values_of(app)["distinct_iou"] is None
    app.button[0].click().run()
    assert values_of(app) == _said_by(ProposalConfig())


def test_knobs_that_contradict_each_other_keep_the_last_valid_values_and_can_be_put_right() -> None:
    app = page("SamplingConfig").run()
    app.slider(key="background-iou-high").set_value(0.4).run()
    app.slider(key="background-iou-low").set_value(0.6).run()
    assert not app.exception
    assert values_of(app) == _said_by(SamplingConfig(background_iou_high=0.4))
    below = _element_after(app, "background-iou-low")
    assert "background\\_iou\\_low is above" in below
    app.slider(key="background-iou-low").set_value(0.1).run()
    assert values_of(app)["background_iou_low"] == 0.1
    assert not complaints(app)


def test_a_refusal_stands_below_the_knob_that_was_moved() -> None:
    app = page("SamplingConfig").run()
    app.slider(key="foreground-iou").set_value(0.3).run()
    assert "background\\_iou\\_high is above" in _element_after(app, "foreground-iou")


def test_a_number_is_written_with_at_most_four_significant_digits() -> None:
    app = page("ModelConfig", only=["max_log_growth"]).run()
    assert "Default: 4.135." in app.toggle[0].help
    assert app.number_input(key="max-log-growth").proto.format == "%.4g"
    assert (
        "Default: 0.1 0.1 0.2 0.2."
        in page("ModelConfig", only=["delta_std"]).run().text_input[0].help
    )


def test_numbers_between_spaces_are_a_tuple() -> None:
    app = page("OptimiserConfig", only=["drop_at"]).run()
    app.text_input[0].set_value("0.5, 0.9").run()
    assert values_of(app)["drop_at"] == [0.5, 0.9]
    app.text_input[0].set_value("soon").run()
    assert not app.exception


def _element_after(app: AppTest, key: str) -> str:
    """The first paragraph after a knob's widget, which is the message below it if there is one."""
    elements = list(app.main)
    (place,) = [
        number for number, element in enumerate(elements) if getattr(element, "key", "") == key
    ]
    markdowns = [element for element in elements[place:] if isinstance(element, Markdown)]
    return str(markdowns[0].value)


def _said_by(config: Any) -> dict[str, Any]:
    values = dataclasses.asdict(config)
    return {
        name: list(element) if isinstance(element, tuple) else element
        for name, element in values.items()
    }
