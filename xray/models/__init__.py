"""Models: a network with its card, and how it fares on films."""
