"""The retriever: documents to passages to hits. Never imports sft."""
