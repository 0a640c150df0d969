"""What somebody notices of who keeps the passwords: the one table that the contract of identity and the docs go by."""

from typing import Final, NamedTuple


class Difference(NamedTuple):
    """One thing, as it is with our own tables and with a user pool."""

    about: str
    local: str
    cognito: str


CONFIRMED_FIRST: Final = Difference(
    "signing in before the address is confirmed", "200", "409 `email-not-verified`, for the right password alone"
)
LINKS: Final = Difference(
    "letters about a first address, and about a new password where the address is confirmed",
    "ours, with a link and a code of 8 digits: 10 minutes, 5 tries",
    "the pool's, with a code of 6 digits alone: 24 hours to confirm, an hour for a new password",
)
SPACES: Final = Difference("spaces in passwords", "as many as one likes", "422 `characters`")
RECOVERY_CODES: Final = Difference("recovery codes of a second factor", "ten", "none: an operator helps (`reset-totp`)")
SETTING_UP: Final = Difference(
    "setting up a second factor",
    "a young sign-in or `current_password`",
    "`current_password`; 401 `insufficient-user-authentication` without",
)
CONCEALED: Final = Difference("`NOUGHTS_DUPLICATE_EMAIL=conceal`", "as it says", "refused at the start")
POOL_AWAY: Final = Difference(
    "the pool cannot be asked",
    "there is none",
    "503 with `Retry-After` for whatever needs it, refreshing among it; whoever is signed in goes on for ten minutes",
)

DIFFERENCES: Final = (
    CONFIRMED_FIRST, LINKS, SPACES, RECOVERY_CODES, SETTING_UP, CONCEALED, POOL_AWAY,
)  # fmt: skip
