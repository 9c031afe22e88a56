"""The report on labels that were compared with the truth, whoever made them."""

from collections.abc import Sequence
from typing import Any

from maskloop.reporting.html import page
from maskloop.reporting.judged_image import JudgedImage
from maskloop.reporting.kind import Kind
from maskloop.reporting.sections import (
    show_curves,
    show_examples,
    show_failures,
    show_images,
    show_scores,
    sign,
)


def describe_labels(kind: Kind[Any], predicted: str, truth: str, images: Sequence[JudgedImage]) -> str:
    """Write the report on labels.

    Parameters
    ----------
    kind : Kind
        Of the task.
    predicted, truth : str
        The names of what was compared.
    images : sequence of JudgedImage
        At least one.

    Returns
    -------
    str
        HTML that needs nothing but itself.
    """
    findings = kind.find([judged.verdict for judged in images])
    return page(
        f"Report on the labels {predicted}",
        findings.summarise(predicted),
        [
            show_scores(findings, len(images), f"Compared with the true labels {truth}."),
            show_curves(findings),
            show_failures(findings),
            show_examples(kind, images),
            show_images(kind, images),
        ],
        sign(),
    )
