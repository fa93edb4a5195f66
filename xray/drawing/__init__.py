"""Into films and out of them: devices laid on, taken away, and films drawn from nothing."""
