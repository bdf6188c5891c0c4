"""The target ``confluent``."""

from typing import ClassVar

from pydantic import Field, SecretStr

from datagen.targets.kafka.cluster import Setting
from datagen.targets.kafka.topic import Brokers, KafkaTarget


class Confluent(KafkaTarget):
    """A topic of Confluent Cloud: the target `kafka` with TLS and a login by API key.

    Example: {"type": "confluent", "servers": "pkc-12345.europe-west1.gcp.confluent.cloud:9092", "topic": "clicks", "topic_key": ["user_id"], "username": "${CONFLUENT_KEY}", "password": "${CONFLUENT_SECRET}"}
    """  # noqa: E501

    kind: ClassVar[str] = "confluent"
    servers: Brokers = Field(
        min_length=1, description="the cluster's bootstrap server, or several; port 9092 without one"
    )
    username: str = Field(min_length=1, description="key of an API key")
    password: SecretStr = Field(description="secret of the API key")

    def connection(self) -> dict[str, Setting]:
        return {
            "bootstrap.servers": ",".join(self.servers),
            "security.protocol": "sasl_ssl",
            "sasl.mechanism": "PLAIN",
            "sasl.username": self.username,
            "sasl.password": self.password.get_secret_value(),
        }
