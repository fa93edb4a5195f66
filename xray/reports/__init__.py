"""Results in words: sentences, tables, cards and the report."""
