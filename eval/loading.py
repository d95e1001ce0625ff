"""From a system's description to something that answers: the only place that joins the two methods.

Holds one base model and one embedder at a time, so that every system of a comparison runs on the same weights.
"""

from __future__ import annotations

from collections.abc import Sequence

from data.prompts import instruction_for
from data.schema import Answerer, Conversation, DecodeSettings, Generation, Generator, OnGenerated, OnText
from data.store import resolve
from data.workspace import Workspace
from eval.systems import System
from rag.answerer import BestSentence, Find, OpenBook, by_search, gold
from rag.embed import Embedder
from rag.files import Knowledge, open_knowledge
from rag.filters import EVERYTHING, Filter
from rag.retrieve import KnowledgeRetriever
from sft.answerer import ClosedBook
from sft.model import LocalModel, View


class Loader:
    """Loads models, knowledge bases and the embedder on first need, and keeps what the next system can use."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._model: LocalModel | None = None
        self._named = ""
        self._embedder: Embedder | None = None
        self._knowledge: dict[str, Knowledge] = {}

    def model(self, name: str) -> LocalModel:
        """The base model; another one takes the place of the one held."""
        if self._model is None or self._named != name:
            self._model = None
            self._model, self._named = LocalModel.load(name), name
        return self._model

    def generator(self, system: System) -> View:
        """The system's weights: the base itself, or the base with its tuned weights."""
        model = self.model(system.model)
        return model.tuned(resolve(self.workspace, "adapters", system.tuned)) if system.tuned else model.base()

    def embedder(self, name: str) -> Embedder:
        if self._embedder is None or self._embedder.id != name:
            self._embedder, self._knowledge = None, {}
            self._embedder = Embedder.load(name)
        return self._embedder

    def retriever(
        self, reference: str, method: str, only: Filter = EVERYTHING, at_least: float | None = None
    ) -> KnowledgeRetriever:
        """The retriever over one version of a knowledge base; see KnowledgeRetriever for the rest."""
        reference = resolve(self.workspace, "knowledge", reference).ref
        knowledge = self._knowledge.get(reference) or open_knowledge(self.workspace, reference)
        embedder = self.embedder(knowledge.manifest["embedder"]["id"])
        self._knowledge[reference] = knowledge
        return KnowledgeRetriever(knowledge, embedder, method, only, at_least)

    def retriever_of(self, system: System, only: Filter = EVERYTHING) -> KnowledgeRetriever:
        """The retriever that a system's row describes, narrowed by ``only``."""
        return self.retriever(system.knowledge or "", system.method, only, system.at_least)

    def ready(self, system: System) -> None:
        """Read all that this system needs and that is not in memory yet: weights, embedder, indexes."""
        if not system.floor:
            self.generator(system).ready()
        if system.context == "retrieved":
            self.retriever_of(system).ready()

    def on_accelerator(self) -> bool:
        """True while the model held sits on a GPU."""
        return self._model is not None and self._model.device.name != "cpu"

    def answerer(
        self, system: System, settings: DecodeSettings, find: Find | None = None, on_text: OnText | None = None,
        cite: bool = False,
    ) -> Answerer:  # fmt: skip
        """What answers examples the way ``system`` describes.

        ``find`` takes the place of the system's own search (passages already at hand); ``on_text`` hears a single
        answer as it is written; ``cite`` asks a general model that reads passages to name them.
        """
        if system.context == "gold":
            find = gold
        elif system.context == "retrieved":
            find = find or by_search(self.retriever_of(system), system.k)
        if system.floor and find:
            return BestSentence(find, self.retriever_of(system).embedder)
        instruction, over_passages = (instruction_for(system.model, asked)[0] for asked in (False, cite))
        generator = Aloud(self.generator(system), on_text) if on_text else self.generator(system)
        return (
            OpenBook(generator, find, settings, instruction, over_passages)
            if find
            else ClosedBook(generator, settings, instruction)
        )


class Aloud:
    """A generator whose every text is also told to a listener, piece by piece, while it is generated."""

    def __init__(self, generator: Generator, on_text: OnText) -> None:
        self.generator, self.listener, self.window = generator, on_text, generator.window

    def generate(
        self,
        conversations: Sequence[Conversation],
        settings: DecodeSettings,
        on_text: OnText | None = None,
        on_generated: OnGenerated | None = None,
    ) -> list[Generation]:
        return self.generator.generate(conversations, settings, on_text or self.listener, on_generated)

    def score(self, conversations: Sequence[Conversation], answers: Sequence[str]) -> list[float] | None:
        return self.generator.score(conversations, answers)

    def count(self, conversation: Conversation) -> int:
        return self.generator.count(conversation)
