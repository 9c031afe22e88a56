"""Pure arrays in, arrays out: axes, normalisation, tiling, targets, labels, metrics."""
