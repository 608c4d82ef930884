"""What can end a process or a command, each with a plain cause. Texts name coordinates and ids, never a person."""


class AnwangError(Exception):
    """Something that a person can act on; a command prints it and exits with 1."""


class KeysRefusedError(AnwangError):
    """A key is lost, wrong or lies open to others."""


class SchemaRefusedError(AnwangError):
    """The database's schema is not the one that this program was written for."""


class ServerLogRefusedError(AnwangError):
    """A server's log is set so that personal data would stand in it; the text names the settings."""


class FencedError(AnwangError):
    """Another process has taken over what this one held; it must end at once."""


class LogWentBackError(AnwangError):
    """An intake log ends before what was settled of it, holds other bytes there, or lost what was not yet read."""


class GapError(AnwangError):
    """Offsets are missing between what was settled and the next message, and nothing explains them."""


class UnavailableError(AnwangError):
    """A server did not answer in time. `is_overrun`: it did, but our own work inside a transaction took too long."""

    def __init__(self, text: str, *, is_overrun: bool = False) -> None:
        super().__init__(text)
        self.is_overrun = is_overrun


class BrokerRefusedError(AnwangError):
    """A broker does not let us in, is not who it says, or will not do what was asked; never with a password."""


class RegisterRefusedError(AnwangError):
    """The register of sources will not be changed so; the text names the source's code and why."""


class UnreadRefusedError(AnwangError):
    """A report that waits for a person will not be released so; the text says why."""


class NotTakenError(AnwangError):
    """A report was not taken in at the door. `is_unsure`: the broker may have it all the same. `is_too_large`: it never
    will.
    """

    def __init__(self, text: str, *, is_unsure: bool = False, is_too_large: bool = False) -> None:
        super().__init__(text)
        self.is_unsure = is_unsure
        self.is_too_large = is_too_large


class RulingRefusedError(AnwangError):
    """What people decided of a case or of links cannot be done so. `code` is one stable word for it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class DeskRefusedError(AnwangError):
    """What somebody wants to do at the desk cannot be done. `code` is one stable word for it."""

    def __init__(self, code: str) -> None:
        super().__init__(f"not done: {code.replace('_', ' ')} (see docs/desk.md)")
        self.code = code


class ReleaseRefusedError(AnwangError):
    """A step with a release of the policy that may not be done so. `code` is one stable word for it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class NobodyActsError(AnwangError):
    """No session stands behind what is asked: it is unknown, over, or its person or post has ended."""

    def __init__(self) -> None:
        super().__init__("no session: sign in again")


class StaffRefusedError(AnwangError):
    """An account, a post or a sign-in that is not given so. `code` is one stable word for it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class OidcRefusedError(AnwangError):
    """What an OpenID provider says of somebody is not believed. `code` is one stable word for it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
