"""The leakage audit of a fine-tune: its training rows against every test set that the workspace knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from data.examples import locate, read_examples
from data.leakage import Leakage, audit
from data.nearness import Embed
from data.schema import Example
from data.store import names, resolve
from data.workspace import Workspace


def audits(
    workspace: Workspace, examples: Sequence[Example], train: str, test: str | None = None, embed: Embed | None = None
) -> tuple[Leakage, ...]:
    """One audit for each test set: that of ``train``'s own dataset, the current one of every dataset, and ``test``.

    ``train`` and ``test`` are references as in orders, ``examples`` the training rows.
    """
    named = [(ref, locate(workspace, ref, "test")) for ref in test_sets(workspace, train)]
    if test and test not in dict(named):
        path = locate(workspace, test, "test")
        named.append((path.name if Path(test).is_file() else test, path))
    return tuple(audit(read_examples(path).examples, examples, embed, name) for name, path in named)


def test_sets(workspace: Workspace, train: str) -> list[str]:
    """References of the stored test sets: of every dataset at its current version, and of ``train``'s own version.

    A damaged manifest takes no test set out of the audit; raises UserError where nobody can say which one is current.
    """
    stored = [resolve(workspace, "datasets", name) for name in names(workspace, "datasets")]
    name = train.partition("@")[0]
    if any(one.name == name for one in stored):
        stored.append(resolve(workspace, "datasets", train))
    having = [one for one in stored if (one.path / "test.jsonl").exists()]
    return list(dict.fromkeys(one.ref for one in having))
