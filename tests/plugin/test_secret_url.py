"""URLs are shown without what nobody may read."""

import pytest
from pydantic import BaseModel

from datagen.plugin.secret_url import SecretUrl


@pytest.mark.parametrize(
    ("url", "shown", "secrets"),
    [
        ("http://host", "http://host", []),
        ("http://host:80/a/b", "http://host:80/a/b", []),
        ("http://host/@scope/x", "http://host/@scope/x", []),
        ("http://host/a?q=1#f", "http://host/a", ["q=1", "1", "f"]),
        ("redis://me:pass@host:6379/0", "redis://host:6379/0", ["me:pass", "pass"]),
        ("redis://:p%40ss@host/0", "redis://host/0", [":p%40ss", ":p@ss", "p%40ss", "p@ss"]),
        ("redis://:a@b@host/0", "redis://host/0", [":a@b", "a@b"]),
        ("redis://:a/b@host/0", "redis://host/0", [":a/b", "a/b"]),
        ("http://[::1]:80/x", "http://[::1]:80/x", []),
        ("http://me:pass@[::1]:80/x", "http://[::1]:80/x", ["me:pass", "pass"]),
        ("nats://token@one:4222", "nats://one:4222", ["token"]),
        ("http://h/x?token=abc%20d", "http://h/x", ["token=abc%20d", "token=abc d", "abc d"]),
        ("no url", "…", ["no url"]),
    ],
)
def test_what_is_secret_is_not_shown(url: str, shown: str, secrets: list[str]) -> None:
    made = SecretUrl(url)
    assert (made.shown, str(made), made.value) == (shown, shown, url)
    assert made.secrets == secrets
    assert not any(secret in repr(made) for secret in secrets)


class Place(BaseModel):
    url: SecretUrl


def test_a_key_of_a_model_may_be_one() -> None:
    made = Place(url="http://me:secret@host/a")
    assert made.url == SecretUrl("http://me:secret@host/a")
    assert "secret" not in repr(made) + made.model_dump_json() + str(made.model_dump())
    assert Place.model_json_schema()["properties"]["url"]["type"] == "string"
