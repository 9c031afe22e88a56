"""Projects opened one after the other."""

from collections.abc import Callable

from maskloop.project.project import Project


class Opener:
    """Opens one project after the other in the background; one that nobody has taken is closed before the next.

    Or the next could be the same one, and find itself locked.
    """

    def __init__(self) -> None:
        self._not_taken: Project | None = None

    def open(self, make: Callable[[], Project]) -> Project:
        """Make a project, in place of the one that nobody has taken."""
        if self._not_taken is not None:
            self._not_taken.close()
        self._not_taken = make()
        return self._not_taken

    def take(self) -> None:
        """Take the project that was made last, which stays open then."""
        self._not_taken = None
