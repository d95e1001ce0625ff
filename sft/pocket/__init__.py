"""Pocket: the small language model that comes with the project, and the recipe that makes it."""

from pathlib import Path

PATH = Path(__file__).with_name("model")
