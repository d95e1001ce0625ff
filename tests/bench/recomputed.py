"""Exact match, token F1 and macro F1 worked out again from a JSONL export, beside the figures that the report shows.

    python -m eval report NAME --jsonl answers.jsonl --json > report.json
    python tests/bench/recomputed.py answers.jsonl report.json

Nothing of the project is imported. Ends with 1 if any figure differs in a digit that is shown.
"""

import json
import re
import string
import sys
from collections import Counter, defaultdict

ABSTAINING = {"i dont know"}


def bare(text):
    text = "".join(sign for sign in text.lower() if sign not in string.punctuation)
    return re.sub(r"\s+", " ", re.sub(r"\b(a|an|the)\b", " ", text)).strip()


def overlap(given, wanted):
    left, right = bare(given).split(), bare(wanted).split()
    same = sum((Counter(left) & Counter(right)).values())
    return 2 * same / (len(left) + len(right)) if same else 0.0


def number(text):
    found = re.search(r"-?\d[\d,]*(\.\d+)?", text)
    return float(found.group().replace(",", "")) if found else None


def worth(row):
    text = "" if row["finish_reason"] in ("length", "over_budget") else row["answer"]
    if not row["answerable"]:
        return (float(row["abstains"]),) * 2
    f1 = max(overlap(text, wanted) for wanted in row["accepted"])
    if row["task"] == "number":
        return float(number(text) is not None and number(text) in map(number, row["accepted"])), f1
    return float(bool(text.strip()) and bare(text) in map(bare, row["accepted"])), f1


def macro_f1(rows):
    """The unweighted mean over the classes that are true somewhere; answers that are no class are never true."""
    truth, given = [], []
    for row in rows:
        text = "" if row["finish_reason"] in ("length", "over_budget") else row["answer"]
        accepted = [bare(one) for one in row["accepted"]]
        given.append(bare(text))
        truth.append(bare(text) if bare(text) in accepted else accepted[0])
    scores = []
    for name in set(truth):
        right = sum(t == g == name for t, g in zip(truth, given, strict=True))
        scores.append(2 * right / (truth.count(name) + given.count(name)))
    return sum(scores) / len(scores)


def figures(rows):
    """{what: (value in percent, n)} of one system."""
    pairs = [worth(row) for row in rows]
    found = {
        "exact match": (100 * sum(one for one, _ in pairs) / len(pairs), len(pairs)),
        "token F1": (100 * sum(one for _, one in pairs) / len(pairs), len(pairs)),
    }
    labels = [row for row in rows if row["task"] == "label" and row["answerable"]]
    return found | ({"macro F1": (100 * macro_f1(labels), len(labels))} if labels else {})


def stored(row):
    found = {"exact match": row["exact_match"], "token F1": row["token_f1"]}
    if macro := row["tasks"].get("label", {}).get("measures", {}).get("macro_f1"):
        found["macro F1"] = macro
    return {what: (100 * one["mean"], one["n"]) for what, one in found.items()}


def main(answers, report):
    by_system = defaultdict(list)
    with open(answers, encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if row["exact_match"] is not None:
                row["abstains"] = bare(row["answer"]) in ABSTAINING
                by_system[row["system"]].append(row)
    with open(report, encoding="utf-8") as file:
        systems = json.load(file)["systems"]
    wrong = 0
    for name, rows in by_system.items():
        told = stored(systems[name])
        for what, (value, n) in figures(rows).items():
            same = f"{value:.1f}" == f"{told[what][0]:.1f}" and n == told[what][1]
            wrong += not same
            print(
                f"{name:10} {what:12} {value:8.3f} (n {n})  shown {told[what][0]:.1f}  {'same' if same else 'DIFFERS'}"
            )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
