"""A progress bar that waits for its turn."""

from qtpy.QtWidgets import QProgressBar


class CalmBar(QProgressBar):
    """Drawn with the next picture of the window, where Qt's own draws it at once, amid a brush stroke."""

    def setValue(self, value: int) -> None:  # noqa: N802 - Qt's
        """Show how far it is, from `minimum` to `maximum`."""
        self.setUpdatesEnabled(False)
        super().setValue(value)
        self.setUpdatesEnabled(True)
