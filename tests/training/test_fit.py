"""The loop: which weights are kept, how the rate falls, when it ends."""

import numpy as np
import pytest

from maskloop.config import TrainConfig
from maskloop.data.dataset import normalise_greys, prepare, validation_batches
from maskloop.data.examples import read_examples
from maskloop.errors import EngineError, InputError
from maskloop.ops.task_kinds import Objects
from maskloop.project.history import Epoch, read_history


@pytest.fixture(scope="module")
def layers(data):
    return [prepare(normalise_greys(example, 1), Objects()) for example in read_examples(data)]


def fitted(layers, config: TrainConfig, folder, alter=lambda _: None, ap50=lambda: 0.5, held_out=None, **callbacks):
    """Fit a network of fixed random weights, by default with the first image held out; return it with its history."""
    import keras

    from maskloop.model.unet import build_unet
    from maskloop.training.callbacks import Callbacks
    from maskloop.training.fit import fit

    keras.utils.set_random_seed(0)
    network = build_unet(config.network)
    alter(network)
    validation = held_out or layers[:1]
    return network, fit(network, layers[1:], validation, config, folder, Callbacks(**callbacks), ap50=ap50)


def test_it_ends_when_nothing_gets_better_with_the_weights_of_the_best_epoch(layers, settings, tmp_path):
    config, shares = settings(epochs=100, steps=1, learning_rate=1, patience=2), []
    network, history = fitted(layers, config, tmp_path, on_epoch=lambda _, share: shares.append(share))
    losses = [epoch.val_loss for epoch in history]
    assert len(history) < 100
    assert shares[-2] < shares[-1] == 1  # the time left is none, though epochs are left
    assert np.argmin(losses) == len(losses) - 1 - config.patience
    loss = network.evaluate(validation_batches(layers[:1], config), verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(min(losses), rel=1e-4)


def test_a_share_of_the_base_is_in_what_is_kept(layers, settings, tmp_path):
    started, kept = [], []
    for share in (0, 0.5):
        config = settings(base="nuclei", epochs=2, patience=None, of_base=share)
        (tmp_path / str(share)).mkdir()
        network, _ = fitted(layers, config, tmp_path / str(share), alter=lambda n: started.append(n.get_weights()))
        kept.append(network.get_weights())
    for first, own, mixed in zip(started[0], *kept, strict=True):
        assert not np.allclose(first, own, atol=1e-3)
        np.testing.assert_allclose(mixed, (first + own) / 2, atol=1e-4)


def test_it_is_that_of_the_base_too_where_a_training_was_cut_off(layers, settings, tmp_path):
    def cut_off(epoch, _):
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    config = settings(base="nuclei", of_base=0.5)
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole, history = fitted(layers, config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fitted(layers, config, tmp_path / "parts", on_epoch=cut_off)
    again, resumed = fitted(layers, config, tmp_path / "parts")
    assert [epoch.val_loss for epoch in resumed] == pytest.approx([epoch.val_loss for epoch in history])
    for one, other in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_each_epoch_sees_other_crops(layers, settings, tmp_path):
    _, history = fitted(layers, settings(learning_rate=1e-9), tmp_path)  # too low to change the network
    losses = [epoch.loss for epoch in history]
    assert np.abs(np.diff(losses)).min() > 1e-3


def test_the_rate_falls_along_a_cosine_after_a_first_gentle_epoch(layers, settings, tmp_path):
    _, history = fitted(layers, settings(epochs=4, steps=1, learning_rate=0.01), tmp_path)
    # A fifth at first; then half of 1 + cos(pi / 4), 1 + cos(pi / 2), 1 + cos(3 pi / 4).
    wanted = [0.002, 0.0085355, 0.005, 0.0014645]
    assert [epoch.learning_rate for epoch in history] == pytest.approx(wanted, rel=1e-4)


def test_minutes_are_a_budget_that_what_went_before_counts_against(layers, settings, tmp_path):
    config = settings(epochs=None, minutes=1e-3, steps=1)
    shares = []
    _, history = fitted(layers, config, tmp_path, on_epoch=lambda _, share: shares.append(share))
    assert len(history) == 1
    assert shares == [1]
    assert fitted(layers, config, tmp_path)[1] == history


def test_where_other_pixels_are_held_out_by_now_the_best_epoch_is_judged_by_these(layers, settings, tmp_path):
    from maskloop.model.weights import load_weights

    config, told, remarks = settings(epochs=3, steps=1), [], []
    options = {"on_epoch": lambda *epoch: told.append(epoch), "should_stop": lambda: len(told) == 2}
    network, cut_off = fitted(layers, config, tmp_path, **options)
    load_weights(network, tmp_path / "weights.safetensors")
    others = [*layers[1:], layers[0]]
    loss = network.evaluate(validation_batches(others[:1], config), verbose=0, return_dict=True)["loss"]
    shares = []
    _, history = fitted(others, config, tmp_path, on_remark=remarks.append, on_epoch=lambda _, s: shares.append(s))
    assert shares == pytest.approx([2 / 3, 2 / 3, 1])  # those told once more are done
    best = int(np.argmin([epoch.val_loss for epoch in cut_off]))
    assert [epoch.val_loss for epoch in history[:2]] == [pytest.approx(loss, rel=1e-4), np.inf][:: 1 - 2 * best]
    assert [epoch.loss for epoch in history[:2]] == [epoch.loss for epoch in cut_off]
    assert remarks == ["The project has changed since: the best epoch is judged by what is held out now."]


def test_scores_by_what_is_held_out_now_are_written_though_no_further_epoch_ends(layers, settings, tmp_path):
    config, told = settings(epochs=3, steps=1), []
    options = {"on_epoch": lambda *epoch: told.append(epoch), "should_stop": lambda: len(told) == 2}
    _, before = fitted(layers, config, tmp_path, **options)
    told.clear()
    _, history = fitted([*layers[1:], layers[0]], config, tmp_path, **options)
    assert len(history) == len(before) == 2
    losses = [epoch.val_loss for epoch in history]
    assert losses != [epoch.val_loss for epoch in before]
    assert [epoch.val_loss for epoch in read_history(tmp_path / "history.csv")] == pytest.approx(losses, abs=1e-6)


def test_the_last_weights_are_gone_on_with_where_the_best_ones_were_judged_anew(layers, settings, tmp_path):
    config, other, histories = settings(epochs=4, steps=1, learning_rate=1), layers[1:2], []
    for name, held_out_first in (("other from the start", other), ("other by now", layers[:1])):
        (tmp_path / name).mkdir()
        told = []
        options = {"on_epoch": lambda *epoch, told=told: told.append(epoch), "should_stop": lambda t=told: len(t) == 3}
        _, cut_off = fitted(layers, config, tmp_path / name, held_out=held_out_first, **options)
        assert min(cut_off, key=lambda epoch: epoch.val_loss) is not cut_off[-1]
        histories.append(fitted(layers, config, tmp_path / name, held_out=other)[1])
    assert [history[-1].val_loss for history in histories] == [histories[0][-1].val_loss] * 2


def test_the_score_of_each_epoch_is_asked_for_and_kept(layers, settings, tmp_path):
    scores = iter([0.25, 0.5, 0.75])
    _, history = fitted(layers, settings(epochs=3, steps=1), tmp_path, ap50=lambda: next(scores))
    assert [epoch.val_ap50 for epoch in history] == [0.25, 0.5, 0.75]


def spoil(network, factor):
    """Let the last layers answer nothing, or a lot more than they were taught."""
    for variable in network.trainable_variables[-4:]:
        variable.assign(factor * (1 + np.asarray(variable)))


@pytest.mark.parametrize("factor", [np.nan, 1e6], ids=["no number", "out of all bounds"])
def test_what_diverges_at_once_is_refused_with_advice(layers, settings, tmp_path, factor):
    with pytest.raises(InputError, match=r"diverged in its first epoch.*Give a learning rate below 1, or larger"):
        fitted(
            layers,
            settings(steps=200, learning_rate=1),
            tmp_path,
            alter=lambda network: spoil(network, factor),
        )
    assert list(tmp_path.iterdir()) == []


def test_what_diverges_later_keeps_the_best_epoch_before(layers, settings, tmp_path):
    remarks, network = [], []

    def spoiled(epoch, _):
        if epoch.epoch == 2:
            spoil(network[0], np.nan)

    options = {"on_remark": remarks.append, "on_epoch": spoiled, "alter": network.append}
    _, history = fitted(layers, settings(epochs=9, steps=2), tmp_path, **options)
    assert [epoch.epoch for epoch in history] == [1, 2]
    assert len(remarks) == 1
    assert "diverged in epoch 3; the best one before is kept" in remarks[0]
    assert all(np.isfinite(np.asarray(v)).all() for v in network[0].trainable_variables)


def test_memory_that_runs_out_halves_the_batch_and_training_goes_on(layers, settings, tmp_path):
    import tensorflow as tf

    remarks, sizes = [], []

    def narrow(network):
        """Let no more than two crops into a network, as a small graphics card would."""
        fit = network.fit

        def fit_two(batches, **options):
            sizes.append(batches.element_spec[0].shape[0])
            if sizes[-1] > 2:
                raise tf.errors.ResourceExhaustedError(None, None, "no memory")
            return fit(batches, **options)

        network.fit = fit_two

    _, history = fitted(layers, settings(batch=8, epochs=2), tmp_path, on_remark=remarks.append, alter=narrow)
    assert sizes == [8, 4, 2, 2]
    assert [epoch.epoch for epoch in history] == [1, 2]
    assert remarks == [f"Memory ran out: from here on there are {n} crops in a batch." for n in (4, 2)]


def test_memory_that_runs_out_while_it_is_judged_changes_no_score(layers, settings, tmp_path):
    import tensorflow as tf

    def narrow(network):
        evaluate, asked = network.evaluate, []

        def fail_in_the_second_epoch(*batches, **options):
            asked.append(batches)
            if len(asked) == 2:
                raise tf.errors.ResourceExhaustedError(None, None, "no memory")
            return evaluate(*batches, **options)

        network.evaluate = fail_in_the_second_epoch

    losses = []
    for name, alter in (("wide", lambda _: None), ("narrow", narrow)):
        (tmp_path / name).mkdir()
        _, history = fitted(layers, settings(epochs=2, learning_rate=0.01), tmp_path / name, alter=alter)
        losses.append([epoch.val_loss for epoch in history])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_memory_that_does_not_hold_one_crop_is_an_error(layers, settings, tmp_path):
    import tensorflow as tf

    def narrow(network):
        def fit(*_, **__):
            raise tf.errors.ResourceExhaustedError(None, None, "no memory")

        network.fit = fit

    with pytest.raises(EngineError, match="single crops of 32 pixels"):
        fitted(layers, settings(), tmp_path, alter=narrow)


def test_an_epoch_without_a_number_of_steps_has_as_many_as_show_each_image_once(layers, settings, tmp_path):
    network, _ = fitted(layers, settings(epochs=2, steps=None, batch=2), tmp_path)
    assert len(layers) == 4  # one of them is held out
    assert int(network.optimizer.iterations) == 2 * 2


def epoch(number, val_loss, rate):
    return Epoch(number, 0, 0, 0, val_loss, 0, 0, 0, rate, 0)


@pytest.mark.parametrize(
    ("schedule", "wanted"),
    [("constant", [1, 1, 1, 1, 1, 1, 1]), ("plateau", [1, 1, 1, 1, 0.5, 0.5, 0.5])],
)
def test_the_rate_stays_or_halves_after_a_plateau(schedule, wanted):
    from maskloop.training.fit import _share_of_rate

    losses = [3, 2, 2.5, 2.5, 1.9, 2, 2]  # two epochs in a row are no better, twice
    config, shares, history = TrainConfig(schedule=schedule, plateau=2), [], []
    for loss in losses:
        shares.append(_share_of_rate(config, 0.5, history))
        history.append(epoch(len(history) + 1, loss, shares[-1] * config.learning_rate))
    assert shares == wanted
    assert _share_of_rate(config, 0.5, history) == wanted[-1] / (2 if schedule == "plateau" else 1)


def test_epochs_that_other_pixels_have_judged_are_no_plateau_and_what_was_halved_stays_so():
    from maskloop.training.fit import _share_of_rate

    config = TrainConfig(schedule="plateau", plateau=2)
    rate = config.learning_rate
    history = [*(epoch(number, np.inf, rate) for number in range(1, 5)), epoch(5, 2, rate / 2)]
    assert _share_of_rate(config, 0.5, history) == 0.5
    assert _share_of_rate(config, 0.5, [*history, epoch(6, 3, 0), epoch(7, 3, 0)]) == 0.25


def test_plain_adam_and_adamw_with_clipped_gradients_are_what_is_asked_for(layers, settings, tmp_path):
    kinds = {}
    for name in ("adam", "adamw"):
        (tmp_path / name).mkdir()
        network, _ = fitted(layers, settings(epochs=1, optimiser=name), tmp_path / name)
        kinds[name] = (type(network.optimizer).__name__, network.optimizer.clipnorm)
    assert kinds == {"adam": ("Adam", None), "adamw": ("AdamW", 1.0)}


def test_without_patience_it_goes_on_to_the_last_epoch(layers, settings, tmp_path):
    _, history = fitted(layers, settings(epochs=12, steps=1, learning_rate=1, patience=None), tmp_path)
    assert len(history) == 12


def test_what_is_judged_and_kept_is_the_average_and_what_is_fitted_is_not(layers, settings, tmp_path):
    histories = []
    for average in (False, True):
        config = settings(epochs=3, learning_rate=0.01, average=average)
        (tmp_path / str(average)).mkdir()
        network, history = fitted(layers, config, tmp_path / str(average))
        histories.append(history)
        loss = network.evaluate(validation_batches(layers[:1], config), verbose=0, return_dict=True)["loss"]
        assert loss == pytest.approx(min(epoch.val_loss for epoch in history), rel=1e-4)
    of_last_step, of_average = histories
    assert [epoch.loss for epoch in of_last_step] == [epoch.loss for epoch in of_average]
    assert of_last_step[-1].val_loss != of_average[-1].val_loss
