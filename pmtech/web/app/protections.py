"""What stands between an attack and the survey tool, as a value."""

from dataclasses import dataclass, replace

from pmtech.wording import nearest


@dataclass(frozen=True, kw_only=True)
class Protections:
    """What stands between an attack and the survey tool; all of it off is the hole in each place.

    argon2: passwords are kept slow to guess, each with its own salt, in place of plain SHA-256.
    sign_in_limit: so many wrong passwords an account may have in a minute; None: any number.
    owner_check: whose survey is it? On every request for one. hides: who may not see it is told 404, not 403.
    role_check: payments are for staff. field_check: nobody sets a role, or an owner, that is not theirs to give.
    escaping: text of customers stands on a page as text. firewall: refuses a body that looks like an attack.
    tls, encrypted_backups: on the way, and at rest; both lie outside of the API.
    """

    argon2: bool = False
    sign_in_limit: int | None = None
    owner_check: bool = False
    hides: bool = True
    role_check: bool = False
    field_check: bool = False
    escaping: bool = False
    firewall: bool = False
    tls: bool = False
    encrypted_backups: bool = False

    def __post_init__(self):
        limit = self.sign_in_limit
        if limit is not None and (type(limit) is not int or not 1 <= limit <= 1000):
            raise ValueError(f"sign_in_limit must be a whole number from 1 to 1000, or None, got {limit!r}")
        for name, value in vars(self).items():
            if name != "sign_in_limit" and not isinstance(value, bool):
                raise ValueError(f"{name} must be True or False, got {value!r}")

    def replace(self, **changes) -> "Protections":
        """The same with some of them changed. Raises ValueError with the nearest name for one that there is not."""
        for name in changes.keys() - vars(self).keys():
            raise ValueError(f"there is no protection {name!r}: {nearest(name, vars(self))}")
        return replace(self, **changes)
