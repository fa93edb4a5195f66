"""Tables that list films: read as text, known forms, what a question asks, where films lie."""
