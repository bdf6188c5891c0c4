"""From a population to batches of records; knows no target."""
