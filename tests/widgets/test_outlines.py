"""A small picture: the outlines of right, wrong and missed objects, each in a colour of its own."""

import numpy as np
import pytest

from maskloop.ops.overlay import MISSED, RIGHT, WRONG
from maskloop.project.preview import Preview
from maskloop.widgets.outlines import picture

SHAPE = (40, 60)
SQUARE = np.s_[5:15, 5:15]
OTHER = np.s_[20:30, 35:45]


@pytest.fixture
def draw(qapp):
    """A function that draws labels and truth on grey; returns the colours of the pixels, of shape (Y, X, 3)."""

    def draw(labels, truth, side=60, grey=0.5, of_objects=True):
        image = np.full((*labels.shape, 1), grey, np.float32)
        drawn = picture(Preview(image, truth, labels, labels, of_objects), labels, side).toImage()
        colours = [drawn.pixelColor(x, y).getRgb()[:3] for y in range(drawn.height()) for x in range(drawn.width())]
        return np.array(colours).reshape(drawn.height(), drawn.width(), 3)

    return draw


def labels(*squares):
    """Return labels with squares, numbered from 1."""
    found = np.zeros(SHAPE, np.int32)
    for number, square in enumerate(squares, start=1):
        found[square] = number
    return found


def outline(square):
    """Return the outermost pixels of a square."""
    mask = labels(square) > 0
    rows, columns = square
    mask[rows.start + 1 : rows.stop - 1, columns.start + 1 : columns.stop - 1] = False
    return mask


def where(drawn, colour):
    return np.all(drawn == colour, axis=-1)


def test_an_object_that_is_right_has_a_blue_outline_and_nothing_else_is_coloured(draw):
    drawn = draw(labels(SQUARE), labels(SQUARE))
    np.testing.assert_array_equal(where(drawn, RIGHT), outline(SQUARE))
    assert (drawn[~outline(SQUARE)] == 127).all()


def test_one_that_is_not_there_is_orange_and_one_that_was_not_found_is_yellow(draw):
    drawn = draw(labels(SQUARE), labels(OTHER))
    np.testing.assert_array_equal(where(drawn, WRONG), outline(SQUARE))
    np.testing.assert_array_equal(where(drawn, MISSED), outline(OTHER))
    assert not where(drawn, RIGHT).any()


def test_their_numbers_need_not_agree(draw):
    drawn = draw(labels(SQUARE, OTHER), labels(OTHER, SQUARE))
    np.testing.assert_array_equal(where(drawn, RIGHT), outline(SQUARE) | outline(OTHER))


@pytest.mark.parametrize(("shift", "colour"), [(3, RIGHT), (4, WRONG)])
def test_right_is_what_shares_at_least_half(draw, shift, colour):
    # 10 x 10 pixels, 3 beside: 70 of 130 are shared; 4 beside: 60 of 140.
    beside = np.s_[5:15, 5 + shift : 15 + shift]
    drawn = draw(labels(beside), labels(SQUARE))
    np.testing.assert_array_equal(where(drawn, colour), outline(beside))
    assert where(drawn, MISSED).any() == (colour == WRONG)


def test_exactly_half_is_right_too_as_in_the_scores(draw):
    half = np.s_[5:15, 5:10]
    drawn = draw(labels(half), labels(SQUARE))
    np.testing.assert_array_equal(where(drawn, RIGHT), outline(half))
    assert not where(drawn, MISSED).any()


def test_two_that_touch_have_a_line_between_them(draw):
    left, right = np.s_[5:15, 5:15], np.s_[5:15, 15:25]
    drawn = draw(labels(left, right), labels(left, right))
    np.testing.assert_array_equal(where(drawn, RIGHT), outline(left) | outline(right))


def test_nothing_found_and_nothing_there_leave_the_image_alone(draw):
    assert (draw(labels(), labels()) == 127).all()
    np.testing.assert_array_equal(where(draw(labels(), labels(SQUARE)), MISSED), outline(SQUARE))


@pytest.mark.parametrize(
    ("square", "shown"),
    [(np.s_[18:22, 28:32], np.s_[9:29, 19:39]), (np.s_[3:38, 50:58], np.s_[10:30, 40:60]), (None, np.s_[10:30, 20:40])],
)
def test_of_a_larger_image_what_lies_amid_the_objects_is_shown_pixel_by_pixel(draw, square, shown):
    found = labels() if square is None else labels(square)
    drawn = draw(found, found, side=20)
    assert drawn.shape == (20, 20, 3)
    expected = np.zeros(SHAPE, bool) if square is None else outline(square)
    np.testing.assert_array_equal(where(drawn, RIGHT), expected[shown])


def test_a_smaller_image_is_shown_whole(draw):
    assert draw(labels(), labels(), side=160).shape == (*SHAPE, 3)


def test_greys_beyond_black_and_white_are_black_and_white(draw):
    assert (draw(labels(), labels(), grey=7) == 255).all()
    assert (draw(labels(), labels(), grey=-1) == 0).all()


def test_channels_are_shown_as_their_mean(qapp):
    image = np.zeros((*SHAPE, 2), np.float32)
    image[..., 1] = 0.5
    drawn = picture(Preview(image, labels(), labels(), labels()), labels(), 60).toImage()
    assert drawn.pixelColor(7, 7).getRgb()[:3] == (63, 63, 63)


def test_of_classes_each_pixel_is_right_or_wrong_by_its_number(draw):
    truth, exchanged = labels(SQUARE, OTHER), labels(OTHER, SQUARE)
    tinted = {colour: tuple(int(0.25 * 127 + 0.75 * part) for part in colour) for colour in (RIGHT, WRONG, MISSED)}
    right, wrong = (draw(found, truth, of_objects=False) for found in (truth, exchanged))
    np.testing.assert_array_equal(where(right, tinted[RIGHT]), truth > 0)
    np.testing.assert_array_equal(where(wrong, tinted[WRONG]), truth > 0)
    missed = draw(labels(SQUARE), truth, of_objects=False)
    np.testing.assert_array_equal(where(missed, tinted[MISSED]), labels(OTHER) > 0)
