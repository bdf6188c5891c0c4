"""The target ``kafka``."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, WithJsonSchema, model_validator

from datagen.plugin.target import revealed
from datagen.problems import readable, show
from datagen.targets.kafka.cluster import Setting
from datagen.targets.kafka.topic import Brokers, KafkaTarget

_PROTOCOLS = ("plaintext", "ssl", "sasl_plaintext", "sasl_ssl")


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


class Kafka(KafkaTarget):
    """A topic of Apache Kafka, or of a system that speaks its protocol; each record is a message.

    The value of a message is the text of its record, and its key is the text of some dimensions. Messages with the
    same key go to the same partition, the one that a Java client would choose; messages without a key go to any
    partition. Each partition has its records in order. A write counts once all brokers that must have it have
    acknowledged it. The producer is idempotent: a connection that breaks neither loses nor duplicates anything. Only
    records that are given up after `timeout` and sent again may exist twice; with `record_id`, each message has the
    header `record_id`, by which a consumer can tell.

    Example: {"type": "kafka", "endpoint": "127.0.0.1", "topic": "clicks"}
    Example: {"type": "kafka", "endpoint": ["a:9093", "b:9093"], "topic": "clicks", "topic_key": ["user_id"], "security_protocol": "sasl_ssl", "sasl_mechanism": "SCRAM-SHA-512", "sasl_username": "me", "sasl_password": "${KAFKA_PASSWORD}", "compression_type": "lz4", "create_topic": {"partitions": 6, "config": {"retention.ms": 3600000}}, "on_error": "retry"}
    """  # noqa: E501

    kind: ClassVar[str] = "kafka"
    endpoint: Brokers = Field(
        min_length=1, description="one broker or several, `host` or `host:port`; port 9092 without one"
    )
    security_protocol: Annotated[
        Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"],
        BeforeValidator(_lower),
        WithJsonSchema({"anyOf": [{"enum": list(_PROTOCOLS)}, {"enum": [name.upper() for name in _PROTOCOLS]}]}),
    ] = Field("plaintext", description="how to connect: with TLS (ssl) or not, with a login (sasl) or not")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field("PLAIN", description="kind of login")
    sasl_username: str | None = Field(None, min_length=1, description="user to log in as")
    sasl_password: SecretStr | None = Field(None, description="password to log in with")
    ssl_ca_location: str | None = Field(
        None, min_length=1, description="file of trusted certificates; without it, those that the system trusts"
    )
    ssl_certificate_location: str | None = Field(None, min_length=1, description="file of the client's certificate")
    ssl_key_location: str | None = Field(None, min_length=1, description="file of the client's private key")
    ssl_key_password: SecretStr | None = Field(None, description="password of the private key")

    @model_validator(mode="after")
    def _has_what_its_protocol_needs(self) -> Self:
        given = self.model_fields_set
        for part in ("sasl", "ssl"):
            useless = sorted(key for key in given if key.startswith(f"{part}_"))
            if useless and part not in self.security_protocol:
                raise ValueError(
                    f'{show(useless[0])} has no effect with "security_protocol": "{self.security_protocol}"'
                )
        return self

    def problem(self) -> str | None:
        for key in ("ssl_ca_location", "ssl_certificate_location", "ssl_key_location"):
            path = getattr(self, key)
            if path is not None and not readable(path):
                return f"{key}: {path} can't be read"
        return super().problem()

    def connection(self) -> dict[str, Setting]:
        settings = {
            "bootstrap.servers": ",".join(self.endpoint),
            "security.protocol": self.security_protocol,
            "ssl.ca.location": self.ssl_ca_location,
            "ssl.certificate.location": self.ssl_certificate_location,
            "ssl.key.location": self.ssl_key_location,
            "ssl.key.password": revealed(self.ssl_key_password),
        }
        if "sasl" in self.security_protocol:
            settings["sasl.mechanism"] = self.sasl_mechanism
            settings["sasl.username"] = self.sasl_username
            settings["sasl.password"] = revealed(self.sasl_password)
        return {name: value for name, value in settings.items() if value is not None}
