"""The kinds of tables: reference data that field generators pick rows from."""
