"""Train on an accelerator that TensorFlow does not know, on another Keras backend, with the same network and loss.

1. ``python benchmarks/other_backend.py crops DSB2018 WORK --steps N`` writes the crops that `train_bundled` learns from
   first, as it makes them, and those that it judges by.
2. ``KERAS_BACKEND=jax python benchmarks/other_backend.py train WORK`` fits the network to them, where Keras runs on
   JAX, PyTorch or TensorFlow, and writes the weights. It needs numpy, pydantic, safetensors and keras beside that.
3. ``python benchmarks/other_backend.py check WORK`` compares its loss and its maps with what TensorFlow makes of these
   weights.
"""

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path

import keras  # noqa: TID253 - nothing here is of the window
import numpy as np

from maskloop.model.loss import loss_of
from maskloop.model.unet import build_unet
from maskloop.model.weights import load_weights, save_weights

CROPS, JUDGED, WEIGHTS, FOUND = "crops-{:05}.npz", "judged.npz", "weights.safetensors", "found.json"
AT_ONCE = 50  # steps in a file
SHOWN = 2  # crops whose maps are compared


def write_crops(data: Path, work: Path, steps: int) -> None:
    from maskloop.data.dataset import prepare, training_batches, validation_batches
    from maskloop.training.course import Course
    from train_bundled import FIRST, first_lesson

    config = FIRST.model_copy(update={"steps": AT_ONCE})
    course = Course(first_lesson(data), config)
    validation = [prepare(example, course.task) for example in course.exam.examples]
    for number in range(-(-steps // AT_ONCE)):
        images, targets = zip(*training_batches(course.training, config, number).as_numpy_iterator(), strict=True)
        halves = {"images": np.float16(images), "targets": np.float16(targets)}
        np.savez_compressed(work / CROPS.format(number), **halves)
    images, targets = (np.concatenate(a) for a in zip(*validation_batches(validation, config), strict=True))
    np.savez_compressed(work / JUDGED, images=images, targets=targets)


def batches(work: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for file in sorted(work.glob(CROPS.replace("{:05}", "*"))):
        arrays = np.load(file)
        yield from zip(arrays["images"].astype(np.float32), arrays["targets"].astype(np.float32), strict=True)


def train(work: Path) -> None:
    from maskloop.config import NetworkConfig
    from maskloop.recipes import RECIPES

    network = build_unet(NetworkConfig())
    steps = AT_ONCE * len(list(work.glob(CROPS.replace("{:05}", "*"))))
    rate = keras.optimizers.schedules.CosineDecay(RECIPES["maskloop"].learning_rate, steps, alpha=0.01)
    network.compile(keras.optimizers.AdamW(rate, clipnorm=1.0), loss_of("objects"))
    for step, (images, targets) in enumerate(batches(work)):
        loss = float(network.train_on_batch(images, targets))
        if step % AT_ONCE == AT_ONCE - 1:
            print(f"{step + 1} of {steps} steps, loss {loss:.3f}", flush=True)
    save_weights(network, work / WEIGHTS)
    (work / FOUND).write_text(json.dumps(judge(network, work)))


def judge(network: keras.Model, work: Path) -> dict:
    judged = np.load(work / JUDGED)
    network.compile(loss=loss_of("objects"))
    loss = float(network.evaluate(judged["images"], judged["targets"], batch_size=8, verbose=0))
    maps = np.asarray(network.predict_on_batch(judged["images"][:SHOWN]))
    return {"backend": keras.backend.backend(), "loss": loss, "maps": maps[:, ::8, ::8].tolist()}


def check(work: Path) -> None:
    from maskloop.config import NetworkConfig

    network = build_unet(NetworkConfig())
    load_weights(network, work / WEIGHTS)
    there, here = json.loads((work / FOUND).read_text()), judge(network, work)
    apart = np.abs(np.array(there["maps"]) - np.array(here["maps"])).max()
    print(f"loss {there['loss']:.5f} on {there['backend']}, {here['loss']:.5f} on {here['backend']}")
    print(f"maps differ by {apart:.1g} at most")
    assert math.isclose(there["loss"], here["loss"], rel_tol=1e-3)
    assert apart < 1e-2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    of_crops = commands.add_parser("crops")
    of_crops.add_argument("data", type=Path)
    of_crops.add_argument("--steps", type=int, required=True)
    for command in (of_crops, commands.add_parser("train"), commands.add_parser("check")):
        command.add_argument("work", type=Path)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if options.command == "crops":
        write_crops(options.data, options.work, options.steps)
    else:
        {"train": train, "check": check}[options.command](options.work)


if __name__ == "__main__":
    main()
