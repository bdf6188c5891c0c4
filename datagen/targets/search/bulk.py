"""Requests of many records: how records are cut into them, what a refusal means, the bulk protocol of search engines.

The protocol is the same for OpenSearch and Elasticsearch; a target says how its own client asks and fails. Bodies are
slices of one buffer that is made in columns, with an action line before each record.
"""

import json
import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

import pyarrow as pa
from pydantic import AfterValidator, Field, PrivateAttr, SecretStr

from datagen.plugin.formatter import Formatter
from datagen.plugin.stage import Scope
from datagen.plugin.target import Encoded, Gather, Position, Target, Undelivered, Unreadable
from datagen.problems import show
from datagen.records.batch import Batch, Layout, Part
from datagen.records.lines import Lines, pieces
from datagen.records.pattern import TextPattern, patterned
from datagen.records.pieces import Pieces, join
from datagen.records.text import json_text
from datagen.targets.request import BulkSize, array_of, cuts, is_passing, refused, unsuitable_ca_file

_READ_AT_ONCE = 1000  # records
_FILTER = "errors,items.*.status,items.*.error"  # what is read of an answer: 1.3 µs a record, all of it 5 µs
_PLACE = re.compile(r"\{\{.*?\}\}|\{.*?\}")
_FORBIDDEN = re.compile(r'[\\/*?"<>| ,#:A-Z]')

T = TypeVar("T")


def _checked_index(index: str) -> str:
    """Check the parts of an index name that are the same for every record."""
    if "\0" in index:
        raise ValueError("an index name must not hold a null character")
    sample = datetime(2024, 1, 1).strftime(_PLACE.sub("x", index))
    found = _FORBIDDEN.search(sample)
    if found:
        problem = "a capital letter" if found[0].isalpha() else show(found[0])
        raise ValueError(f"an index name must not hold {problem}, found {show(index)}")
    if sample[0] in "-_+" or sample in (".", ".."):
        raise ValueError(f"an index name must not begin with -, _ or +, nor be a dot, found {show(index)}")
    return index


def _checked_host(host: str) -> str:
    """Check the URL of a node and give it a port."""
    try:
        parts = urlsplit(host)
        port = parts.port
    except ValueError as error:
        raise ValueError("must be a URL such as http://localhost:9200") from error
    if parts.username is not None:
        raise ValueError('must not hold a user; "username" and "password" are keys of their own')
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"must be a URL such as http://localhost:9200, found {show(host)}")
    if port is not None:
        return host
    return parts._replace(netloc=f"{parts.netloc.rstrip(':')}:{443 if parts.scheme == 'https' else 9200}").geturl()


