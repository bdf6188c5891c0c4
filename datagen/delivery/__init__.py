"""From batches to targets: lanes, retries, resuming, audits."""
