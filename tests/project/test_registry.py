"""The models of a project: names, adoptions, the trash, and zip files, the bad ones too; nothing half done is seen."""

import errno
import hashlib
import io
import json
import os
import pickle
import shutil
import stat
import struct
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from maskloop import files
from maskloop.config import NetworkConfig, TaskConfig, TrainConfig
from maskloop.errors import InputError, ModelError, ProjectError
from maskloop.project import model_name, model_zip, rehearsal
from maskloop.project.model_folder import BUNDLED, ModelCard, Training, read_card, save_card, sha256_of
from maskloop.project.project import Project
from maskloop.project.registry import Registry
from maskloop.project.rehearsal import Rehearsal, read_rehearsal, save_rehearsal
from maskloop.project.run import Run
from maskloop.recipes import RECIPES, read_recipe

TINY = NetworkConfig(filters=(2, 4))
MEMBERS = ["history.csv", "model.json", "rehearsal.npz", "weights.safetensors"]


@pytest.fixture
def registry(project):
    """The registry of an empty project."""
    return Registry(project.folder)


@pytest.fixture
def make(registry, random_weights):
    """A function that makes a whole model in the project; each has other weights, and is newer than the one before."""
    made = []

    def make(name, seed=None):
        folder = registry.project_folder / "models" / name
        folder.mkdir(parents=True)
        (folder / "weights.safetensors").write_bytes(random_weights(TINY, len(made) if seed is None else seed))
        made.append(name)
        os.utime(folder / "weights.safetensors", (10**9 + 60 * len(made),) * 2)
        (folder / "history.csv").write_text("epoch,loss\n1,0.5\n")
        crop = np.arange(72, dtype=np.uint8).reshape(8, 9, 1), np.eye(8, 9, dtype=np.int32)
        save_rehearsal(Rehearsal([crop], []), folder)
        sha256 = sha256_of(folder / "weights.safetensors")
        card = ModelCard(name=name, network=TINY, diameter=20, diameter_range=(5, 80), weights_sha256=sha256)
        save_card(card, folder)
        return folder

    return make


def names(registry):
    assert all(card.name == folder.name for folder, card in registry.models)
    return [folder.name for folder, _ in registry.models]


