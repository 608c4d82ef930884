"""What may go wrong with the local servers, said so that a person can act on it."""


class LocalError(Exception):
    """The local servers cannot run; the text says why and holds nothing personal."""


class AlreadyRunningError(LocalError):
    """Another supervisor holds this data folder."""


class ChildFailedError(LocalError):
    """A child did not become ready, or ended more often than it may be started again."""
