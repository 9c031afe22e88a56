"""The sample images: they open in napari, fit their truth, and were never trained on."""

import re

import numpy as np
import pytest
from npe2 import PluginManifest

from maskloop.files import list_images, read_image, read_labels
from maskloop.ops.axes import to_planes
from maskloop.ops.targets import object_diameters
from maskloop.project.model_folder import find_model, read_card
from maskloop.project.suggested_model import suggested_model
from maskloop.resources import resource
from maskloop.samples import SAMPLES

every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.key)


@pytest.fixture
def plugin(npe2pm):
    manifest = PluginManifest.from_file(resource("napari.yaml"))
    with npe2pm.tmp_plugin(manifest=manifest):
        yield npe2pm


def readme_row(sample):
    """The cells of the row of README.md that describes a sample: objects, diameter and id."""
    text = (resource("sample_data") / "README.md").read_text()
    row = re.search(rf"\| `{sample.key}` \|.*\| (\d+) \| (\d+) px \| (\w+) \|", text)
    return int(row[1]), int(row[2]), row[3]


@every_sample
def test_the_truth_fits_its_image_and_the_readme(sample):
    image, _ = read_image(sample.image)
    truth = read_labels(sample.truth)
    objects, diameter, _ = readme_row(sample)
    assert truth.shape == image.shape[:2]
    assert len(np.unique(truth)) - 1 == objects
    assert abs(np.median(object_diameters(truth)) - diameter) <= 0.5


@every_sample
def test_no_sample_was_trained_on(sample):
    planes = to_planes(read_image(sample.image)[0])
    assert readme_row(sample)[2] in read_card(find_model(suggested_model(planes))).training.held_out


def test_the_folder_holds_the_samples_and_nothing_else():
    keys = sorted(sample.key for sample in SAMPLES)
    for folder in ("images", "labels"):
        assert [path.stem for path in list_images(resource("sample_data") / folder)] == keys


@every_sample
def test_napari_opens_a_sample(plugin, sample):
    contributed = {s.key: s for s in plugin.get_manifest("maskloop").contributions.sample_data}
    data, options, kind = contributed[sample.key].open()[0]
    image, _ = read_image(sample.image)
    np.testing.assert_array_equal(data, image)
    if image.ndim == 3:
        assert options["rgb"]
        return
    low, high = options["contrast_limits"]
    assert image.min() <= low < high <= image.max()
    assert (options["name"], kind) == (sample.title, "image")
    assert str(readme_row(sample)[0]) in contributed[sample.key].display_name


def test_the_manifest_names_what_can_be_imported(plugin):
    manifest = plugin.get_manifest("maskloop")
    manifest.validate_imports()
    assert len(manifest.contributions.sample_data) == len(SAMPLES)
    assert [widget.display_name for widget in manifest.contributions.widgets] == ["Segment and correct"]
