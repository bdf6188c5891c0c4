"""Schemas of records: what their columns are called and hold, in the words of other programs."""
