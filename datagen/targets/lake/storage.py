"""Places of tables and catalogs, as the libraries of a lake have them.

For deltalake, what a URI of Arrow says stands in settings.
"""

import os
import re
from urllib.parse import parse_qsl, unquote

from datagen.targets.files.place import Address

# Else somebody who is not there is asked for minutes.
_PATIENCE = {"connect_timeout": "10s", "max_retries": "3", "retry_timeout": "30s"}
_OF_S3 = {"region": "AWS_REGION", "access_key": "AWS_ACCESS_KEY_ID", "secret_key": "AWS_SECRET_ACCESS_KEY"}

_DATABASE = re.compile(r"sqlite:///([^?]+)")


def database_of(uri: str) -> str | None:
    """Return the file of a catalog, if it is one."""
    found = _DATABASE.fullmatch(uri)
    return found[1] if found else None


def storage_of(address: Address) -> tuple[str, dict[str, str]]:
    """Return the URI of a table at an address, and the settings by which it is reached."""
    if address.is_local:
        return os.path.abspath(address.path), {}
    path = address.path.rstrip("/")
    if address.scheme != "s3":
        return f"{address.scheme}://{address.host}/{path}", dict(_PATIENCE)
    user, _, bucket = address.host.rpartition("@")
    given = dict(parse_qsl(address.query))
    options = _PATIENCE | {_OF_S3[key]: value for key, value in given.items() if key in _OF_S3}
    if user:
        name, _, secret = user.partition(":")
        options |= {"AWS_ACCESS_KEY_ID": unquote(name), "AWS_SECRET_ACCESS_KEY": unquote(secret)}
    scheme = given.get("scheme", "https")
    if "endpoint_override" in given:
        options["AWS_ENDPOINT_URL"] = f"{scheme}://{given['endpoint_override']}"
    if scheme == "http":
        options["AWS_ALLOW_HTTP"] = "true"
    return f"s3://{bucket}/{path}", options
