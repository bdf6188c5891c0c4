"""NATS servers with JetStream."""
