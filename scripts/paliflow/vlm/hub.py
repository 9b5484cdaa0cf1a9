"""The model hub: which commit of a checkpoint it has, and in one sentence why a checkpoint cannot be had."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from huggingface_hub import constants, get_token, hf_hub_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
)
from safetensors import SafetensorError

from paliflow.errors import InputError


@functools.cache  # a stage asks once, so that all that it loads is of one commit
def commit(base: str) -> str | None:
    """The commit that a name on the hub stands for now, or in the cache where the hub is out of reach; None for a folder.

    Raises:
        InputError: the hub does not hand the checkpoint out, has it not, or cannot be reached.
    """
    if Path(base).is_dir():
        return None
    with explained(base):
        return Path(hf_hub_download(base, "config.json")).parent.name  # the cache has a folder for each commit


@contextmanager
def explained(base: str) -> Iterator[None]:
    """Turn whatever keeps a checkpoint from being loaded into a sentence.

    Raises:
        InputError: something did.
    """
    try:
        yield
    except torch.OutOfMemoryError:  # a RuntimeError that says nothing about the checkpoint
        raise
    except (OSError, ValueError, RuntimeError, HTTPError, SafetensorError) as error:
        raise InputError(f"vlm.base is '{base}', {_reason(error)}.") from None


def _reason(error: BaseException) -> str:
    """What is wrong and what to do; the libraries wrap the hub's own errors, so their causes count too."""
    links = [error]
    while (link := links[-1].__cause__ or links[-1].__context__) is not None:
        links.append(link)
    for link in links:
        sentence = _hub_reason(link)
        if sentence:
            return sentence
    first = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".:")
    return (
        f"from which no PaliGemma can be loaded ({first[:300]}): "
        "give a folder with a whole checkpoint, or a name that the model hub has and can be reached for"
    )


def _hub_reason(error: BaseException) -> str:
    """The same for the hub's own errors; empty for any other."""
    token = get_token() is not None
    if isinstance(error, GatedRepoError):
        start = "whose licence must be accepted before the model hub hands it out"
        if token:
            return f"{start}, and the owner of the token in use has not done so: accept it on the model's page"
        return f"{start}, and no token tells who asks: accept it on the model's page, then run `hf auth login` or set HF_TOKEN"
    if isinstance(error, RepositoryNotFoundError):
        return f"a name that the model hub does not know{'' if token else ' or shows to some accounts only'}: correct it, or set HF_TOKEN"
    if isinstance(error, HfHubHTTPError) and error.response.status_code in (401, 403):
        return "and the model hub refuses the token in use: make a new one there, then run `hf auth login` or set HF_TOKEN"
    if isinstance(error, RemoteEntryNotFoundError):
        return "which the model hub has without a config.json, so it is no checkpoint: give the name of a PaliGemma"
    if isinstance(error, LocalEntryNotFoundError) or (isinstance(error, HTTPError) and not isinstance(error, HfHubHTTPError)):
        start, end = "which is not whole in the cache here, and", "or give a folder with the checkpoint"
        if constants.HF_HUB_OFFLINE:
            return f"{start} HF_HUB_OFFLINE forbids to fetch it: unset that, {end}"
        return f"{start} the model hub cannot be reached: connect, {end}"
    if isinstance(error, HFValidationError):
        return "neither a folder here nor owner/name on the model hub: give one of the two"
    return ""
