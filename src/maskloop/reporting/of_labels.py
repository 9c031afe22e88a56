"""The report on labels that were compared with the truth, whoever made them."""

from collections.abc import Sequence

from maskloop.reporting.html import page
from maskloop.reporting.judged_image import JudgedImage
from maskloop.reporting.scores import score_images
from maskloop.reporting.sections import (
    show_curves,
    show_examples,
    show_failures,
    show_images,
    show_scores,
    sign,
    summarise,
)


def describe_labels(predicted: str, truth: str, images: Sequence[JudgedImage]) -> str:
    """Write the report on labels.

    Parameters
    ----------
    predicted, truth : str
        The names of what was compared.
    images : sequence of JudgedImage
        At least one.

    Returns
    -------
    str
        HTML that needs nothing but itself.
    """
    scores = score_images(images)
    return page(
        f"Report on the labels {predicted}",
        summarise(predicted, scores, len(images)),
        [
            show_scores(scores, len(images), f"Compared with the true labels {truth}."),
            show_curves(scores, images),
            show_failures(images),
            show_examples(images),
            show_images(images),
        ],
        sign(),
    )
