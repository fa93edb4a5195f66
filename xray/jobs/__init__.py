"""Long work: progress, processes, batches, clusters and a queue."""
