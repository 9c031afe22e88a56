"""The process boundary: typed messages, the parent's side, the child's side."""
