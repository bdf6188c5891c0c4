"""The benchmark, to run and read: ``python -m bench``."""
