"""Models in the terminal: listed with the adopted one marked, changed where nobody else holds the project."""

import subprocess
import sys
from datetime import datetime

import numpy as np
import pytest
from typer.testing import CliRunner

from maskloop import cli
from maskloop.config import NetworkConfig, TaskConfig, name_classes
from maskloop.project.model_folder import ModelCard, Training, read_card, save_card, sha256_of
from maskloop.project.project import Project
from maskloop.project.registry import Registry
from maskloop.recipes import RECIPES


def run(*arguments):
    return CliRunner().invoke(cli.app, ["models", *map(str, arguments)])


def said(result):
    """What a command said that went well."""
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def refusal(result, code=1):
    """The one line on stderr with which a command ended."""
    assert result.exit_code == code, result.output
    assert result.stderr.startswith("maskloop: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.fixture
def project(tmp_path, random_weights):
    """A folder with a project of two models."""
    folder = tmp_path / "my prö ject"
    Project.create(folder).close()
    network = NetworkConfig(filters=(2, 4))
    for seed, name in enumerate(("first", "second")):
        model = folder / "models" / name
        model.mkdir(parents=True)
        (model / "weights.safetensors").write_bytes(random_weights(network, seed))
        sha256 = sha256_of(model / "weights.safetensors")
        card = ModelCard(name=name, network=network, diameter=21, diameter_range=(5, 80), weights_sha256=sha256)
        save_card(card.model_copy(update={"description": f"The {name}."}), model)
    return folder


def titles(result):
    return [line for line in said(result).splitlines() if not line.startswith(" ")]


def test_the_list_of_a_project_marks_the_adopted_model(project):
    nuclei, colour = titles(run())
    assert nuclei.startswith("nuclei: ")
    assert colour.startswith("nuclei-colour: ")
    assert titles(run("--project", project)) == [nuclei, colour, "first: The first.", "second: The second."]
    assert said(run("adopt", project, "second")) == f"second is the model of {project} now.\n"
    assert titles(run("--project", project)) == [nuclei, colour, "first: The first.", "second (adopted): The second."]
    assert said(run("adopt", project, "nuclei"))
    assert titles(run("--project", project))[0] == nuclei.replace("nuclei", "nuclei (adopted)", 1)


def test_the_list_shows_what_matters_of_each(project):
    with Project(project) as opened:
        learned = opened.add(np.zeros((8, 8), np.uint8), name="field 7").id
    folder = project / "models" / "first"
    training = Training(images=1, held_out=("a", "b"), revisions={learned: 3})
    save_card(read_card(folder).model_copy(update={"training": training}), folder)
    text = said(run("--project", project))
    for line, times in (
        ("makes: objects\n", 4),
        ("sees: grey\n", 3),
        ("sees: colour\n", 1),
        ("size: about 21 pixels across (5 to 80)\n", 2),
        ("learned from: 1 image; field 7, version 3\n", 1),
        ("held out: 2 images\n", 1),
        (f"made: {datetime.now():%d %b %Y}", 2),
    ):
        assert text.count(f"  {line}") == times


def test_a_model_of_classes_is_listed_with_what_it_has(project):
    task = TaskConfig(kind="classes", classes=name_classes(["liver", "tumour"]))
    scores = {"dice of liver": 0.9, "dice of tumour": 0.5, "dice": 0.7, "iou": 0.6}
    network = NetworkConfig(filters=(2, 4), task=task)
    training = Training(scores=scores, recipe=RECIPES["liver-ct"])
    first = project / "models" / "first"
    changes = {"network": network, "training": training, "usual_diameter": 42}
    save_card(read_card(first).model_copy(update=changes), first)
    said = run("--project", project).stdout
    for line in (
        "makes: classes (liver, tumour)",
        "size: about 21 pixels across (5 to 80), rescaled from 42",
        "scores: Dice 0.700, IoU 0.600, dice of liver 0.900, dice of tumour 0.500",
        "recipe: filters 64 128 256 512 (relu), whole images of 256 pixels",
        "parent: none, it was trained from scratch",
        "training: 0 epochs, 0.0 minutes, seed 0",
    ):
        assert f"  {line}" in said


def test_damaged_models_are_named_with_the_reason_below_the_others(project):
    (project / "models" / "first" / "model.json").write_bytes(b"")
    result = run("--project", project)
    sentence = refusal(result)
    assert sentence.startswith("maskloop: first is damaged: ")
    assert "model.json is not a description" in sentence
    assert "second: " in result.stdout
    assert "first: " not in result.stdout


def test_a_project_without_models_says_so(tmp_path):
    Project.create(tmp_path / "new").close()
    assert titles(run("--project", tmp_path / "new"))[-1] == f"{tmp_path / 'new'} has no models of its own."


def test_a_model_is_renamed_and_described(project):
    assert said(run("rename", project, "first", "Größe 大")) == "first is named Größe 大 now.\n"
    assert said(run("describe", project, "Größe 大", "Large nuclei.")) == "Größe 大 is described now.\n"
    assert "Größe 大: Large nuclei." in titles(run("--project", project))


def test_adopted_models_are_rolled_back(project):
    for name in ("first", "second"):
        run("adopt", project, name)
    assert said(run("rollback", project)) == f"first is the model of {project} again.\n"
    assert said(run("rollback", project)) == f"{project} has no adopted model now.\n"
    assert "none to roll back" in refusal(run("rollback", project))


def test_a_model_goes_from_project_to_project(project, tmp_path):
    other, file = tmp_path / "other", tmp_path / "m.zip"
    Project.create(other).close()
    assert said(run("export", project, "first", "--out", file)) == f"{file} holds first.\n"
    assert said(run("import", other, file)) == f"{file} is the model first of {other} now.\n"
    assert said(run("import", other, file)) == f"{file} is the model first-2 of {other} now.\n"
    assert read_card(other / "models" / "first").description == "The first."
    assert "is there already" in refusal(run("export", project, "first", "--out", file))
    file.write_text("no zip")
    assert "is not a zip file" in refusal(run("import", other, file))


def test_a_removed_model_is_in_the_trash(project):
    run("adopt", project, "second")
    assert "adopt another" in refusal(run("remove", project, "second"))
    sentence = said(run("remove", project, "first"))
    ((removed, _),) = Registry(project).removed
    assert sentence == f"first is in the trash of the project: {removed}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rename", "nothing", "new"), "no model 'nothing'"),
        (("rename", "nuclei", "new"), "ships with maskloop"),
        (("rename", "first", "second"), "'second' already"),
        (("rename", "first", "../up"), "cannot be the name"),
        (("describe", "first", "x" * 2001), "at most 2000"),
        (("adopt", "nothing"), "no model 'nothing'"),
        (("remove", "nothing"), "no model 'nothing'"),
        (("import", "nothing.zip"), "no file nothing.zip"),
        (("export", "nothing", "--out", "x.zip"), "no model 'nothing'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(project, arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command, *rest = arguments
    assert words in refusal(run(command, project, *rest))
    assert "is not a project" in refusal(run(command, tmp_path, *rest))


def test_nothing_is_changed_while_somebody_else_holds_the_project(project, tmp_path):
    run("adopt", project, "first")
    run("export", project, "first", "--out", tmp_path / "m.zip")
    changes = [("rename", "first", "new"), ("describe", "first", "text"), ("adopt", "second"), ("rollback",)]
    with Project(project):
        for command, *rest in [*changes, ("import", tmp_path / "m.zip"), ("remove", "second")]:
            assert "is open for reading only" in refusal(run(command, project, *rest))
        assert titles(run("--project", project))[2:] == ["first (adopted): The first.", "second: The second."]
        said(run("export", project, "second", "--out", tmp_path / "n.zip"))


def test_the_project_of_the_list_is_no_project_of_a_command(project):
    assert "--project goes with the list" in refusal(run("--project", project, "rollback", project), 2)


def test_nothing_heavy_is_imported_for_models(project, tmp_path):
    script = f"""
import sys
from maskloop.cli import app
for command in (["--project", {str(project)!r}], ["export", {str(project)!r}, "first", "--out", "m.zip"],
                ["import", {str(project)!r}, "m.zip"]):
    app(["models", *command], standalone_mode=False)
print({{"tensorflow", "keras", "napari"}} & set(sys.modules))
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert result.stdout.splitlines()[-1] == "set()"
