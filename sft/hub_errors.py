"""What can go wrong on the way to the Hugging Face hub, in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from data.denied import told
from data.errors import UserError


@contextmanager
def told_of_hub(model: str) -> Iterator[None]:
    """What the network layer raises, as one sentence and what to do."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
        SafetensorsParsingError,
    )

    try:
        yield
    except GatedRepoError as error:
        fix = "Accept its terms on the hub and log in with: hf auth login"
        raise UserError(f"Model {model!r} is gated.", fix) from error
    except (RepositoryNotFoundError, RevisionNotFoundError, HFValidationError) as error:
        raise UserError(f"The Hugging Face hub has no model {model!r}.", "Check the exact id.") from error
    except SafetensorsParsingError as error:
        raise UserError(f"The weights of {model!r} have no readable header.", "Name another model.") from error
    except HfHubHTTPError as error:
        what = f"The Hugging Face hub answered the question for {model!r} with error {error.response.status_code}."
        raise UserError(what, "Try again later.") from error
    except _http_error() as error:  # no route, no name, no answer
        raise _unreached(model) from error
    except OSError as error:  # of the network, too, or of the folder that the files go to
        raise told(error) or _unreached(model) from error


def _http_error() -> type[Exception]:
    """What the hub's library raises when there is no answer: the base of its own error, of whichever HTTP library."""
    from huggingface_hub.errors import HfHubHTTPError

    return next(one for one in HfHubHTTPError.__mro__ if one.__name__ == "HTTPError")


def _unreached(model: str) -> UserError:
    return UserError(
        f"Model {model!r} is not on this machine and the Hugging Face hub was not reached.",
        "Connect and try again, copy its folder here and name the folder, or use the bundled model: pocket.",
    )
