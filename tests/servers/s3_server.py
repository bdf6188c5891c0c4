"""An S3 server for tests, in this process: moto's; ``python -m tests.servers.s3_server 5555 events`` with a bucket."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def serve(port: int = 0, *buckets: str) -> Iterator[str]:
    """Serve S3 with some buckets on a port, any free one for 0; return the address, ``127.0.0.1:PORT``."""
    from moto.server import ThreadedMotoServer  # takes a second

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    try:
        host, found = server.get_host_and_port()
        for bucket in buckets:
            make_bucket(f"{host}:{found}", bucket)
        yield f"{host}:{found}"
    finally:
        server.stop()


def make_bucket(address: str, name: str) -> None:
    client(address).create_bucket(Bucket=name)


def client(address: str) -> object:
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=f"http://{address}",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


if __name__ == "__main__":
    with serve(int(sys.argv[1]), *sys.argv[2:]):
        threading.Event().wait()
