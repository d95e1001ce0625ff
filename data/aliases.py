"""Other names for artifacts. A name that was given first is the id for ever: runs and manifests hold it, and its folder
never moves. A new name is an alias of it, kept in <kind>/.names.json as {id: alias}.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from data.disk import read_json, sole_writer, write_json
from data.errors import UserError
from data.workspace import Workspace

FILE, LOCK = ".names.json", ".lock.names"  # begin as no name does


def aliases(workspace: Workspace, kind: str) -> dict[str, str]:
    """{id: the name that it goes by now}, for those that were renamed."""
    path = workspace.folder(kind) / FILE
    return read_json(path)["names"] if path.exists() else {}


def identity(workspace: Workspace, kind: str, name: str) -> str:
    """The id behind a name; a name that is no alias is its own id."""
    found = [id_ for id_, alias in aliases(workspace, kind).items() if alias == name]
    return found[0] if found else name


def called(workspace: Workspace, kind: str, ref: str) -> str:
    """What an exact reference ("id@2") is called now ("alias@2"); its id where the aliases are ``damaged``."""
    id_, at, number = ref.partition("@")
    try:
        known = aliases(workspace, kind)
    except UserError:
        known = {}
    return f"{known.get(id_, id_)}{at}{number}"


def damaged(workspace: Workspace, kind: str) -> list[str]:
    """A sentence if the file of aliases cannot be read; first names go on meaning what they mean."""
    try:
        aliases(workspace, kind)
    except UserError as error:
        return [str(error)]
    return []


@contextmanager
def naming(workspace: Workspace, kind: str) -> Iterator[None]:
    """Hold the names of a kind while they are looked at and changed: of two renames at once, none is lost."""
    with sole_writer(workspace.folder(kind) / LOCK):
        yield


def write_alias(workspace: Workspace, kind: str, id_: str, alias: str) -> None:
    """Let ``id_`` be called ``alias``; its own name again ends that. To be done while ``naming`` is held."""
    kept = {one: name for one, name in aliases(workspace, kind).items() if one != id_}
    write_json(workspace.folder(kind) / FILE, {"names": kept | ({} if alias == id_ else {id_: alias})})
