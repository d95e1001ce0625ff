"""Rebuild every data file of the demo: ``python -m data.demo.build``. The same sources always give the same files."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from data.demo.check import check_facts, check_rows, read_all
from data.demo.paper import write_papers
from data.demo.rows import make_rows

HERE = Path(__file__).parent


def main() -> int:
    """Write the documents that are made from sources, then the questions; check them and print their numbers."""
    write_papers(HERE / "sources", HERE / "documents")
    texts, rows = read_all(HERE / "documents"), make_rows()
    wrong = check_facts(texts) + check_rows(rows, texts)
    if wrong:
        print("The demo was not written:", *wrong, sep="\n  ", file=sys.stderr)
        return 1
    print(f"documents: {len(texts)}")
    for split, split_rows in rows.items():
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in split_rows)
        (HERE / f"{split}.jsonl").write_text(lines, encoding="utf-8")
        counts = Counter(row["tags"][0] for row in split_rows)
        print(f"{split}: {len(split_rows)} rows;", ", ".join(f"{tag} {n}" for tag, n in sorted(counts.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
