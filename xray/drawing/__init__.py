"""Into films and out of them: devices drawn in, removed, and films drawn from nothing."""
