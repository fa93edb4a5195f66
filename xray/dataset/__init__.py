"""A folder of films as a table, and what is to be known about it."""
