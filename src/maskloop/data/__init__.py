"""Images with labels to batches that a network can be fitted to."""