class SearchEngine(Target):
    """Each record becomes a document through the bulk API. The format must be `json`.

    A document's `_id` is `<run>-<worker>-<step>`, where the run is a short name of the spec, the seed and the start. So
    whatever is sent again replaces itself: each record is there exactly once.
    """

    hosts: list[Annotated[str, AfterValidator(_checked_host)]] = Field(
        min_length=1, description="URLs of the nodes; port 9200, or 443 for https, when left out"
    )
    index: Annotated[str, AfterValidator(_checked_index)] = Field(
        min_length=1,
        description="index, alias or data stream; may hold `{{dimension}}` and strftime codes of the record's time",
    )
    action: Literal["index", "create"] = Field(
        "index", description='"index" replaces a document of the same `_id`, "create" leaves it; a data stream wants it'
    )
    id: bool = Field(True, description="false: the engine chooses each `_id`, and a retry may double records")
    batch: BulkSize = Field(
        BulkSize(), description="`records` and `bytes` in a request, at most; `seconds` to gather live ones"
    )
    username: str | None = Field(None, min_length=1, description="user, with `password`")
    password: SecretStr | None = Field(None, description="password of the user")
    verify: bool = Field(True, description="check the certificate of an https host")
    ca_file: str | None = Field(None, description="file of the certificates to trust, instead of the usual ones")
    timeout: int | float = Field(30, gt=0, le=3600, description="seconds after which a request has failed")
    _pattern: TextPattern = PrivateAttr()
    _client: Any = PrivateAttr(None)

    def __str__(self) -> str:
        return f"{self.kind} index {self.index}"

    @abstractmethod
    def connected(self) -> Any:
        """Make a client, which need not reach the engine yet."""

    @abstractmethod
    def ask(self, request: Callable[[], T]) -> T:
        """Make a request of the client; what fails is raised as Undelivered."""

    @abstractmethod
    def bulk(self, client: Any, body: bytes, answered: str) -> Mapping[str, Any]:
        """Send a bulk body; the answer needs to have what the filter ``answered`` names."""

    @abstractmethod
    def documents(self, client: Any, index: str) -> Iterator[dict[str, Any]]:
        """Read all documents of an index, as the engine describes them."""

    def problem(self) -> str | None:
        if (self.username is None) != (self.password is None):
            return '"username" and "password" belong together'
        return unsuitable_ca_file(self.verify, self.ca_file)

    def prepare(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        self._pattern = TextPattern(self.index, layout, with_time=True)
        problems = super().prepare(layout, formatter, scope) + self._pattern.problems
        if formatter.kind != "json":
            problems.append(f'the format must be "json", which is what a document is; found {show(formatter.kind)}')
        return problems

    def encode(self, batch: Batch) -> Encoded:
        documents = array_of(self._formatter.lines(batch))
        body = join([*self._action_pieces(batch), documents], len(batch))
        return Encoded(batch.due, batch.emitted, Lines.of(body))

    def gathers(self) -> Gather:
        return self.batch.gather()

    def open(self, position: Position) -> None:
        self._client = self.connected()

    def write(self, encoded: Encoded) -> None:
        for start, stop in cuts(encoded.lines.ends, self.batch):
            try:
                self._send(encoded.lines.slice(start, stop))
            except Undelivered as error:
                error.records += start
                raise

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def stored(self) -> Iterator[tuple[str, Sequence[bytes]]]:
        client = self.connected()
        index = re.sub(r"\*+", "*", re.sub(r"%[^%]", "*", _PLACE.sub("*", self.index)).replace("%%", "%"))
        try:
            self.ask(lambda: client.indices.refresh(index=index))
            documents = self.documents(client, index)
            while found := self.ask(lambda: list(islice(documents, _READ_AT_ONCE))):
                yield "", [_canonical(document["_source"]) for document in found if self._is_ours(document)]
        except Undelivered as error:
            raise Unreadable(str(error)) from error
        finally:
            client.close()

    def comparable(self, encoded: Encoded) -> Sequence[bytes]:
        return [_canonical(json.loads(bytes(piece).partition(b"\n")[2])) for piece in pieces(encoded.lines)]

    def _is_ours(self, document: Mapping[str, Any]) -> bool:
        """Tell whether a document is of this run; where the engine chose the ids, all are taken to be."""
        return not self.id or str(document["_id"]).startswith(f"{self._scope.run}-")

    def _action_pieces(self, batch: Batch) -> Pieces:
        """Write the line before each document."""
        names = patterned(batch, self._pattern, self._scope.start)
        index = json_text(names.slice(0, 1))[0].as_py() if self._pattern.is_constant else json_text(names)
        if not self.id:
            return [f'{{"{self.action}":{{"_index":', index, "}}\n"]
        ids = batch.in_order([join(_id_pieces(batch, part), len(part.rows)) for part in batch.parts])
        return [f'{{"{self.action}":{{"_index":', index, f',"_id":"{self._scope.run}-', ids, '"}}\n']

    def _send(self, part: Lines) -> None:
        """Send a request and make sure that each of its records is there. Raises Undelivered."""
        answer = self.ask(lambda: self.bulk(self._client, bytes(part.data), _FILTER))
        items = answer.get("items", ())
        if len(items) != len(part):
            raise Undelivered(f"the answer to {len(part)} records speaks of {len(items)}", lasting=True)
        if answer.get("errors", True):
            self._check([next(iter(item.values())) for item in items], part)

    def _check(self, items: Sequence[Mapping[str, Any]], part: Lines) -> None:
        """Name the worst of the records that were refused, if any was. Raises Undelivered."""
        failed = [place for place, item in enumerate(items) if not self._is_there(item["status"])]
        if not failed:
            return
        worst = next((place for place in failed if not is_passing(items[place]["status"])), failed[0])
        error = refused(items[worst]["status"], answer_text(items[worst]), failed[0])
        action = json.loads(bytes(part.slice(worst, worst + 1).data).partition(b"\n")[0])[self.action]
        name = f" with `_id` {action['_id']}" if self.id else ""
        text = f"{len(failed)} of {len(part)} records in a request were not taken; one{name} was {error}"
        raise Undelivered(text, error.records, lasting=error.lasting)

    def _is_there(self, status: int) -> bool:
        """Tell whether a document is stored; one that was there before has the id that only the same record has."""
        return 200 <= status < 300 or (status == 409 and self.action == "create" and self.id)


def answer_text(answer: Any) -> str:
    """Say what an engine gave as the reason of a failure."""
    error = answer.get("error", answer) if isinstance(answer, Mapping) else answer
    if not isinstance(error, Mapping):
        return str(error)
    cause = error.get("caused_by")
    text = f"{error.get('type')}: {error.get('reason')}"
    return f"{text} ({cause.get('reason')})" if isinstance(cause, Mapping) else text


def _id_pieces(batch: Batch, part: Part) -> Pieces:
    """Write what tells records of one run apart; what a stage made itself is numbered under the stage's name."""
    worker = batch.worker[part.rows]
    owner = pa.array(worker).cast(pa.string()) if worker[0] >= 0 else json.dumps(part.emitter)[1:-1]
    return [owner, "-", pa.array(batch.step[part.rows]).cast(pa.string())]


def _canonical(document: Any) -> bytes:
    """Write a document in a way that does not depend on the order of its keys."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
