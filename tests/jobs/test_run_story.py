"""What the record of a run comes to, event by event."""

import math

from maskloop.jobs.run_events import (
    Began,
    Compared,
    Decided,
    Ended,
    EpochEnded,
    Queued,
    Remark,
    Trained,
    append_event,
    read_events,
)
from maskloop.jobs.run_story import RunStory
from maskloop.project.history import Epoch

BEGAN = Began(device="CPU", computer="here")


def epoch(number, seconds=2.0, val_loss=0.5, share=0.0):
    """Return the event of an epoch of which only what matters here is not 0."""
    return EpochEnded(epoch=Epoch(number, 0, 0, 0, val_loss, 0, 0, 0, 0, seconds), share=share)


def story_of(*events):
    """Return what some events come to."""
    story = RunStory()
    for event in events:
        story.add(event)
    return story


def test_of_a_run_without_a_record_nothing_is_known():
    story = RunStory()
    assert [story.best, story.seconds_left, story.seconds_per_epoch, story.computer] == 4 * [None]
    assert [story.epochs, story.remarks, story.queued, story.trained] == [[], [], False, False]


def test_it_waits_until_it_begins_and_once_more_where_it_is_started_again():
    assert story_of(Queued()).queued
    assert not story_of(Queued(), BEGAN).queued
    assert story_of(Queued(), BEGAN, Ended(outcome="stopped"), Queued()).queued


def test_how_a_process_ended_counts_until_the_next_one_begins():
    assert story_of(BEGAN, Ended(outcome="failed", reason="No memory.")).ended.reason == "No memory."
    assert story_of(BEGAN, Ended(outcome="failed"), BEGAN).ended is None
    assert story_of(BEGAN, Ended(outcome="failed"), Queued()).ended is None
    assert not story_of(Queued(), Ended(outcome="stopped")).queued


def test_the_best_epoch_is_that_of_the_lowest_validation_loss_and_the_first_of_two_alike():
    assert story_of(*(epoch(i, val_loss=loss) for i, loss in enumerate([0.5, 0.3, 0.3, 0.4], 1))).best.epoch == 2


def test_the_first_epoch_is_no_measure_of_the_others():
    assert story_of(epoch(1, seconds=9)).seconds_per_epoch == 9
    assert story_of(epoch(1, seconds=9), epoch(2, seconds=2), epoch(3, seconds=4)).seconds_per_epoch == 3


def test_time_left_is_told_by_what_the_share_that_is_done_took():
    assert story_of(epoch(1, seconds=6, share=0.25)).seconds_left == 18
    assert story_of(epoch(1, seconds=6, share=0.5), epoch(2, seconds=6, share=1)).seconds_left == 0


def test_epochs_that_were_cut_off_are_replaced_when_they_are_done_again():
    story = story_of(epoch(1), epoch(2), epoch(3, val_loss=0.1, share=0.9), BEGAN, epoch(2, val_loss=0.2, share=0.6))
    assert [e.epoch for e in story.epochs] == [1, 2]
    assert story.best.val_loss == 0.2
    assert story.share == 0.6


def test_remarks_comparison_and_decision_are_kept_as_told():
    compared = Compared(rows=(("pixels", "model"), ("held out", "tiny")), recommendation="Keep tiny.", better=False)
    story = story_of(Remark(text="one"), Remark(text="two"), Trained(), compared, Decided(adopted=False))
    assert story.remarks == ["one", "two"]
    assert story.trained
    assert story.compared == compared
    assert story.decided.adopted is False


def test_a_score_that_is_no_number_survives_the_record(tmp_path):
    append_event(EpochEnded(epoch=Epoch(1, 0, 0, 0, 0.5, 0, 0, math.nan, 0, 2), share=0.5), tmp_path / "events.jsonl")
    [read], _ = read_events(tmp_path / "events.jsonl")
    assert math.isnan(read.epoch.val_ap50)
    assert story_of(read).best.epoch == 1
