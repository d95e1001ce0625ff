# Two commands: `make run` opens the dashboard, `make test` runs every test. Both set up .venv once and then reuse it.

PYTHON ?= $(shell for v in 3.11 3.12 3.13; do p=$$(command -v python$$v) && $$p -c 'import venv' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PLAIN_THREADS := GOMP_SPINCOUNT=0 OMP_WAIT_POLICY=PASSIVE KMP_BLOCKTIME=0 TOKENIZERS_PARALLELISM=false

.PHONY: run test check bench recall-check chaos demo pocket-report clean

run: $(BIN)/.run-ready
	@$(PLAIN_THREADS) $(BIN)/python -m ui

test: $(BIN)/.test-ready
	$(PLAIN_THREADS) HF_HUB_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1 $(BIN)/python -m pytest

check: $(BIN)/.test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	@$(MAKE) --no-print-directory test

bench: $(BIN)/.test-ready
	$(PLAIN_THREADS) $(BIN)/python -m tests.bench

# recall@5 of the gold passage with default settings, by the product and by a script of plain FAISS; REAL=folder of
# documents/ and test.jsonl
RECALL := build/recall
recall-check: $(BIN)/.test-ready
	@test -n "$(REAL)" || { echo "Say where the documents and questions are: make recall-check REAL=folder" >&2; exit 1; }
	rm -rf $(RECALL)
	CROSSOVER_HOME=$(CURDIR)/$(RECALL) $(BIN)/python -m rag build --name real --documents $(REAL)/documents
	for method in dense bm25 fused; do CROSSOVER_HOME=$(CURDIR)/$(RECALL) $(BIN)/python -m eval retrieval real \
	    --questions $(REAL)/test.jsonl --method $$method -k 5 || exit 1; done
	$(BIN)/python tests/bench/recall_check.py $(RECALL)/knowledge/real/1 $(REAL)/test.jsonl

# kill -9 at random moments of changes to knowledge bases, then the same against planted bugs; SEED=n draws it again
chaos: $(BIN)/.test-ready
	$(PLAIN_THREADS) $(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED))

# the demo workspace that ships, rebuilt from nothing: data, knowledge base, fine-tune, comparison
DEMO := build/demo
DEMO_ENV := $(PLAIN_THREADS) CROSSOVER_HOME=$(CURDIR)/$(DEMO)
demo: $(BIN)/.test-ready
	rm -rf $(DEMO)
	$(BIN)/python -m data.demo.build
	$(DEMO_ENV) $(BIN)/python -m data add demo --train data/demo/train.jsonl --validation data/demo/validation.jsonl \
	    --test data/demo/test.jsonl --documents data/demo/documents
	$(DEMO_ENV) $(BIN)/python -m rag build --name brindlewick --documents data/demo/documents
	$(DEMO_ENV) $(BIN)/python -m sft train --name brindlewick --train demo --validation demo
	$(DEMO_ENV) $(BIN)/python -m eval bench --name demo --test demo --tuned brindlewick --knowledge brindlewick
	$(BIN)/python -m data.demo.keep $(DEMO)

# REAL=folder adds the exams on real text: its reading/paragraphs.jsonl.gz and labels/ (the model's card names the sources)
pocket-report: $(BIN)/.run-ready
	$(PLAIN_THREADS) $(BIN)/python -m sft.pocket report \
	    $(if $(REAL),--reading $(REAL)/reading/paragraphs.jsonl.gz --labels $(REAL)/labels)

clean:
	rm -rf .venv *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis

$(BIN)/.venv-ready:
	@test -n "$(PYTHON)" || { echo "Crossover needs Python 3.11, 3.12 or 3.13, and found none; install one, or name it: make run PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Crossover needs Python 3.11, 3.12 or 3.13; %s is %d.%d." % (sys.executable, *sys.version_info[:2]))'
	@echo "Setting up $(CURDIR)/.venv once: about 0.5 GB to download and 2.0 GB on disk with the CPU build of PyTorch"
	@echo "(several GB more of each with the CUDA build, which Linux gets unless told otherwise: see the README)."
	@$(PYTHON) -m venv .venv
	@$(PIP) --upgrade "pip>=25"
	@touch $@

# one pip command each, with every version pinned: a later unpinned install could swap torch for another build
$(BIN)/.run-ready: pyproject.toml constraints.txt $(BIN)/.venv-ready
	@echo "Installing the pinned packages (a few minutes the first time) ..."
	@$(PIP) -c constraints.txt -e .
	@touch $@

$(BIN)/.test-ready: pyproject.toml constraints.txt $(BIN)/.venv-ready
	@echo "Installing the pinned packages and the test tools (a few minutes the first time) ..."
	@$(PIP) -c constraints.txt -e ".[dev]"
	@touch $@ $(BIN)/.run-ready
