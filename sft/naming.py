"""Renaming, pointing and deleting tuned models. Their ids never change, so that what named one stays readable."""

from __future__ import annotations

from data import deletion, jobs
from data.aliases import aliases, called, naming, write_alias
from data.errors import UserError
from data.store import check_name, current_version, point, resolve, versions
from data.workspace import Workspace
from sft.adapters import KIND


def rename(workspace: Workspace, ref: str, name: str) -> str:
    """Let all versions of a tuned model go by ``name``; returns its id, which runs keep using.

    Raises UserError for a name of no use, or one that another tuned model has.
    """
    id_ = resolve(workspace, KIND, ref).name
    check_name(name, "tuned model")
    with naming(workspace, KIND):
        others = [alias for one, alias in aliases(workspace, KIND).items() if one != id_]
        if name != id_ and (versions(workspace, KIND, name) or name in others):
            raise UserError(f"Another tuned model is named {name!r}.", "Choose a name that is free.")
        write_alias(workspace, KIND, id_, name)
    return id_


def free_name(workspace: Workspace, name: str) -> str:
    """A name for a new version, checked. Raises UserError for the old name of one that was renamed."""
    check_name(name, "tuned model")
    now = aliases(workspace, KIND).get(name)
    if now is not None:
        raise UserError(f"The tuned model {name!r} was renamed to {now!r}; runs still know it as {name!r}.",
                        f"Use {now!r} to make its next version, or a name that is free.")  # fmt: skip
    return name


def use(workspace: Workspace, ref: str) -> str:
    """Make the bare name mean this version; returns its exact reference."""
    artifact = resolve(workspace, KIND, ref)
    return point(workspace, KIND, artifact.name, artifact.version).ref


def delete(workspace: Workspace, ref: str, every: bool = False, force: bool = False) -> list[str]:
    """Delete one version ("name@2"), or ``every`` version of a name, for good; returns what is gone.

    The only version may be named alone. The version that the bare name means makes room for the newest other one.
    Raises UserError when runs name it (``force`` overrules) and, always, while a job works with it.
    """
    artifact = resolve(workspace, KIND, ref)
    numbers = versions(workspace, KIND, artifact.name)
    if "@" not in ref and not every and len(numbers) > 1:
        raise UserError(f"{ref!r} has {len(numbers)} versions.",
                        f"Say which ({', '.join(f'{ref}@{n}' for n in numbers)}), or all of them.")  # fmt: skip
    gone = numbers if every else [artifact.version]
    refs = [f"{artifact.name}@{number}" for number in gone]
    if busy := _working(workspace, refs):
        raise UserError(f"The job {busy[0]} is working with {refs[0]} now.", "Wait until it has ended, or stop it.")
    if gone == numbers:
        deleted = deletion.delete_all(workspace, KIND, artifact.name, force)
        with naming(workspace, KIND):
            write_alias(workspace, KIND, artifact.name, artifact.name)
        return [one.ref for one in deleted]
    before = current_version(workspace, KIND, artifact.name)
    if artifact.version == before:
        point(workspace, KIND, artifact.name, max(number for number in numbers if number != before))
    try:
        return [one.ref for one in deletion.delete_version(workspace, KIND, artifact.ref, force)]
    except UserError:
        point(workspace, KIND, artifact.name, before)
        raise


def _working(workspace: Workspace, refs: list[str]) -> list[str]:
    """Ids of the jobs under way that name one of these versions."""
    using = set(deletion.runs_naming(workspace, KIND, refs))
    return [run.id for run in jobs.list_runs(workspace) if run.id in using and not run.ended]


def shown(workspace: Workspace, ref: str) -> str:
    """What an exact reference is called now."""
    return called(workspace, KIND, ref)
