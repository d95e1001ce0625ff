"""Text in, number out: how right one answer is. SQuAD's exact match and token F1 (Rajpurkar et al. 2016).

The normalisation is SQuAD's: lower case, no punctuation, no English articles, white space folded. An abstention is
right exactly when the question cannot be answered.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from data.prompts import ABSTAIN
from data.schema import Answer, Example

PUNCTUATION = str.maketrans("", "", string.punctuation)
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True)
class Score:
    """One answer's scores, each from 0 to 1."""

    exact_match: float
    token_f1: float


def normalise(text: str) -> str:
    """SQuAD's normal form of an answer."""
    text = re.sub(r"\b(a|an|the)\b", " ", text.lower().translate(PUNCTUATION))
    return " ".join(text.split())


def abstains(text: str) -> bool:
    """True if the answer is the abstaining sentence of data.prompts."""
    return normalise(text) == normalise(ABSTAIN)


def exact_match(answer: str, references: Sequence[str]) -> float:
    """1 if the answer equals a reference after normalisation, else 0. An empty answer is never right."""
    given = normalise(answer)
    return float(bool(answer.strip()) and any(given == normalise(reference) for reference in references))


def token_f1(answer: str, references: Sequence[str]) -> float:
    """The best harmonic mean of token precision and recall over the references."""
    return max((_f1(normalise(answer).split(), normalise(reference).split()) for reference in references), default=0.0)


def _f1(given: list[str], wanted: list[str]) -> float:
    shared = sum((Counter(given) & Counter(wanted)).values())
    if not given or not wanted:
        return float(given == wanted and bool(given))
    return 2 * shared / (len(given) + len(wanted))


def parse_number(text: str) -> float | None:
    """The first number in the text (thousands separated by commas), or None."""
    found = NUMBER.search(text)
    return float(found.group().replace(",", "")) if found else None


def score(example: Example, answer: Answer) -> Score:
    """The scores of one answer. For the task "number", exact match compares values instead of wordings."""
    if not example.answerable:
        right = float(abstains(answer.text))
        return Score(right, right)
    if example.task == "number":
        given, wanted = parse_number(answer.text), [parse_number(reference) for reference in example.answers]
        return Score(float(given is not None and given in wanted), token_f1(answer.text, example.answers))
    return Score(exact_match(answer.text, example.answers), token_f1(answer.text, example.answers))


def task_measures(task: str, pairs: Sequence[tuple[Example, Answer]]) -> dict[str, float]:
    """What a task is usually measured by, over all its answers (see the libraries named in each function)."""
    answerable = [(example, answer) for example, answer in pairs if example.answerable]
    measures = {"label": _label_measures, "number": _number_measures, "text": _text_measures}
    return measures[task](answerable) if task in measures and answerable else {}


def _label_measures(pairs: Sequence[tuple[Example, Answer]]) -> dict[str, float]:
    """Accuracy and macro precision, recall, F1 over the true classes (scikit-learn); other text is a class apart."""
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    truth = [normalise(example.answers[0]) for example, _ in pairs]
    given = [normalise(answer.text) or "no label" for _, answer in pairs]
    labels = sorted(set(truth))
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, given, labels=labels, average="macro", zero_division=0
    )
    accuracy = float(accuracy_score(truth, given))
    return {
        "accuracy": accuracy,
        "macro_precision": float(precision),
        "macro_recall": float(recall),
        "macro_f1": float(f1),
    }


def _number_measures(pairs: Sequence[tuple[Example, Answer]]) -> dict[str, float]:
    """MSE and MAE over the answers that hold a number, and the share that does (an unparsed answer has no error)."""
    errors = []
    for example, answer in pairs:
        given, wanted = parse_number(answer.text), parse_number(example.answers[0])
        if given is not None and wanted is not None:
            errors.append(given - wanted)
    parsed = {"parse_rate": len(errors) / len(pairs)}
    if not errors:
        return parsed
    return {"mse": sum(e * e for e in errors) / len(errors), "mae": sum(map(abs, errors)) / len(errors), **parsed}


def _text_measures(pairs: Sequence[tuple[Example, Answer]]) -> dict[str, float]:
    """Corpus BLEU (Papineni et al. 2002) by sacreBLEU (Post 2018), from 0 to 100."""
    import sacrebleu

    most = max(len(example.answers) for example, _ in pairs)
    references = [[(*e.answers, *[e.answers[0]] * most)[i] for e, _ in pairs] for i in range(most)]
    return {"bleu": sacrebleu.corpus_bleu([answer.text for _, answer in pairs], references).score}
