"""The loop that fits a network; it knows no process and no window."""
