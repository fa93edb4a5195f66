"""Pages that need more code than their page file holds, one module a page."""
