"""Model files of every format: told apart, read, and what they say of themselves."""
