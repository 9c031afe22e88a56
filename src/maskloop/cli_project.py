"""The commands for projects: make one, fill it, look into it, take the labels out again."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskloop.config import OBJECTS
from maskloop.options import ClassesOption, TaskOption, read_task
from maskloop.terminal import FAILED, UsageError, progress, tell, warn

if TYPE_CHECKING:
    from maskloop.project.entry import Entry
    from maskloop.project.importers import ImportPlan, ImportReport
    from maskloop.project.masks import Finding
    from maskloop.project.matching import Match
    from maskloop.project.project import Project

COLUMNS = ("image", "size", "objects", "reviewed", "state")
ProjectFolder = Annotated[Path, typer.Argument(metavar="PROJECT", help="The folder of the project.")]

app = typer.Typer(no_args_is_help=True)


@app.callback()
def project() -> None:
    """Keep images, their labels and what is reviewed of them in a folder."""


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that is new or empty.")],
    task: TaskOption = None,
    classes: ClassesOption = None,
) -> None:
    """Make a project; left out, its labels mean objects."""
    from maskloop.project.project import Project

    wanted = read_task(task, classes) or OBJECTS
    Project.create(folder, wanted).close()
    tell(f"{folder} is a project of {wanted} now.")


@app.command()
def add(
    folder: ProjectFolder,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGES", help="Images, or folders of images and masks.")],
    masks: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The masks, where IMAGES holds images only.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be added.")] = False,
) -> None:
    """Add images to a project, those of a folder with the masks that are found for them; these count as reviewed."""
    from maskloop.project.project import Project

    if masks is not None and not (len(images) == 1 and images[0].is_dir()):
        raise UsageError("--masks goes with one folder of images.")
    with Project(folder) as opened:
        if not dry_run:
            opened.require_writable()
        plans = _plan(opened, images, masks)
        for plan in plans:
            _tell_plan(plan)
        reports = [] if dry_run else _import(opened, plans)
    failed = [finding for report in reports for finding in report.failed]
    for finding in failed:
        warn(_describe(finding))
    if dry_run:
        tell(f"{_count(sum(len(plan.matches) for plan in plans), 'image')} would be added to {folder}.")
    else:
        tell(f"{_count(sum(len(report.entries) for report in reports), 'image')} added to {folder}.")
    if failed or any(plan.refused for plan in plans):
        raise typer.Exit(FAILED)


@app.command("list")
def list_entries(folder: ProjectFolder) -> None:
    """List the images of a project."""
    from maskloop.project.project import Project
    from maskloop.scores import align

    with Project(folder, hold=False) as opened:
        entries, damaged, task = opened.entries, opened.damaged, opened.task
    columns = [column for column in COLUMNS if column != "objects" or task.kind == "objects"]
    if entries:
        rows = [_row(entry) for entry in entries]
        tell(align([tuple(columns), *(tuple(row[column] for column in columns) for row in rows)]) + "\n")
    for reason in damaged.values():
        warn(reason)
    sums = [_count(len(entries), "image")]
    sums += [_count(sum(entry.objects for entry in entries), "object")] if task.kind == "objects" else []
    sums += [f"{sum(entry.status == 'reviewed' for entry in entries)} reviewed"]
    sums += [f"{len(damaged)} damaged"] if damaged else []
    sums += [f"labels mean {task}"] if task.kind != "objects" else []
    tell(", ".join(sums))
    if damaged:
        raise typer.Exit(FAILED)


@app.command()
def export(
    folder: ProjectFolder,
    out: Annotated[Path, typer.Option(help="A folder that is new or empty.", metavar="DIR")],
) -> None:
    """Write DIR/images, DIR/labels and DIR/reviewed, 1 where it is reviewed, as 'maskloop train' reads them."""
    from maskloop.project.export import export_project
    from maskloop.project.project import Project

    with Project(folder) as opened, progress("Exporting", 1) as reach:
        report = export_project(opened, out, _part(reach, 0, ""))
    for reason in report.failed:
        warn(reason)
    tell(f"{out}: {_count(report.files, 'image')} with labels.")
    if report.left_out:
        tell(f"{_count(len(report.left_out), 'image')} without labels left out: {', '.join(report.left_out)}.")
    if report.failed:
        raise typer.Exit(FAILED)


def _plan(project: "Project", images: Sequence[Path], masks: Path | None) -> "list[ImportPlan]":
    """Read all that is to be added, before anything is."""
    from maskloop.project.importers import plan_import

    folders = [path for path in dict.fromkeys(images) if path.is_dir()]
    files = [path for path in dict.fromkeys(images) if not path.is_dir()]
    known = project.pixel_hashes()
    plans: list[ImportPlan] = []
    with progress("Reading", len(folders) + bool(files)) as reach:
        for path in folders:
            plans.append(plan_import(path, masks, known, _part(reach, len(plans), path.name), task=project.task))
        if files:
            plans.append(_plan_files(files, known, _part(reach, len(folders), "")))
    return plans


def _plan_files(files: Sequence[Path], known: Mapping[str, str], on_file: Callable[[float], None]) -> "ImportPlan":
    """Find out which images that were named one by one can be added."""
    from maskloop.files import image_name
    from maskloop.project.importers import ImportPlan, read_match
    from maskloop.project.masks import RefusedError
    from maskloop.project.matching import Match

    seen = {digest: f"the entry {name} in the project" for digest, name in known.items()}
    matches, refused = [], []
    for done, path in enumerate(files, start=1):
        match = Match(image_name(path), path)
        try:
            read_match(match, seen)
            matches.append(match)
        except RefusedError as error:
            refused.append(error.finding)
        on_file(done / len(files))
    return ImportPlan("single images", tuple(matches), tuple(refused))


def _import(project: "Project", plans: "Sequence[ImportPlan]") -> "list[ImportReport]":
    from maskloop.project.importers import import_matches

    reports: list[ImportReport] = []
    with progress("Adding", len(plans)) as reach:
        for plan in plans:
            reports.append(import_matches(project, plan, _part(reach, len(reports), plan.layout)))
    return reports


def _part(reach: Callable[[float, str], None], done: int, note: str) -> Callable[[float], None]:
    return lambda share: reach(done + share, note)


def _tell_plan(plan: "ImportPlan") -> None:
    tell(f"Found {plan.layout}:")
    for match in plan.matches:
        tell(f"  {match.image.name}{_describe_masks(match)}")
    bare = {match.image for match in plan.matches if not match.masks}
    for note in plan.notes:
        if note.path not in bare:
            tell(f"  Look at {note.path.name}: {note.reason}")
    for finding in plan.refused:
        warn(_describe(finding))


def _describe_masks(match: "Match") -> str:
    if not match.masks:
        return " without a mask"
    return f" with {match.masks[0].name}" if len(match.masks) == 1 else f" with {len(match.masks)} masks"


def _describe(finding: "Finding") -> str:
    named = finding.reason.startswith(str(finding.path))
    return finding.reason if named else f"{finding.path}: {finding.reason}"


def _row(entry: "Entry") -> dict[str, str]:
    size = " x ".join(str(n) for n in entry.labels_shape)
    percent = int(100 * entry.reviewed)  # rounded down: 100 % are all pixels
    share = "< 1 %" if entry.reviewed and not percent else f"{percent} %"
    return dict(zip(COLUMNS, (entry.name, size, str(entry.objects), share, entry.status), strict=True))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
