"""How far a training run is, in a word and in a sentence."""

from typing import Literal

from maskloop.jobs.run_story import RunStory
from maskloop.project.run import Run
from maskloop.widgets.train_form import describe_seconds

Status = Literal["waiting", "running", "cut off", "trained", "failed", "adopted", "discarded", "gone"]

GONE = (
    "The folder of this training is not there any more. If the project was moved, the training went with it: open it "
    "where it is now."
)


def status_of(run: Run, story: RunStory, alive: bool) -> Status:
    """Tell how far a run is, by its record, its folder and whether there is a process."""
    if story.decided is not None:
        return "adopted" if story.decided.adopted else "discarded"
    if run.is_gone:  # a process may be alive, and write elsewhere
        return "gone"
    if alive:
        return "waiting" if story.queued else "running"
    if run.is_trained:
        return "trained"
    return "cut off" if run.is_unfinished else "failed"


def describe(story: RunStory, status: Status) -> str:
    """Say how far a run is."""
    return "\n".join([_sentence(story, status), *dict.fromkeys(story.remarks)])


def _sentence(story: RunStory, status: Status) -> str:
    match status:
        case "waiting":
            return "Another training has the computer; this one waits for it."
        case "running":
            return _progress(story)
        case "cut off":
            after = f"goes on after epoch {story.epochs[-1].epoch}" if story.epochs else "begins anew"
            return f"{_why(story)} Resume {after}."
        case "trained":
            return _result(story)
        case "failed":
            return _why(story)
        case "adopted":
            return "Adopted: it is the project's model now."
        case "discarded":
            return "Discarded; only this record is left."
        case "gone":
            return GONE


def _progress(story: RunStory) -> str:
    if story.began is None:
        return "Starting…"
    if story.trained:
        return "Comparing…"
    if not story.epochs:
        return f"Training on {story.began.device}; the first epoch takes longest…"
    if story.share == 1:
        return "Testing the best epoch on what is held out…"
    left = story.seconds_left
    best = f", best so far: {story.best.epoch}" if story.best else ""
    return f"Epoch {story.epochs[-1].epoch}{best}; {describe_seconds(left or 0)} left, on {story.began.device}."


def _why(story: RunStory) -> str:
    if story.ended is None:
        return "Training ended before it was done: its process was killed, or the disk is full."
    if story.ended.outcome == "stopped":
        return story.ended.reason or "Training was stopped."
    if story.ended.outcome == "done":
        return "The model is not here any more: it was renamed or removed."
    return f"Training failed: {story.ended.reason}"


def _result(story: RunStory) -> str:
    count = len(story.epochs)
    best = f"; the best one, {story.best.epoch}, is kept" if story.best and count > 1 else ""
    text = f"Trained for {count} epoch{'' if count == 1 else 's'}{best}."
    failed = story.ended is not None and story.ended.outcome == "failed"
    return f"{text} It could not be compared: {story.ended.reason}" if failed and story.ended else text
