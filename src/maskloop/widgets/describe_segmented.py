"""What a segmentation came to, in a sentence or two for the person."""

from maskloop.jobs.messages import Done
from maskloop.ops.describe_rescaling import describe_rescaling
from maskloop.ops.nothing_found import explain_nothing_found


def describe_segmented(event: Done) -> str:
    """Say how much was found and of what size, and what was done for it; or why nothing was found."""
    if not event.objects:
        rescaled = event.rescaled[0] if event.rescaled and event.task.kind == "objects" else None
        return explain_nothing_found(event.highest, event.labels, rescaled, event.constant, event.task)
    pixels = f"{event.diameter:.0f} pixel{'' if round(event.diameter) == 1 else 's'}" if event.diameter else ""
    size = f", about {pixels} across" if pixels else ""
    text = f"{event.objects} {event.task.noun}{'s' if event.objects > 1 else ''}{size}."
    change = describe_rescaling(event.rescaled) if event.rescaled else ""
    return f"{text} The image was {change} for the model." if change else text
