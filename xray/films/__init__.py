"""Films: from bytes of any kind to grey pixels."""
