"""A loaded model applied to planes."""