def everything(folder):
    """Each file and folder below a folder, hidden ones too, with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if path.name not in (".lock", ".holder.json")
    }


def full_disk(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device", "somewhere")


# Listing


def test_a_new_project_has_no_models(registry):
    assert (registry.models, registry.damaged, registry.adopted, registry.removed) == ([], {}, None, [])


def test_models_are_listed_by_the_time_they_were_made_whatever_is_said_of_them_later(registry, make):
    for name in ("zebra", "ape", "mouse"):
        make(name)
    registry.describe("zebra", "Stripes.")
    registry.rename("ape", "kong")
    assert names(registry) == ["zebra", "kong", "mouse"]


def test_damaged_models_are_listed_apart_with_the_reason(registry, make):
    for name in ("good", "garbage", "no weights", "newer"):
        make(name)
    models = registry.project_folder / "models"
    (models / "garbage" / "model.json").write_bytes(b"\xff{")
    (models / "no weights" / "weights.safetensors").unlink()
    card = models / "newer" / "model.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"schema_version": 2}))
    assert names(registry) == ["good"]
    assert sorted(registry.damaged) == ["garbage", "newer", "no weights"]
    for name, words in (("garbage", "model.json"), ("no weights", "lacks its weights"), ("newer", "schema 2")):
        assert words in registry.damaged[name]


def test_what_is_being_trained_is_neither_a_model_nor_damaged(registry, make):
    (make("training") / "model.json").unlink()
    registry.new_folder("nuclei")
    (registry.project_folder / "models" / "notes.txt").write_text("no model")
    assert (registry.models, registry.damaged) == ([], {})


def test_a_folder_renamed_or_copied_by_hand_is_a_model_of_its_new_name(registry, make):
    shutil.copytree(make("one"), registry.project_folder / "models" / "two")
    assert sorted(names(registry)) == ["one", "two"]


def test_models_are_found_by_name_own_and_bundled_ones(registry, make):
    assert registry.find("nuclei") == BUNDLED / "nuclei"
    folder = make("mine")
    assert registry.find("mine") == folder
    for name in ("nothing", "", "../models/mine", str(folder), ".", "mine/"):
        with pytest.raises(ModelError, match=r"There is no model .*; wanted is one of: mine, nuclei, nuclei-colour\."):
            registry.find(name)


def test_a_folder_that_is_no_project_has_no_registry(tmp_path):
    with pytest.raises(ProjectError, match="is not a project"):
        Registry(tmp_path)
    with pytest.raises(ProjectError, match="There is no folder"):
        Registry(tmp_path / "nowhere")


# New folders


@pytest.mark.parametrize(
    ("base", "name"),
    [
        ("nuclei", "nuclei-2"),
        ("nuclei-2", "nuclei-3"),
        ("nuclei-9", "nuclei-10"),
        ("none", "model-1"),
        ("cells 2024-07", "cells 2024-07-2"),
        ("/far/away/Größe 大", "Größe 大-2"),
        ("..", "model-1"),
        ("", "model-1"),
        ("a:b", "model-1"),
    ],
)
def test_a_new_folder_is_named_after_the_base(registry, base, name):
    folder = registry.new_folder(base)
    assert folder == registry.project_folder / "models" / name
    assert list(folder.iterdir()) == []


def test_a_new_folder_takes_the_next_free_number(registry, make):
    make("Nuclei-2")
    assert [registry.new_folder(base).name for base in ("nuclei", "nuclei", "none", "none")] == [
        "nuclei-3",
        "nuclei-4",
        "model-1",
        "model-2",
    ]
    assert len(registry.new_folder("x" * 255).name) < 100


def test_two_at_once_get_two_folders(registry):
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(registry.new_folder, ["nuclei"] * 40))
    assert len(set(folders)) == 40


def test_a_name_that_another_process_takes_just_now_is_passed_over(registry, monkeypatch):
    (registry.project_folder / "models" / "nuclei-2").mkdir(parents=True)
    monkeypatch.setattr(model_name, "same_name", lambda *_: False)  # nothing looks taken
    assert registry.new_folder("nuclei").name == "nuclei-3"


# The names of runs


@pytest.fixture
def make_run(registry, make):
    """A function that makes a run which is to make mine-2 of mine."""

    def make_run():
        make("mine")
        return Run.create(registry.project_folder, TrainConfig(base="mine"))

    return make_run


def test_no_other_model_becomes_that_of_a_run_which_discard_deletes(registry, make, make_run, tmp_path):
    make("mine-2")
    registry.export("mine-2", tmp_path / "mine-2.zip")
    shutil.rmtree(registry.find("mine-2"))
    run = make_run()
    run.discard()  # as its process does where nothing was learned
    assert registry.import_zip(tmp_path / "mine-2.zip") == "mine-3"
    for new in ("mine-2", "Mine-2"):
        with pytest.raises(ModelError, match=f"There is a model or a training '{new}' already"):
            registry.rename("mine-3", new)
    assert not run.is_trained
    run.discard()
    assert sorted(names(registry)) == ["mine", "mine-3"]


def test_what_a_run_made_comes_back_from_the_trash_under_its_name(registry, make_run):
    run = make_run()
    shutil.copytree(registry.find("mine"), run.model, dirs_exist_ok=True)
    removed = registry.remove("mine-2")
    assert registry.bring_back(removed) == "mine-2"
    assert run.is_trained


def test_a_run_has_the_name_of_no_model_in_the_trash(registry, make):
    make("mine"), make("mine-2")
    removed = registry.remove("mine-2")
    assert registry.new_folder("mine").name == "mine-3"
    assert registry.bring_back(removed) == "mine-2"


# Names and descriptions


def test_a_renamed_model_keeps_all_but_its_name(registry, make):
    before = everything(make("old"))
    registry.rename("old", "  Größe 大 v1.2 ")
    folder = registry.find("Größe 大 v1.2")
    after = everything(folder)
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == ["model.json"]
    assert read_card(folder).name == folder.name
    assert names(registry) == [folder.name]


def test_a_name_may_change_its_capitals_only_or_not_at_all(registry, make):
    make("cells")
    registry.rename("cells", "Cells")
    registry.rename("Cells", "Cells")
    assert names(registry) == ["Cells"]


@pytest.mark.parametrize("new", ["", "  ", "a/b", "a\\b", "/", "..", ".hidden", "dot.", "x" * 101, "大" * 80, "a\0b"])
def test_what_cannot_be_a_name_is_refused(registry, make, new):
    make("old")
    before = everything(registry.project_folder)
    with pytest.raises(InputError, match="1 to 100 characters") as refusal:
        registry.rename("old", new)
    assert str(refusal.value).startswith(repr(new.strip()[:100]))
    assert everything(registry.project_folder) == before


@pytest.mark.parametrize("new", ["a\nb", "a\x7fb", "\udcff", "a:b", "what?"])
def test_what_not_every_file_system_takes_is_refused(registry, make, new):
    make("old")
    with pytest.raises(InputError, match="cannot be the name of a model"):
        registry.rename("old", new)


@pytest.mark.parametrize("new", ["other", "OTHER", "nuclei", "Nuclei", "none", "training"])
def test_a_taken_name_is_refused(registry, make, new):
    make("old"), make("other")
    (registry.project_folder / "models" / "training").mkdir()
    before = everything(registry.project_folder)
    with pytest.raises(ModelError, match=f"There is a model or a training '{new}' already; wanted is another"):
        registry.rename("old", new)
    assert everything(registry.project_folder) == before


def test_bundled_and_damaged_and_missing_models_are_not_changed(registry, make):
    (make("damaged") / "model.json").write_bytes(b"")
    before = everything(registry.project_folder), everything(BUNDLED)
    changes = (lambda name: registry.rename(name, "new"), lambda name: registry.describe(name, "text"))
    for name, words in (("nuclei", "ships with maskloop"), ("damaged", r"model\.json"), ("nothing", "no model")):
        for change in changes:
            with pytest.raises(ModelError, match=words):
                change(name)
    with pytest.raises(ModelError, match="ships with maskloop"):
        registry.remove("nuclei")
    assert (everything(registry.project_folder), everything(BUNDLED)) == before


def test_a_description_is_one_line(registry, make):
    folder = make("mine")
    registry.describe("mine", " Kerne, 20 µm,\n “bright” ")
    assert read_card(folder).description == "Kerne, 20 µm, “bright”"
    registry.describe("mine", "x" * 2000)
    assert len(read_card(folder).description) == 2000
    for text in ("x" * 2001, "\udcff", "a\0b"):
        with pytest.raises(InputError, match=r"characters.*cannot be used; wanted are at most 2000"):
            registry.describe("mine", text)
    assert len(read_card(folder).description) == 2000


@pytest.mark.parametrize("broken", ["rename", "save_card"])
def test_a_renaming_that_fails_leaves_the_model_under_its_old_name(registry, make, monkeypatch, broken):
    make("old")
    registry.adopt("old")
    if broken == "rename":
        monkeypatch.setattr(Path, "rename", full_disk)
    else:
        monkeypatch.setattr(model_name, "save_card", full_disk)
    with pytest.raises(OSError, match="No space left"):
        registry.rename("old", "new")
    assert names(registry) == ["old"]
    assert registry.adopted == "old"
    assert [path.name for path in (registry.project_folder / "models").iterdir()] == ["old"]


def test_a_description_that_cannot_be_written_leaves_the_old_one(registry, make, monkeypatch):
    folder = make("mine")
    before = everything(folder)
    monkeypatch.setattr(files.os, "replace", full_disk)
    with pytest.raises(OSError, match="No space left"):
        registry.describe("mine", "new")
    assert everything(folder) == before


# Adoptions


def test_the_model_adopted_last_counts_and_is_kept_on_disk(registry, make):
    make("a"), make("b")
    for name in ("a", "nuclei", "b"):
        registry.adopt(name)
        assert Registry(registry.project_folder).adopted == name
    record = json.loads((registry.project_folder / "models.json").read_text())
    assert record["schema_version"] == 1
    assert [adoption["model"] for adoption in record["adoptions"]] == ["a", "nuclei", "b"]
    times = [adoption["time"] for adoption in record["adoptions"]]
    assert times == sorted(times)


def test_rolling_back_goes_back_step_by_step(registry, make):
    make("a"), make("b")
    for name in ("a", "b", "b", "a", "nuclei"):  # b twice is one step
        registry.adopt(name)
    assert [registry.roll_back() for _ in range(4)] == ["a", "b", "a", None]
    assert registry.adopted is None
    with pytest.raises(ProjectError, match="No model is adopted"):
        registry.roll_back()
    registry.adopt("b")
    assert registry.adopted == "b"
    record = json.loads((registry.project_folder / "models.json").read_text())
    assert [a["rolled_back"] is None for a in record["adoptions"]] == [False] * 4 + [True]  # nothing is forgotten


def test_rolling_back_passes_over_models_that_are_gone(registry, make):
    for name in ("a", "b", "c"):
        make(name)
        registry.adopt(name)
    registry.remove("b")
    assert registry.roll_back() == "a"


def test_what_is_not_there_or_damaged_is_not_adopted(registry, make):
    make("good")
    registry.adopt("good")
    (make("spoilt") / "weights.safetensors").write_bytes(bytes(5000))
    for name, words in (("nothing", "no model"), ("spoilt", "SHA-256 differs")):
        with pytest.raises(ModelError, match=words):
            registry.adopt(name)
    assert registry.adopted == "good"


def test_a_renamed_model_stays_adopted(registry, make):
    make("a"), make("b")
    registry.adopt("a")
    registry.adopt("b")
    registry.rename("b", "better")
    registry.rename("a", "base")
    assert registry.adopted == "better"
    assert registry.roll_back() == "base"


def test_a_twin_does_not_take_the_place_of_a_renamed_model(registry, make):
    make("a", seed=7), make("twin", seed=7)
    for name, new in (("a", "z"), ("twin", "b")):
        registry.adopt(name)
        registry.rename(name, new)
        assert registry.adopted == new


def test_a_model_renamed_by_hand_or_by_what_was_killed_stays_adopted(registry, make):
    folder = make("a")
    registry.adopt("a")
    folder.rename(folder.with_name("b"))
    assert registry.adopted == "b"
    make("a")  # another model of the old name
    assert registry.adopted == "b"


def test_an_adopted_model_that_is_gone_is_no_longer_adopted(registry, make):
    folder = make("a")
    registry.adopt("nuclei")
    registry.adopt("a")
    shutil.rmtree(folder)
    assert registry.adopted is None
    assert registry.roll_back() == "nuclei"


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"schema_version": 2}', b'{"adoptions": [{"model": "a"}]}'])
def test_a_damaged_record_is_named_and_not_overwritten(registry, make, content):
    make("a")
    path = registry.project_folder / "models.json"
    path.write_bytes(content)
    changes = (registry.roll_back, lambda: registry.adopt("a"), lambda: registry.remove("a"))
    for change in (*changes, lambda: registry.rename("a", "b"), lambda: registry.adopted):
        with pytest.raises(ProjectError, match=r"models\.json cannot be used"):
            change()
    assert path.read_bytes() == content
    assert names(registry) == ["a"]


def test_an_adoption_that_cannot_be_written_leaves_the_one_before(registry, make, monkeypatch):
    make("a"), make("b")
    registry.adopt("a")
    monkeypatch.setattr(files.os, "replace", full_disk)
    for change in (lambda: registry.adopt("b"), registry.roll_back):
        with pytest.raises(OSError, match="No space left"):
            change()
    assert registry.adopted == "a"
    left = {path.name for path in registry.project_folder.iterdir()} - {".lock", ".holder.json"}
    assert left == {"models.json", "project.json", "models"}


# The trash


def test_a_removed_model_lies_in_the_trash_and_comes_back_whole(registry, make):
    before = everything(make("a"))
    removed = registry.remove("a")
    assert registry.models == []
    assert removed.is_relative_to(registry.project_folder / "trash")
    assert [(folder, card.name) for folder, card in registry.removed] == [(removed, "a")]
    assert registry.bring_back(removed) == "a"
    assert everything(registry.find("a")) == before
    assert registry.removed == []


def test_the_trash_keeps_models_of_one_name_apart_the_last_first(registry, make):
    folders = []
    for _ in range(3):
        make("my-model")
        folders.append(registry.remove("my-model"))
    assert [folder for folder, _ in registry.removed] == folders[::-1]
    assert [registry.bring_back(folder) for folder in folders] == ["my-model", "my-model-2", "my-model-3"]
    assert sorted(names(registry)) == ["my-model", "my-model-2", "my-model-3"]


def test_the_order_of_the_trash_is_not_that_of_making(registry, make):
    for name in ("a", "b", "c"):
        folder = make(name)
        os.utime(folder, (2 * 10**9 + len(registry.models),) * 2)
    for name in ("c", "a", "b"):
        registry.remove(name)
    assert [card.name for _, card in registry.removed] == ["b", "a", "c"]


def test_the_adopted_model_is_not_removed(registry, make):
    make("a"), make("b")
    registry.adopt("a")
    with pytest.raises(ModelError, match="adopt another before removing it"):
        registry.remove("a")
    assert sorted(names(registry)) == ["a", "b"]
    registry.adopt("b")
    registry.remove("a")
    assert names(registry) == ["b"]


def test_a_damaged_model_is_removed_and_not_offered_again(registry, make):
    (make("damaged") / "model.json").write_bytes(b"")
    removed = registry.remove("damaged")
    assert (registry.damaged, registry.removed) == ({}, [])
    with pytest.raises(ModelError, match=r"no model .* in the trash"):
        registry.bring_back(removed)


def test_only_what_is_in_the_trash_is_brought_back(registry, make, tmp_path):
    outside = shutil.copytree(make("a"), tmp_path / "outside-12345678")
    for folder in (outside, registry.find("a"), registry.project_folder / "trash" / "models" / ".." / ".."):
        with pytest.raises(ModelError, match=r"no model .* in the trash"):
            registry.bring_back(folder)


def test_the_trash_of_models_is_no_entry_in_the_trash_of_the_project(project, registry, make, entry):
    make("a")
    registry.remove("a")
    project.remove(entry)
    assert [removed.id for removed in project.removed()] == [entry.id]


# Zip files


@pytest.fixture
def exported(registry, make, tmp_path):
    """A zip file of a model that is no longer in the project."""
    make("mine")
    registry.export("mine", tmp_path / "mine.zip")
    shutil.rmtree(registry.find("mine"))
    return tmp_path / "mine.zip"


def pack(path, contents, **options):
    """Write a zip file of the given contents."""
    path.unlink(missing_ok=True)
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def unpack(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_is_exported_is_imported_as_it_was(registry, make, tmp_path):
    folder = make("mine")
    registry.describe("mine", "What it is for.")
    (folder / "state.safetensors").write_text("not for others")
    registry.export("mine", tmp_path / "mine.zip")
    assert sorted(unpack(tmp_path / "mine.zip")) == MEMBERS
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["mine.zip"]
    (folder / "state.safetensors").unlink()
    before, time = everything(folder), (folder / "weights.safetensors").stat().st_mtime
    shutil.rmtree(folder)
    assert registry.import_zip(tmp_path / "mine.zip") == "mine"
    assert everything(folder) == before
    assert (folder / "weights.safetensors").stat().st_mtime == pytest.approx(time, abs=2)
    assert len(read_rehearsal(folder).learned) == 1


def test_the_recipe_of_a_model_lies_beside_it_wherever_it_goes_and_its_log_stays(registry, make, tmp_path):
    recipe = RECIPES["classic-small"].model_copy(update={"epochs": 3})
    folder = make("mine")
    save_card(read_card(folder).model_copy(update={"training": Training(recipe=recipe)}), folder)
    (folder / "tensorboard").mkdir()
    (folder / "tensorboard" / "events").write_text("a log")
    registry.export("mine", tmp_path / "mine.zip")
    shutil.rmtree(folder)
    registry.import_zip(tmp_path / "mine.zip")
    assert read_recipe(folder / "recipe.yaml") == recipe
    assert not (folder / "tensorboard").exists()


def test_a_bundled_model_goes_out_and_comes_in_under_another_name(registry, tmp_path):
    registry.export("nuclei", tmp_path / "n.zip")
    assert registry.import_zip(tmp_path / "n.zip") == "nuclei-2"
    registry.adopt("nuclei-2")
    assert registry.adopted == "nuclei-2"


def test_a_model_renamed_by_hand_is_exported_under_its_new_name(registry, make, tmp_path):
    folder = make("one")
    folder.rename(folder.with_name("two"))
    registry.export("two", tmp_path / "two.zip")
    assert ModelCard.model_validate_json(unpack(tmp_path / "two.zip")["model.json"]).name == "two"


def test_a_model_needs_neither_history_nor_crops(registry, exported):
    contents = unpack(exported)
    pack(exported, {name: contents[name] for name in ("model.json", "weights.safetensors")})
    assert registry.import_zip(exported) == "mine"


def test_a_taken_name_gives_another(registry, exported):
    assert [registry.import_zip(exported) for _ in range(3)] == ["mine", "mine-2", "mine-3"]
    assert sorted(names(registry)) == ["mine", "mine-2", "mine-3"]
    assert sorted(read_card(registry.find(name)).name for name in names(registry)) == ["mine", "mine-2", "mine-3"]


def test_a_zip_made_elsewhere_and_compressed_is_imported(registry, exported):
    pack(exported, unpack(exported), compression=zipfile.ZIP_DEFLATED)
    assert registry.import_zip(exported) == "mine"


def test_an_export_overwrites_nothing_and_makes_no_folders(registry, make, tmp_path):
    make("mine")
    (tmp_path / "there.zip").write_text("precious")
    for path in (tmp_path / "there.zip", tmp_path, tmp_path / "no folder" / "a.zip"):
        with pytest.raises(InputError, match="is there already, or its folder is not"):
            registry.export("mine", path)
    assert (tmp_path / "there.zip").read_text() == "precious"


def test_a_damaged_model_is_not_exported(registry, make, tmp_path):
    (make("spoilt") / "weights.safetensors").write_bytes(bytes(5000))
    with pytest.raises(ModelError, match="SHA-256 differs"):
        registry.export("spoilt", tmp_path / "spoilt.zip")
    assert not (tmp_path / "spoilt.zip").exists()


@pytest.mark.parametrize("step", ["write", "replace"])
def test_an_export_that_fails_leaves_no_file(registry, make, tmp_path, monkeypatch, step):
    make("mine")
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(*((zipfile.ZipFile, "write") if step == "write" else (files.os, "replace")), full_disk)
    with pytest.raises(OSError, match="No space left"):
        registry.export("mine", tmp_path / "mine.zip")
    assert sorted(tmp_path.iterdir()) == before


def change_card(contents, **values):
    return contents | {"model.json": json.dumps(json.loads(contents["model.json"]) | values).encode()}


def change_weights(contents, change):
    """Change the weights, and the card with them."""
    weights = save(change(load(contents["weights.safetensors"])))
    sha256 = hashlib.sha256(weights).hexdigest()
    return change_card(contents, weights_sha256=sha256) | {"weights.safetensors": weights}


def crops(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def spoil(archive):
    """Spoil what NumPy has compressed so that zlib gives up, and nothing that says where it lies."""
    start = archive.index(b".npy") + 24
    return archive[:start] + b"\xff" * 20 + archive[start + 20 :]


def endless_crop():
    """A zip file of an array whose header promises more than any memory holds."""
    array, file = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(array, {"descr": "|u1", "fortran_order": False, "shape": (2**50, 2**10)})
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("learned_image_0.npy", array.getvalue())
    return file.getvalue()


def without(contents, name):
    return {key: content for key, content in contents.items() if key != name}


BAD = {
    "no card": (lambda c: without(c, "model.json"), "holds model.json 0 times"),
    "no weights": (lambda c: without(c, "weights.safetensors"), "holds weights.safetensors 0 times"),
    "nothing": (lambda _: {}, "holds model.json 0 times"),
    "a stranger": (lambda c: c | {"setup.py": b"evil"}, "holds 'setup.py'; wanted are only model.json"),
    "upwards": (lambda c: c | {"../model.json": b"{}"}, r"holds '\.\./model\.json'"),
    "absolute": (lambda c: c | {"/etc/model.json": b"{}"}, "holds '/etc/model.json'"),
    "in a folder": (lambda c: {f"mine/{name}": content for name, content in c.items()}, "holds 'mine/history.csv'"),
    "a folder": (lambda c: c | {"weights.safetensors/": b""}, "holds 'weights.safetensors/'"),
    "other capitals": (lambda c: c | {"Model.json": b"{}"}, "holds 'Model.json'"),
    "too new": (lambda c: change_card(c, schema_version=2, soul=1), "imported: model.json is of schema 2.*newer"),
    "no card at all": (lambda c: c | {"model.json": b"[1]"}, "model.json is not a description"),
    "a setting unheard of": (lambda c: change_card(c, attention=True), "attention"),
    "another network": (lambda c: change_card(c, network={"filters": [64, 99]}), "too small for the network"),
    "another width": (
        lambda c: change_card(c, network={"filters": [2, 5]}),
        r"'double0/kernel' is F32 \(2, 2, 2, 4\), wanted is F32 \(2, 2, 2, 5\)",
    ),
    "another depth": (
        lambda c: change_card(c, network={"filters": [2, 4, 4]}),
        r"The weights weights\.safetensors are not those.*'double1/bias' is missing, wanted is F32 \(4,\)",
    ),
    "other channels": (
        lambda c: change_card(c, network={"filters": [2, 4], "channels": 5}),
        r"'down0a/kernel' is F32 \(3, 3, 1, 2\), wanted is F32 \(3, 3, 5, 2\)",
    ),
    "no normalisation": (
        lambda c: change_card(c, network={"filters": [2, 4], "normalisation": "none"}),
        r"'down0a/bias' is missing",
    ),
    "weights of halves": (
        lambda c: change_weights(c, lambda of: {name: array.astype(np.float16) for name, array in of.items()}),
        r"'distance/bias' is F16 \(1,\), wanted is F32 \(1,\)",
    ),
    "a weight too many": (
        lambda c: change_weights(c, lambda of: of | {"code": np.zeros(3, np.float32)}),
        r"'code' is F32 \(3,\), wanted is none",
    ),
    "other weights": (lambda c: c | {"weights.safetensors": bytes(5000)}, "SHA-256 differs"),
    "no epochs": (lambda c: c | {"history.csv": b"epoch,loss\ninf,0.5\n"}, "imported: history.csv is damaged"),
    "crops cut": (lambda c: c | {"rehearsal.npz": c["rehearsal.npz"][:-30]}, "rehearsal.npz cannot be read"),
    "crops spoilt": (lambda c: c | {"rehearsal.npz": spoil(c["rehearsal.npz"])}, "rehearsal.npz cannot be read"),
    "crops for no memory": (lambda c: c | {"rehearsal.npz": endless_crop()}, "rehearsal.npz cannot be read"),
    "pickled crops": (
        lambda c: c | {"rehearsal.npz": crops(learned_image_0=np.array([{}]), learned_labels_0=np.zeros((1, 1)))},
        "rehearsal.npz cannot be read.*pickle",
    ),
}


@pytest.mark.parametrize(("change", "words"), BAD.values(), ids=BAD)
def test_a_zip_that_does_not_fit_is_refused_with_the_reason(registry, exported, make, change, words):
    make("here before")
    pack(exported, change(unpack(exported)))
    before = everything(registry.project_folder)
    with pytest.raises(ModelError, match=words) as refusal:
        registry.import_zip(exported)
    assert str(refusal.value).startswith(str(exported))
    assert ".new-" not in str(refusal.value)
    assert everything(registry.project_folder) == before


@pytest.mark.parametrize("name", ["../../evil", "a/b", ".hidden", "/evil", "nul\0"])
def test_a_name_that_leads_elsewhere_is_refused(registry, exported, name):
    pack(exported, change_card(unpack(exported), name=name))
    before = everything(registry.project_folder.parent)
    with pytest.raises(InputError, match="cannot be the name of a model"):
        registry.import_zip(exported)
    assert everything(registry.project_folder.parent) == before


def test_a_model_whose_labels_mean_something_else_is_refused(exported, tmp_path):
    Project.create(tmp_path / "organs", TaskConfig(kind="foreground")).close()
    registry = Registry(tmp_path / "organs")
    with pytest.raises(InputError, match="mine makes objects, and the labels of this project mean foreground"):
        registry.import_zip(exported)
    assert list((tmp_path / "organs" / "models").iterdir()) == []


def test_weights_that_are_a_pickle_are_refused_though_somebody_vouches_for_them(registry, exported, tmp_path):
    content = pickle.dumps(np.arange(999)) + bytes(5000)
    contents = change_card(unpack(exported), weights_sha256=hashlib.sha256(content).hexdigest())
    pack(exported, contents | {"weights.safetensors": content})
    with pytest.raises(ModelError, match=r"The weights weights\.safetensors cannot be read"):
        registry.import_zip(exported)
    assert registry.models == []


@pytest.mark.parametrize("spoil", ["text", "cut", "empty", "flipped"])
def test_what_is_no_whole_zip_is_refused(registry, exported, spoil):
    content = exported.read_bytes()
    middle = content.index(b"PK", 10) - 50  # in the content of the first member
    exported.write_bytes(
        {
            "text": b"not a zip",
            "cut": content[:400],
            "empty": b"",
            "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
        }[spoil]
    )
    before = everything(registry.project_folder)
    with pytest.raises(ModelError, match="is not a zip file that can be read"):
        registry.import_zip(exported)
    assert everything(registry.project_folder) == before


def test_a_file_that_is_not_there_is_named(registry, tmp_path):
    for path in (tmp_path / "nothing.zip", tmp_path):
        with pytest.raises(InputError, match="There is no file"):
            registry.import_zip(path)
    assert list((registry.project_folder / "models").iterdir()) == []


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(registry, exported):
    with zipfile.ZipFile(exported, "a") as archive:
        archive.writestr("model.json", "{}")
    with pytest.raises(ModelError, match=r"holds model\.json 2 times"):
        registry.import_zip(exported)


@pytest.mark.parametrize("name", MEMBERS)
def test_what_is_too_large_is_refused_before_anything_is_unpacked(registry, exported, monkeypatch, name):
    monkeypatch.setitem(model_zip.MEMBERS, name, len(unpack(exported)[name]) - 1)
    monkeypatch.setattr(model_zip, "_unpack_member", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(ModelError, match=f"{name} in .* is too large"):
        registry.import_zip(exported)


def test_a_bomb_is_refused_though_the_file_is_small(registry, exported):
    pack(exported, unpack(exported) | {"model.json": bytes(50_000_000)}, compression=zipfile.ZIP_DEFLATED)
    assert exported.stat().st_size < 100_000
    with pytest.raises(ModelError, match=r"model\.json in .* is too large; wanted are at most 1000000 bytes"):
        registry.import_zip(exported)


def test_a_bomb_that_lies_about_its_size_is_not_unpacked(registry, exported, monkeypatch):
    pack(exported, unpack(exported) | {"model.json": bytes(50_000_000)}, compression=zipfile.ZIP_DEFLATED)
    content = exported.read_bytes()
    assert content.count(struct.pack("<I", 50_000_000)) == 2
    exported.write_bytes(content.replace(struct.pack("<I", 50_000_000), struct.pack("<I", 500)))
    sizes = []
    unpack_member = model_zip._unpack_member

    def watched(archive, member, path):
        try:
            unpack_member(archive, member, path)
        finally:
            sizes.append(path.stat().st_size)

    monkeypatch.setattr(model_zip, "_unpack_member", watched)
    with pytest.raises(ModelError, match="is not a zip file that can be read"):
        registry.import_zip(exported)
    assert max(sizes) < 10_000
    assert registry.models == []


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_cannot_be_unpacked_piece_by_piece_is_refused(registry, exported, method):
    contents = unpack(exported)
    pack(exported, contents, compression=method)
    with pytest.raises(ModelError, match="compressed in an unusual way"):
        registry.import_zip(exported)
    inner = exported.with_name("inner.npz")
    pack(inner, {"learned_image_0.npy": b""}, compression=method)
    pack(exported, contents | {"rehearsal.npz": inner.read_bytes()})
    with pytest.raises(ModelError, match=r"rehearsal\.npz cannot be read.*they are too large"):
        registry.import_zip(exported)


def test_a_bomb_among_the_crops_is_refused(registry, exported, monkeypatch):
    bomb = crops(learned_image_0=np.zeros((600, 1_000_000), np.uint8), learned_labels_0=np.zeros((1, 1)))
    assert len(bomb) < 1_000_000
    pack(exported, unpack(exported) | {"rehearsal.npz": bomb})
    monkeypatch.setattr(rehearsal, "_crops", lambda *_: pytest.fail("it was read"))
    with pytest.raises(ModelError, match=r"rehearsal\.npz cannot be read.*they are too large"):
        registry.import_zip(exported)


def test_a_locked_zip_is_refused(registry, exported):
    content = bytearray(pack(exported, without(unpack(exported), "rehearsal.npz")).read_bytes())  # a zip itself
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(mark) + flags] |= 1
    exported.write_bytes(content)
    with pytest.raises(ModelError, match=r"is not a zip file that can be read: .*encrypted"):
        registry.import_zip(exported)


def test_a_link_in_a_zip_becomes_no_link(registry, exported, tmp_path):
    contents = unpack(exported)
    link = zipfile.ZipInfo("history.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    pack(exported, without(contents, "history.csv") | {link: "/etc/passwd"})
    folder = registry.find(registry.import_zip(exported))
    assert not (folder / "history.csv").is_symlink()
    assert (folder / "history.csv").read_text() == "/etc/passwd"


@pytest.mark.parametrize("step", ["copyfileobj", "save_card", "rename", "fsync"])
def test_an_import_that_fails_leaves_nothing(registry, exported, monkeypatch, step):
    before = everything(registry.project_folder)
    place = {"copyfileobj": shutil, "save_card": model_name, "rename": Path, "fsync": os}[step]
    monkeypatch.setattr(place, step, full_disk)
    with pytest.raises(OSError, match="No space left"):
        registry.import_zip(exported)
    assert everything(registry.project_folder) == before


def test_nothing_is_seen_of_an_import_until_it_is_whole(registry, exported, monkeypatch):
    seen = []
    for module, name in ((model_zip, "_unpack_member"), (model_zip, "read_rehearsal"), (model_name, "save_card")):
        real = getattr(module, name)

        def watched(*arguments, real=real):
            real(*arguments)
            seen.append((registry.models, registry.damaged))

        monkeypatch.setattr(module, name, watched)
    registry.import_zip(exported)
    assert seen == [([], {})] * 6
    assert names(registry) == ["mine"]


def test_what_a_killed_import_left_is_tidied_by_the_next(registry, exported):
    left = registry.project_folder / "models" / ".new-12345678"
    left.mkdir()
    (left / "weights.safetensors").write_bytes(b"half")
    assert (registry.models, registry.damaged) == ([], {})
    registry.import_zip(exported)
    assert [path.name for path in left.parent.iterdir()] == ["mine"]


@pytest.mark.parametrize(("colours", "name"), [((220, 180, 225), "nuclei-colour"), ((90, 90, 90), "nuclei")])
def test_a_bundled_model_is_suggested_that_suits_the_first_image(registry, project, colours, name):
    assert registry.suggest() == "nuclei"
    first = project.add(np.full((32, 40, 3), colours, np.uint8), name="z, the first")
    project.add(np.zeros((32, 40), np.uint8), name="a, the second")
    assert (registry.suggest(), registry.rival_of("none")) == (name, BUNDLED / name)
    (project.folder_of(first) / "image.tif").write_bytes(b"damaged")
    assert registry.suggest() == "nuclei"


def test_from_scratch_the_rival_is_the_projects_model_or_one_that_makes_the_same_or_none(registry, make, tmp_path):
    mine = make("mine")
    assert registry.rival_of("mine") == mine
    assert registry.rival_of("none") == BUNDLED / "nuclei"
    registry.adopt("mine")
    assert registry.rival_of("none") == mine
    Project.create(tmp_path / "tissue", TaskConfig(kind="foreground")).close()
    other = Registry(tmp_path / "tissue")
    assert other.rival_of("none") is None
    with pytest.raises(InputError, match="nuclei makes objects, and the labels of this project mean foreground"):
        other.adopt("nuclei")
    assert other.adopted is None
