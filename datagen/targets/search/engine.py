"""What the targets ``opensearch`` and ``elasticsearch`` have in common: their keys and what is right for them."""

import re
from abc import abstractmethod
from datetime import datetime
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from datagen.plugin.formatter import Formatter, no_json
from datagen.plugin.key import SEPARATOR, NeededKey, unknown_names
from datagen.plugin.operation import Operations, OperationText, strays
from datagen.plugin.operation import misfits as operation_misfits
from datagen.plugin.stage import Scope
from datagen.plugin.target import Target
from datagen.problems import show
from datagen.records.batch import Layout
from datagen.records.pattern import TextPattern
from datagen.targets.request import BulkSize, unsuitable_ca_file
from datagen.targets.search.action import Actions
from datagen.targets.search.bulk import BulkSink
from datagen.targets.search.client import SearchClient

_PLACE = re.compile(r"\{\{.*?\}\}|\{.*?\}")
_NO_CODES = (
    'index: a strftime code can\'t stand beside "operation": a later change of the same key would go to another index '
    "and leave the old document"
)
_FORBIDDEN = re.compile(r'[\\/*?"<>| ,#:A-Z]')


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

    with_codes: ClassVar[tuple[str, ...]] = ("index",)
    form: ClassVar[tuple[str, ...]] = ("key", "operation")
    hosts: list[Annotated[str, AfterValidator(_checked_host)]] = Field(
        min_length=1, description="URLs of the nodes; port 9200, or 443 for https, when left out"
    )
    index: Annotated[str, AfterValidator(_checked_index)] = Field(
        min_length=1,
        description="index, alias or data stream; may hold `{{dimension}}`, `{{emitter}}` and strftime codes of the "
        "record's time",
    )
    action: Literal["index", "create"] = Field(
        "index",
        description='"index" replaces a document of the same `_id`, "create" leaves it; a data stream needs "create"',
    )
    id: bool = Field(True, description="false: the engine chooses each `_id`, and a retry may double records")
    key: NeededKey | None = Field(
        None,
        description=f"dimensions (`a.b` for a key inside one) whose texts, joined with `{SEPARATOR}`, are the `_id`, "
        "so that a later record replaces an earlier one with the same key; an object has such a list for each emitter",
    )
    operation: OperationText | None = Field(
        None,
        description="expression that says of each record what becomes of its `key`: `'delete'` removes the document, "
        "`'insert'`, `'update'` and `'upsert'` put the record in its place",
    )
    batch: BulkSize = Field(
        BulkSize(), description="`records` and `bytes` in a request, at most; `seconds` to gather live ones"
    )
    username: str | None = Field(None, min_length=1, description="user, with `password`")
    password: SecretStr | None = Field(None, description="password of the user")
    verify: bool = Field(True, description="check the certificate of an https host")
    ca_file: str | None = Field(None, description="file of the certificates to trust, instead of the usual ones")
    timeout: int | float = Field(30, gt=0, le=3600, description="seconds after which a request has failed")

    def __str__(self) -> str:
        return f"{self.kind} index {self.index}"

    @abstractmethod
    def client(self) -> SearchClient:
        """Return a client, which need not reach the engine yet."""

    def problem(self) -> str | None:
        if (self.username is None) != (self.password is None):
            return '"username" and "password" belong together'
        if self.operation is not None and self.key is None:
            return '"operation" requires a "key"'
        if self.key is not None and (self.action == "create" or not self.id):
            return '"key" needs "action": "index" and "id": true'
        return unsuitable_ca_file(self.verify, self.ca_file)

    def check(self) -> None:
        with self.client() as client:
            client.greet()

    def misfits(self, layout: Layout, formatter: Formatter, scope: Scope) -> list[str]:
        pattern = self._pattern(layout)
        problems = [*pattern.problems, *unknown_names("key", self.key or [], layout)]
        if self.operation is not None:
            problems += operation_misfits(self.operation, layout)
            problems += strays("index", pattern.names, self.key or [], layout)
            if pattern.has_codes:
                problems.append(_NO_CODES)
        if formatter.writes_json(layout):
            return problems
        return [
            *problems,
            f'the format must be "json", which is what a document is; found {no_json(formatter, layout)}',
        ]

    def begin(self, layout: Layout, formatter: Formatter, scope: Scope) -> BulkSink:
        operations = None if self.operation is None else Operations(self.operation, scope.zone)
        pattern = self._pattern(layout)
        actions = Actions(self.action, pattern, scope, chooses_ids=self.id, key=self.key, operations=operations)
        return BulkSink(formatter.begin(layout), scope, self.client, actions, self.batch)

    def _pattern(self, layout: Layout) -> TextPattern:
        return TextPattern(self.index, layout.named(), with_time=True)
