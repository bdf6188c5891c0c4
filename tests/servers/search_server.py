"""A search engine for tests: indices of documents, the documented bulk protocol, and scrolling through what it holds.

It follows the REST reference of OpenSearch and Elasticsearch: "Bulk API" (answers, statuses of items), "Scroll API",
"Common options" (``filter_path``). As a command it serves for itself: ``python -m tests.servers.search_server 9200``.
"""

import base64
import gzip
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from urllib.parse import parse_qs, unquote, urlsplit

from tests.servers.web import WebHandler, WebServer

Refusal = tuple[int, str, str]  # status, type, reason
REJECTED: Refusal = (429, "es_rejected_execution_exception", "rejected execution of primary operation")
_ACTIONS = ("index", "create", "delete")
_BAD_NAME = re.compile(r'[\\/*?"<>| ,#A-Z]|^[-_+]')


class Refused(Exception):
    """A request, or an item of one, is refused."""

    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.error = {"type": kind, "reason": reason}


class SearchServer(WebServer):
    """Holds documents in memory; ``refuse`` may refuse a single item, ``answer`` a whole request."""

    def __init__(self, port: int = 0, *, user: str | None = None, api_key: str | None = None) -> None:
        super().__init__(port, _Handler)
        self.indices: dict[str, dict[str, bytes]] = {}
        self.streams: set[str] = set()  # names of data streams, which take no action but create
        self.creates_indices = True
        self.bulks: list[int] = []  # how many items each bulk had
        self.product = True  # whether it says that it is Elasticsearch
        self.refuse: Callable[[str, str, bytes], Refusal | None] = lambda index, identity, source: None
        self.answer: Callable[[str], Refusal | None] = lambda path: None
        self._authorizations = {f"Basic {base64.b64encode(user.encode()).decode()}"} if user else set()
        self._authorizations |= {f"ApiKey {api_key}"} if api_key else set()
        self._visible: dict[str, dict[str, bytes]] = {}
        self._scrolls: dict[str, Iterator[list[dict]]] = {}
        self._number = 0
        self._lock = threading.Lock()
        self.begin_serving()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def open_scrolls(self) -> int:
        return len(self._scrolls)

    def sources(self, index: str) -> list[dict]:
        """The documents of an index, in the order in which their ids came first."""
        return [json.loads(source) for source in self.indices.get(index, {}).values()]

    def respond(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        """Answer a request with a status and JSON."""
        parts = urlsplit(target)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        try:
            with self._lock:
                found = self.answer(parts.path)
                if found is not None:
                    raise Refused(*found)
                self._authorize(headers)
                status, content = 200, self._route(method, unquote(parts.path), query, headers, body)
        except Refused as refused:
            error = refused.error | {"root_cause": [refused.error]}
            return refused.status, {"error": error, "status": refused.status}
        return status, _filtered(content, query.get("filter_path"))

    def _authorize(self, headers: dict[str, str]) -> None:
        if self._authorizations and headers.get("authorization") not in self._authorizations:
            raise Refused(401, "security_exception", "unable to authenticate with the given credentials")

    def _route(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> dict:
        *index, verb = path.strip("/").split("/")
        match method, verb:
            case (("POST" | "PUT"), "_bulk"):
                return self._bulk(index[0] if index else None, headers.get("content-type", ""), body)
            case (("POST" | "GET"), "_refresh"):
                return self._refresh(index[0] if index else "*")
            case (("POST" | "GET"), "scroll"):
                return self._scroll(json.loads(body)["scroll_id"])
            case "DELETE", "scroll":
                names = json.loads(body)["scroll_id"]
                for name in [names] if isinstance(names, str) else names:
                    self._scrolls.pop(name, None)
                return {"succeeded": True}
            case (("POST" | "GET"), "_search"):
                return self._search(index[0], query, json.loads(body or b"{}"))
            case "GET", "":
                return {"name": "test", "version": {"number": "9.0.0"}, "tagline": "You Know, for Search"}
        raise Refused(400, "illegal_argument_exception", f"no handler found for uri [{path}] and method [{method}]")

    def _bulk(self, default: str | None, content_type: str, body: bytes) -> dict:
        if not re.match(r"application/(json|x-ndjson|vnd\.elasticsearch\+x-ndjson)", content_type):
            raise Refused(406, "media_type_header_exception", f"Content-Type header [{content_type}] is not supported")
        if not body.endswith(b"\n"):
            raise Refused(400, "illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]")
        lines = iter(body[:-1].split(b"\n"))
        items = [self._item(default, line, lines) for line in lines]
        self.bulks.append(len(items))
        errors = any("error" in item for made in items for item in made.values())
        return {"took": 1, "errors": errors, "items": items}

    def _item(self, default: str | None, line: bytes, lines: Iterator[bytes]) -> dict:
        try:
            ((action, meta),) = json.loads(line).items()
        except (ValueError, AttributeError) as error:
            raise Refused(400, "illegal_argument_exception", "Malformed action/metadata line") from error
        if action not in _ACTIONS:
            raise Refused(400, "illegal_argument_exception", f"Malformed action/metadata line, found [{action}]")
        index, identity = meta.get("_index", default), meta.get("_id")
        if identity is None:
            self._number += 1
            identity = f"auto-{self._number}"
        if identity == "":
            raise Refused(400, "action_request_validation_exception", "if _id is specified it must not be empty")
        item = {"_index": index, "_id": identity}
        if action == "delete":
            found = self.indices.get(index, {}).pop(identity, None) is not None
            return {action: item | {"result": "deleted" if found else "not_found", "status": 200 if found else 404}}
        source = next(lines, None)
        if source is None:
            raise Refused(400, "illegal_argument_exception", "Malformed action/metadata line")
        try:
            status = self._store(action, index, identity, source)
        except Refused as refused:
            return {action: item | {"status": refused.status, "error": refused.error}}
        result = "created" if status == 201 else "updated"
        shards = {"total": 1, "successful": 1, "failed": 0}
        return {action: item | {"_version": 1, "result": result, "_shards": shards, "status": status}}

    def _store(self, action: str, index: str, identity: str, source: bytes) -> int:
        if _BAD_NAME.search(index):
            raise Refused(400, "invalid_index_name_exception", f"Invalid index name [{index}]")
        if index not in self.indices and not self.creates_indices:
            raise Refused(404, "index_not_found_exception", f"no such index [{index}]")
        if index in self.streams and action != "create":
            text = "only write ops with an op_type of create are allowed in data streams"
            raise Refused(400, "illegal_argument_exception", text)
        if len(identity.encode()) > 512:
            raise Refused(400, "illegal_argument_exception", "id is too long, must be no longer than 512 bytes")
        if not source.startswith(b"{"):
            raise Refused(400, "document_parsing_exception", "[1:1] failed to parse")
        refusal = self.refuse(index, identity, source)
        if refusal is not None:
            raise Refused(*refusal)
        documents = self.indices.setdefault(index, {})
        known = identity in documents
        if known and action == "create":
            text = f"[{identity}]: version conflict, document already exists (current version [1])"
            raise Refused(409, "version_conflict_engine_exception", text)
        documents[identity] = source
        return 200 if known else 201

    def _matching(self, expression: str) -> list[str]:
        found = [name for name in self.indices if fnmatchcase(name, expression)]
        if not found and "*" not in expression:
            raise Refused(404, "index_not_found_exception", f"no such index [{expression}]")
        return found

    def _refresh(self, expression: str) -> dict:
        for name in self._matching(expression):
            self._visible[name] = dict(self.indices[name])
        return {"_shards": {"total": 1, "successful": 1, "failed": 0}}

    def _search(self, expression: str, query: dict[str, str], body: dict) -> dict:
        names = self._matching(expression)
        hits = [
            {"_index": name, "_id": identity, "_source": json.loads(source)}
            for name in names
            for identity, source in self._visible.get(name, {}).items()
        ]
        size = int(query.get("size", body.get("size", 10)))
        self._number += 1
        identity = f"scroll-{self._number}"
        self._scrolls[identity] = iter([hits[place : place + size] for place in range(0, len(hits), size)])
        return self._scroll(identity)

    def _scroll(self, identity: str) -> dict:
        if identity not in self._scrolls:
            raise Refused(404, "search_context_missing_exception", f"No search context found for id [{identity}]")
        hits = next(self._scrolls[identity], [])
        return {
            "_scroll_id": identity,
            "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
            "hits": {"total": {"value": len(hits), "relation": "eq"}, "hits": hits},
        }


class _Handler(WebHandler):
    server: SearchServer

    def _take(self) -> None:
        request = self.read_request()
        if request is None:
            return
        headers, body = request
        body = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        status, content = self.server.respond(self.command, self.path, headers, body)
        text = json.dumps(content).encode()
        compatible = "vnd.elasticsearch+json" in headers.get("accept", "")
        kind = "application/vnd.elasticsearch+json" if compatible else "application/json"
        product = {"x-elastic-product": "Elasticsearch"} if self.server.product else {}
        self.respond(status, text, {"content-type": kind} | product)

    do_GET = do_POST = do_PUT = do_DELETE = _take  # noqa: N815


def _filtered(content: object, expression: str | None) -> object:
    """Keep what ``filter_path`` names, as in ``errors,items.*.status``."""
    if expression is None:
        return content
    return _kept(content, [path.split(".") for path in expression.split(",")])


def _kept(content: object, paths: list[list[str]]) -> object:
    if [] in paths:
        return content
    if isinstance(content, list):
        return [kept for member in content if (kept := _kept(member, paths)) not in ({}, [])]
    if not isinstance(content, dict):
        return {}
    found = {}
    for key, value in content.items():
        below = [path[1:] for path in paths if path[0] in (key, "*")]
        if below and (kept := _kept(value, below)) not in ({}, []):
            found[key] = kept
    return found


def serve(port: int) -> SearchServer:
    """Serve until the server is closed."""
    return SearchServer(port)


if __name__ == "__main__":
    with SearchServer(int(sys.argv[1])):
        threading.Event().wait()
