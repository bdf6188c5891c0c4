"""Receivers behind plain TCP, TLS and UDP."""
