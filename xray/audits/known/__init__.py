"""Networks of known answers, by which the audit is judged."""
