"""The fine-tuner and the language model it tunes. Never imports rag."""
