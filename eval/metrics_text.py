"""Whole sentences against references: BLEU and chrF over a corpus (sacreBLEU, Post 2018), ROUGE-L of one answer.

BLEU and chrF are functions of counts that add up over answers, which is what their intervals are made from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

UNSPACED = (  # scripts written without spaces between words: Thai, Lao, Myanmar, Khmer, kana, Han
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
TOKEN = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")
CHARACTER = re.compile(rf"[{UNSPACED}]")
ORDERS = 4


class Words:
    """A tokenizer for rouge-score: lower-case words and numbers; of scripts without spaces, each character."""

    def tokenize(self, text: str) -> list[str]:
        return TOKEN.findall(text.lower())


def rouge_l(answers: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """ROUGE-L F1 (Lin 2004) of each answer against the best of its references, from 0 to 1."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], tokenizer=Words())
    pairs = zip(answers, references, strict=True)
    return [float(scorer.score_multi(list(wanted), given)["rougeL"].fmeasure) for given, wanted in pairs]


@dataclass(frozen=True)
class Corpus:
    """A measure over a corpus, from 0 to 100: its ``value``, sacreBLEU's ``signature``, and the counts of each answer
    (answers, parts) from which any sub-corpus can be scored."""

    value: float
    signature: str
    counts: np.ndarray


def bleu(answers: Sequence[str], references: Sequence[Sequence[str]]) -> Corpus:
    """Corpus BLEU (Papineni et al. 2002). Texts without spaces are cut into characters; the signature says so."""
    from sacrebleu.metrics import BLEU

    metric = BLEU(tokenize="char" if _unspaced(references) else "13a", effective_order=False)
    value = metric.corpus_score(list(answers), _streams(references))
    return Corpus(value.score, str(metric.get_signature()), _counts(metric, answers, references))


def chrf(answers: Sequence[str], references: Sequence[Sequence[str]]) -> Corpus:
    """Corpus chrF (Popović 2015): character n-grams up to 6, recall twice as heavy as precision."""
    from sacrebleu.metrics import CHRF

    metric = CHRF()
    value = metric.corpus_score(list(answers), _streams(references))
    return Corpus(value.score, str(metric.get_signature()), _counts(metric, answers, references))


def sentence_bleu(answer: str, references: Sequence[str]) -> float:
    """BLEU of one answer, from 0 to 100; only the orders of n-grams that it has (sacreBLEU's effective order)."""
    from sacrebleu.metrics import BLEU

    tokenize = "char" if _unspaced([references]) else "13a"
    return float(BLEU(tokenize=tokenize, effective_order=True).sentence_score(answer, list(references)).score)


def sentence_chrf(answer: str, references: Sequence[str]) -> float:
    """chrF of one answer, from 0 to 100."""
    from sacrebleu.metrics import CHRF

    return float(CHRF().sentence_score(answer, list(references)).score)


def _counts(metric: Any, answers: Sequence[str], references: Sequence[Sequence[str]]) -> np.ndarray:
    """sacreBLEU's counts of each answer; that they give its own score again is tested for the pinned version."""
    return np.array(metric._extract_corpus_statistics(list(answers), _streams(references)), dtype=float)


def _streams(references: Sequence[Sequence[str]]) -> list[Any]:
    """sacreBLEU's form: one list for each number of reference, None where a row has fewer."""
    most = max(map(len, references))
    return [[row[place] if place < len(row) else None for row in references] for place in range(most)]


def _unspaced(references: Sequence[Sequence[str]]) -> bool:
    """True if most letters of the references belong to scripts without spaces."""
    text = "".join("".join(row) for row in references)
    return 2 * len(CHARACTER.findall(text)) > sum(character.isalnum() for character in text)


def bleu_of_counts(counts: np.ndarray) -> np.ndarray:
    """BLEU of summed counts, shape (corpora, 2 + 2 * 4): answer length, reference length, matches, n-grams.

    As sacreBLEU computes it: exponential smoothing, and 0 without any match.
    """
    length, wanted = counts[:, 0], counts[:, 1]
    right, made = counts[:, 2 : 2 + ORDERS], counts[:, 2 + ORDERS :]
    with np.errstate(divide="ignore", invalid="ignore"):
        halved = 2.0 ** np.cumsum((right == 0) & (made > 0), axis=1)
        precision = np.where(right > 0, right / made, 1 / (halved * made))
        brevity = np.where(length < wanted, np.exp(1 - wanted / length), 1.0)
        value = 100 * brevity * np.exp(np.log(precision).mean(axis=1))
    return np.where(right.any(axis=1) & made.all(axis=1), value, 0.0)


def chrf_of_counts(counts: np.ndarray) -> np.ndarray:
    """chrF2 of summed counts, shape (corpora, 3 * 6): for each length of n-gram those given, wanted, and shared."""
    given, wanted, shared = (counts[:, part::3] for part in range(3))
    used = (given > 0) & (wanted > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision, recall = (np.where(used, shared / whole, 0).sum(1) / used.sum(1) for whole in (given, wanted))
        value = 500 * precision * recall / (4 * precision + recall)
    return np.where(precision + recall > 0, value, 0.0)
