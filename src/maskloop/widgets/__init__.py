"""The panels; the only room that knows Qt and napari."""
