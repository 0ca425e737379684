"""The parts of the RoI sampling page: the picture, the counts, the charts, the crops and the questions students ask."""

from __future__ import annotations

from functools import partial

import streamlit as st

from fastrcnn_core.config import ProposalConfig
from pages.ui.components import chart, figures, nouns
from pages.ui.roi_sampling import charts, pictures, selection, tables, words
from pages.ui.roi_sampling.view import Kind, SamplingView
from pages.ui.shell import header
from pages.ui.state.roi_sampling import RoISamplingSelection

# Chosen here: two rows of crops on a wide screen.
_CROPS = 24


def picture(view: SamplingView, chosen: int | None, selected: RoISamplingSelection) -> None:
    """Show the RoIs that one training step would sample from this picture."""
    drawing = pictures.draw(
        view, chosen=chosen, ignored=selected.ignored, left_out=selected.left_out
    )
    caption = words.caption(view)
    alt = f"The picture {view.annotated.name} with its sampled RoIs. {caption}"
    figures.show(drawing, key="sampled", caption=caption, alt=alt, on_choose=partial(_ask, view))
    _too_few(view)


def kept_out(part: str | None) -> None:
    """Say of a picture of the test split that no training step samples from it."""
    if part == "test":
        st.caption(
            ":material/info: This picture is of the test split: no training step ever draws from it. This is what one "
            "would draw."
        )


def counts(view: SamplingView) -> None:
    """From candidates to drawn RoIs, in four numbers."""
    truth = len(view.candidates) - view.proposals
    with st.container(horizontal=True, gap="large"):
        st.metric(
            "Candidates",
            f"{len(view.candidates):,}",
            delta=f"{view.proposals:,} proposals + {truth} ground truth",
            delta_color="off",
            delta_arrow="off",
            width="content",
        )
        for kind in ("foreground", "background", "ignored"):
            _count(view, kind)


def kinds(view: SamplingView) -> None:
    """Show a histogram of IoUs with the thresholds, and how rare positives are."""
    st.header("How rare are positives, and where do the thresholds cut?", anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        caption = (
            "How rare are positives? Among the candidates, and among the drawn RoIs, where their share is lifted to at "
            f"most {view.config.foreground_share:.0%}."
        )
        chart.show(charts.shares(view), key="shares", alt=caption, caption=caption)
    with right:
        caption = (
            "Where do the thresholds cut? All candidates by their IoU with the ground truth that they overlap most; "
            "each line of the grid is ten times the one below."
        )
        chart.show(charts.histogram(view), key="ious", alt=caption, caption=caption)


def crops(view: SamplingView) -> None:
    """Show crops of the sampled RoIs, positives first."""
    st.header("What does the head see in them?", anchor=False)
    for kind in ("foreground", "background"):
        rows = view.rows(kind, drawn=True)
        if not len(rows):
            continue
        shown = rows[:_CROPS]
        with st.container(horizontal=True, gap="small", key=f"crops-{kind}"):
            for row, crop in zip(shown, pictures.crops(view, shown), strict=True):
                alt = words.candidate(view, int(row))
                st.image(crop, caption=f"{view.iou[row]:.2f}", width=80, alt=alt)
        more = f", the first {_CROPS} of {len(rows)}" if len(rows) > _CROPS else ""
        st.caption(f"{words.NAMES[kind].capitalize()}{more}, each with its IoU.")
    called = nouns.singular(view.annotated.classes)
    noun = f"{'an' if called == 'object' else 'a'} {called}"
    st.markdown(
        "The head will see each of them, whatever its shape, as 7 × 7 cells of features. A negative may well show "
        f"half {noun}: that is how the head learns that half {noun} is not a good box."
    )


def questions(view: SamplingView, proposal_config: ProposalConfig) -> None:
    """Answer students' questions with this picture's numbers."""
    config = view.config
    st.header("How does one get more positives?", anchor=False)
    st.markdown(
        f"This picture has {len(view.rows('foreground')):,} positive candidates, and a step looks at up to "
        f"{view.places} of them ({config.foreground_share:.0%} of {config.rois_per_image}). A lower foreground IoU "
        "makes more of them, but of worse boxes; a higher share makes room for more; better proposals make more good "
        "ones."
    )
    st.table(tables.more_positives(view), border="horizontal", hide_index=True)
    header.link("proposals", "Find better proposals")
    st.header(
        f"Why {config.rois_per_image} in training and {proposal_config.limit:,} at test?",
        anchor=False,
    )
    st.markdown(
        "Training wants a balanced lesson: most candidates are background, and most of that looks alike, so that "
        f"{config.rois_per_image} RoIs of a picture, positives among them for sure, are enough for a step. At test "
        "no annotation says which proposal is good, and one that is not looked at cannot be found: "
        f"the head looks at all {view.proposals:,} of them."
    )
    header.link("detection", "See all of them judged")


def _count(view: SamplingView, kind: Kind) -> None:
    taken = len(view.rows(kind, drawn=True))
    st.metric(
        words.NAMES[kind].capitalize(),
        f"{len(view.rows(kind)):,}",
        delta="never drawn" if kind == "ignored" else f"{taken} drawn",
        delta_color="off",
        delta_arrow="off",
        width="content",
    )


def _too_few(view: SamplingView) -> None:
    """Say why there are no positives, or fewer RoIs than asked for."""
    if not len(view.annotated.boxes):
        st.markdown(
            "No one is annotated on this picture: no candidate can be positive, and the step learns "
            "from it only what is background."
        )
    elif not len(view.rows("foreground")):
        st.markdown(
            f"No candidate reaches IoU {view.config.foreground_iou:.2f}: lower the foreground IoU, or add the ground "
            "truth to the candidates."
        )
    if len(view.drawn) < view.config.rois_per_image:
        st.markdown(
            f"Only {len(view.drawn)} RoIs were drawn, not {view.config.rois_per_image}: there are no more of the right "
            "kinds. A lower bound for the background IoU admits more negatives."
        )


def _ask(view: SamplingView, mark: figures.Chosen) -> None:
    """Choose the candidate whose mark was clicked on."""
    if (row := pictures.clicked(view, mark)) is not None:
        selection.choose(view, row)
