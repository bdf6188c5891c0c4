"""MQTT 5 brokers."""
