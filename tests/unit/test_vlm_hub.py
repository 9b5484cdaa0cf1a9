"""Every way in which the model hub does not hand a checkpoint out ends in one sentence that says what to do."""

import functools
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants
from huggingface_hub.errors import LocalEntryNotFoundError

from paliflow.errors import InputError
from paliflow.vlm import hub, model

NAME = "google/paligemma-3b-pt-224"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """Answers every request with `status` and `code`, or with a config.json."""

    daemon_threads = True
    status, code = 200, ""


class Requests(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        body = b'{"model_type": "paligemma"}' if self.server.status == 200 else b""
        headers = {"x-error-code": self.server.code, "x-repo-commit": COMMIT, "etag": '"1"', "content-length": str(len(body))}
        self.send_response(self.server.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub on this machine, asked by the hub's own client with an empty cache."""
    hub.commit.cache_clear()
    server = Hub(("127.0.0.1", 0), Requests)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(hub, "hf_hub_download", functools.partial(huggingface_hub.hf_hub_download, endpoint=address, cache_dir=tmp_path))
    monkeypatch.setattr(hub, "get_token", lambda: None)
    yield server
    server.shutdown()
    server.server_close()


def sentence(name: str = NAME) -> str:
    with pytest.raises(InputError) as caught:
        model.load_processor(name)
    assert str(caught.value).startswith(f"vlm.base is '{name}', ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_commit_is_the_one_that_the_hub_names(server: Hub) -> None:
    assert hub.commit(NAME) == COMMIT
    assert model.base_digest(NAME) == f"hub:{COMMIT}"


def test_a_folder_has_no_commit(tmp_path: Path) -> None:
    assert hub.commit(str(tmp_path)) is None


def test_a_licence_that_was_not_accepted_is_named_with_the_step_to_take(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    server.status, server.code = 401, "GatedRepo"
    assert "no token tells who asks: accept it on the model's page, then run `hf auth login` or set HF_TOKEN" in sentence()
    server.status = 403
    monkeypatch.setattr(hub, "get_token", lambda: "token")
    assert "the owner of the token in use has not done so: accept it on the model's page" in sentence()


def test_a_name_that_the_hub_has_not_is_named(server: Hub) -> None:
    server.status, server.code = 404, "RepoNotFound"
    assert "a name that the model hub does not know or shows to some accounts only: correct it, or set HF_TOKEN" in sentence()


def test_a_token_that_is_refused_is_named(server: Hub) -> None:
    server.status = 401
    assert "the model hub refuses the token in use: make a new one" in sentence()


def test_a_model_without_a_config_is_named(server: Hub) -> None:
    server.status, server.code = 404, "EntryNotFound"
    assert "the model hub has without a config.json" in sentence()


def test_a_hub_out_of_reach_is_named(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)  # between the client's six tries
    server.shutdown()
    server.server_close()
    assert "the model hub cannot be reached: connect, or give a folder with the checkpoint" in sentence()


def test_the_switch_that_forbids_the_hub_is_named(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE forbids to fetch it: unset that" in sentence()


@pytest.mark.parametrize("name", ["./nowhere/base_model", "no folder", "/absent"])
def test_a_path_that_is_no_folder_is_named(name: str) -> None:
    assert "neither a folder here nor owner/name on the model hub" in sentence(name)


def test_a_cause_inside_another_error_is_found() -> None:
    """transformers hides what its downloads met behind errors of its own."""
    with pytest.raises(InputError, match="which is not whole in the cache here"), hub.explained(NAME):
        try:
            raise LocalEntryNotFoundError("An error happened.")
        except LocalEntryNotFoundError as error:
            raise OSError("We couldn't connect to load the files.") from error
