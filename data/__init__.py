"""Nouns, examples, documents, prompts, the store and the jobs. Imports nothing else of ours."""
