"""What a fine-tune would make of its rows, shown before it starts: prompts, tokens, lengths, doubts, leaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

from data.leakage import Leakage
from data.nearness import Embed
from data.sameness import Repeated, repeated
from data.workspace import Workspace
from sft.config import TrainConfig
from sft.inputs import inputs, read, read_as_recognised
from sft.leaks import audits
from sft.plan import Plan, plan
from sft.rows import Prepared, Row
from sft.sources import parameter_count, resolve
from sft.tokens import Tokens, without_weights

SHOWN_ROWS, SHOWN_GROUPS, BINS = 3, 20, 24
OPEN, CLOSE = "«", "»"  # around each token that carries loss


@dataclass(frozen=True)
class Lengths:
    """Rows by length in tokens: ``bins`` are (from, below, rows). ``limit`` is the longest row that is kept."""

    n: int
    median: float
    longest: int
    limit: int
    too_long: int
    bins: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Preparation:
    """Everything to be known of the rows before a launch. ``shown`` are (id of the row, its marked text)."""

    rows: int
    refused: int
    shape: str
    columns: tuple[str, ...]
    validation_columns: tuple[str, ...]
    split: str
    context: str
    choices: tuple[str, ...]
    training: dict[str, int]
    validation: dict[str, int]
    shown: tuple[tuple[str, str], ...]
    lengths: Lengths
    repeated: int
    conflicting: int
    groups: tuple[Repeated, ...]
    doubts: tuple[str, ...]
    leakage: tuple[Leakage, ...]

    @property
    def blocks(self) -> bool:
        return any(one.blocks for one in self.leakage)

    def told(self) -> dict[str, Any]:
        """As the page and ``--json`` show it."""
        return {
            **asdict(self),
            "kinds": kinds(self.training),
            "leakage": [one.told() for one in self.leakage],
            "blocks": self.blocks,
        }


def preparation(
    workspace: Workspace, config: TrainConfig, train: str, validation: str | None = None, test: str | None = None,
    mapping: dict[str, str] | None = None, embed: Embed | None = None,
) -> Preparation:  # fmt: skip
    """Prepare the rows as a fine-tune of this order would; its tokens are then in the cache. Weights are not read.

    Raises UserError for rows, settings or a model of no use, and when every row is too long.
    """
    named = inputs(workspace, train, validation, mapping)
    reading = read(workspace, named["train"], "train")
    given = read(workspace, named["validation"], "validation") if validation else None
    source = resolve(config.model)
    tokens, window = without_weights(source.path)
    planned = plan(config, reading, given, source.id, parameter_count(source.path), window)
    learned, held = planned.rows(tokens, workspace.cache)
    assert planned.config.max_length is not None, "filled"
    groups = repeated(reading.examples)
    conflicting = [group for group in groups if group.conflicting]
    others = [group for group in groups if not group.conflicting]
    return Preparation(
        rows=len(reading.examples), refused=len(reading.refused), shape=reading.shape, columns=reading.columns,
        validation_columns=given.columns if given else (),
        split=planned.said, context=planned.context, choices=(*_choices(planned, tokens), *read_as_recognised(named)),
        training=learned.counts(), validation=held.counts(),
        shown=tuple((row.example, marked(row, tokens)) for row in _chosen(learned)),
        lengths=_lengths(learned, planned.config.max_length), repeated=len(groups), conflicting=len(conflicting),
        groups=(*conflicting, *others)[:SHOWN_GROUPS], doubts=tuple(planned.doubts(reading.examples)),
        # what conflicts among the training rows is said once, as a doubt, not for every test set
        leakage=tuple(replace(one, conflicts=0) for one in audits(workspace, reading.examples, train, test, embed)),
    )  # fmt: skip


def _choices(planned: Plan, tokens: Tokens) -> tuple[str, ...]:
    """What was decided about the prompts, in sentences."""
    reasons, config = planned.reasons, planned.config
    loss = "answers carry loss, of every turn" if config.loss == "answer" else "every token carries loss"
    said = [
        f"Training context: {planned.context} ({reasons['context']}).", f"Instruction: {reasons['instruction']}.",
        f"Loss: {loss}.", f"Reading exercises: {reasons['rehearsal']}.",
    ]  # fmt: skip
    hidden = f"{100 * config.word_dropout:.0f} %" if config.word_dropout else "none"
    said.append(f"Hidden words of label questions: {hidden} ({reasons['word_dropout']}).")
    times = {1: "once", 2: "twice"}.get(config.label_repeats or 1, f"{config.label_repeats} times")
    if any(example.task == "label" for example in planned.learned):
        said.append(f"Closed-book rows with a label are learned {times} in a pass ({reasons['label_repeats']}).")
    if "max_length" in reasons:
        said.append(f"Longest row: {reasons['max_length']}.")
    note = tokens.note[:1].upper() + tokens.note[1:]
    said.append(f"{note}, in training and in asking." if note else "Chat template: the model's own.")
    return tuple(said)


def _chosen(prepared: Prepared) -> list[Row]:
    """Three rows that show what there is: the first, the first with passages, and then the next ones in order."""
    own = prepared.rows[: len(prepared.rows) - prepared.rehearsed]
    first = [*own[:1], *[row for row in own if row.with_passages][:1], *own[1:SHOWN_ROWS]]
    return list({id(row): row for row in first}.values())[:SHOWN_ROWS]


def marked(row: Row, tokens: Tokens) -> str:
    """The row as the model reads it, special tokens included; each token that carries loss stands in « »."""
    ids = row.prompt + row.answer
    learned = [label != -100 for label in row.labels]
    pieces, before, open_from = [], "", 0
    for place in range(1, len(ids) + 1):
        if place < len(ids) and not learned[place] and not learned[place - 1]:
            continue
        text = tokens.tokenizer.decode(ids[:place], skip_special_tokens=False)
        if text.endswith("\ufffd") and place < len(ids):
            continue  # the letter goes on in the next token
        pieces.append(f"{OPEN}{text[len(before) :]}{CLOSE}" if learned[open_from] else text[len(before) :])
        before, open_from = text, place
    return "".join(pieces)


def _lengths(prepared: Prepared, limit: int) -> Lengths:
    lengths = prepared.lengths
    longest = max(lengths)
    width = max(1, -(-(longest + 1) // BINS))
    counts: dict[int, int] = dict.fromkeys(range(longest // width + 1), 0)
    for length in lengths:
        counts[length // width] += 1
    bins = tuple((place * width, (place + 1) * width, count) for place, count in counts.items())
    return Lengths(len(lengths), float(median(lengths)), longest, limit, prepared.too_long, bins)


def kinds(training: Mapping[str, int]) -> str:
    """How many of the training rows have passages, and how many are repeats of rows with a label."""
    said = f"{training['with_passages']:,} with passages"
    return f"{said}, {training['repeats']:,} repeats of rows with a label" if training["repeats"] else said


def told_lines(found: Preparation) -> Sequence[str]:
    """The same for people at a shell, line by line."""
    lengths, training, validation = found.lengths, found.training, found.validation
    lines = [
        f"{found.rows} rows read as {found.shape}, {found.refused} left out. Columns: {', '.join(found.columns)}.",
        f"{training['rows']} training rows ({kinds(training)}), {training['rehearsed']} reading exercises, "
        f"{validation['rows']} validation rows: {found.split}.",
        *found.choices,
        f"Length of {lengths.n} rows: median {lengths.median:.0f} tokens, longest {lengths.longest}; the limit is "
        f"{lengths.limit}. {lengths.too_long} too long: left out, never cut.",
        *histogram(lengths),
        f"{found.repeated} questions are asked more than once, {found.conflicting} of them with conflicting answers.",
        *(f"  {'conflict' if one.conflicting else 'again'}: {one.question} -> {' | '.join(one.answers)} "
          f"(rows {', '.join(one.rows)})" for one in found.groups),
        *found.doubts,
        f"Rows as the model reads them; every token in {OPEN} {CLOSE} carries loss:",
        *(f"--- {id_}\n{text}" for id_, text in found.shown),
    ]  # fmt: skip
    told = [sentence for one in found.leakage for sentence in one.sentences()]
    sets = ", ".join(one.test for one in found.leakage)
    return [*lines, *(told or [f"No leak found against {sets}." if sets else NO_TEST_SET])]


NO_TEST_SET = "The workspace holds no test set, so leakage could not be looked for."


def histogram(lengths: Lengths) -> list[str]:
    """The lengths as bars of text."""
    most = max(count for _, _, count in lengths.bins)
    return [f"{low:>7}-{high - 1:<6} {'#' * -(-40 * count // most)} {count}" for low, high, count in lengths.bins]
