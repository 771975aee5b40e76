"""Asks a Hugging Face hub about files: the one place that imports huggingface_hub, and only when it is used,
for that import is slow. Metadata only: the bytes come through fetcher.download.
"""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fetcher.download import Offer
from fetcher.errors import AccessRefused, FetchError, NoSuchThing, OutOfReach, Transient, UsageError, without_secrets
from fetcher.retry import Persistence, retry_after_seconds
from fetcher.settings import DEFAULT_ENDPOINT

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

METADATA_SECONDS: Final = 10.0
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_ELSEWHERE: Final = "Set HF_ENDPOINT to a mirror that this machine can reach, or give a file (MODEL=PATH.gguf)."


@dataclass(frozen=True)
class Listing:
    """A repository at one commit."""

    revision: str
    files: tuple[str, ...]
    owner: str | None
    license: str | None
    created: int | None


class Hub:
    """One endpoint. `token` goes to this endpoint and nowhere else."""

    def __init__(self, endpoint: str, token: str | None, persistence: Persistence) -> None:
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        self._endpoint = endpoint.rstrip("/")
        self._token = token or self._saved_login()
        self._persistence = persistence

    def offer(self, repo: str, file: str, revision: str) -> Offer:
        """Where the file is and what it must be. For files under LFS or Xet the ETag is the sha256."""
        return self._persistence.run(
            lambda: self._offer(repo, file, revision), f"the hub at {self._endpoint}", _ELSEWHERE
        )

    def listing(self, repo: str, revision: str) -> Listing:
        """What the repository holds."""
        return self._persistence.run(lambda: self._listing(repo, revision), f"the hub at {self._endpoint}", _ELSEWHERE)

    def _offer(self, repo: str, file: str, revision: str) -> Offer:
        from huggingface_hub import get_hf_file_metadata, hf_hub_url  # noqa: PLC0415 - slow to import

        with self._translated(repo, revision, file):
            url = hf_hub_url(repo, file, revision=revision, endpoint=self._endpoint)
            told = get_hf_file_metadata(
                url, token=self._token or False, timeout=METADATA_SECONDS, endpoint=self._endpoint
            )
            pinned = hf_hub_url(repo, file, revision=told.commit_hash or revision, endpoint=self._endpoint)
        sha256 = told.etag if told.etag and _SHA256.fullmatch(told.etag) else None
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return Offer(pinned, told.size, sha256, told.etag, told.commit_hash, headers)

    def _listing(self, repo: str, revision: str) -> Listing:
        from huggingface_hub import HfApi  # noqa: PLC0415 - slow to import

        with self._translated(repo, revision, None):
            told = HfApi(endpoint=self._endpoint, token=self._token or False).model_info(
                repo, revision=revision, files_metadata=True, timeout=METADATA_SECONDS
            )
        return Listing(
            revision=told.sha or revision,
            files=tuple(file.rfilename for file in told.siblings or ()),
            owner=told.author or repo.partition("/")[0],
            license=told.card_data.get("license") if told.card_data else None,
            created=int(told.created_at.timestamp()) if told.created_at else None,
        )

    def _saved_login(self) -> str | None:
        """The token of `hf auth login`; it belongs to the default endpoint only."""
        if self._endpoint != DEFAULT_ENDPOINT:
            return None
        from huggingface_hub import get_token  # noqa: PLC0415 - slow to import

        return get_token()

    @contextmanager
    def _translated(self, repo: str, revision: str, file: str | None) -> Iterator[None]:
        """The library's exceptions become ours."""
        from huggingface_hub import errors  # noqa: PLC0415 - slow to import
        from huggingface_hub.utils import httpx  # type: ignore[attr-defined]  # noqa: PLC0415 - its documented way

        try:
            yield
        except errors.HfHubHTTPError as failure:
            raise self._refusal(failure, f"{repo}@{revision}" + (f":{file}" if file else "")) from failure
        except httpx.TransportError as failure:
            why = without_secrets(str(failure)) or type(failure).__name__
            raise Transient(f"no answer ({why})", hopeless_soon=True) from failure
        except errors.OfflineModeIsEnabled as failure:
            raise OutOfReach("the hub is switched off by HF_HUB_OFFLINE", "Unset HF_HUB_OFFLINE.") from failure
        except errors.HFValidationError as failure:
            raise UsageError(f"{repo} is not a repository of a hub", "Write hf:owner/repo[:file].") from failure
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as failure:
            raise OutOfReach(f"{self._endpoint} does not answer like a hub", "Check HF_ENDPOINT.") from failure

    def _refusal(self, failure: "HfHubHTTPError", what: str) -> FetchError | Transient:
        kind, status = type(failure).__name__, failure.response.status_code
        repo = what.partition("@")[0]
        page = f"{self._endpoint}/{repo}"
        if kind == "GatedRepoError":
            return AccessRefused(
                f"{repo} is gated: its owner wants its terms accepted first",
                f"Accept them at {page} with your account, then set HF_TOKEN to a token of that account.",
            )
        if kind == "RevisionNotFoundError":
            return NoSuchThing(f"{repo} has no revision {what.partition('@')[2]}", f"Look at {page}.")
        if kind == "RemoteEntryNotFoundError":
            return NoSuchThing(f"{what} is not there", f"Look at the files of {page}/tree/main.")
        if kind == "RepositoryNotFoundError":
            return NoSuchThing(
                f"there is no repository {repo} at {self._endpoint}, or it is private",
                "Check the spelling; for a private repository set HF_TOKEN.",
            )
        if status in (401, 403):
            return AccessRefused(
                f"the hub refuses {repo} ({status})",
                "Set HF_TOKEN to a valid token that may read it." if not self._token else "Renew HF_TOKEN.",
            )
        if status == 404:
            return NoSuchThing(f"{what} is not at {self._endpoint} (404)", "Check the spelling, and HF_ENDPOINT.")
        if status in (408, 429) or status >= 500:
            wait = retry_after_seconds(failure.response.headers.get("Retry-After"), time.time())
            return Transient(f"the hub answered {status}", retry_after=wait)
        return OutOfReach(f"the hub answered {status} for {what}", _ELSEWHERE)
