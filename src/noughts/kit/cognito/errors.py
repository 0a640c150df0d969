"""What a user pool may say no to. Plain exceptions: whoever asks knows what that means to the caller.

PoolProblem
├── Refused           wrong password, nobody of that name, disabled: one and the same
├── NotConfirmed      the password may be right, the address was never confirmed
├── ResetRequired     a new password first: imported without one, or reset by an operator
├── CodeRefused       wrong or expired code, too many tries, session over
│   └── AlreadyConfirmed
├── PasswordUnfit     breaks the pool's policy; its text says how
├── AddressTaken      the address belongs to somebody else in the pool
├── AddressUnfit      the pool does not take it for an address
├── UserExists        the id is in the pool already
└── NoSuchUser        the id is not in the pool

That the pool could not be asked, or is set up wrong, is none of them: `noughts.kit.errors.Unavailable`.
"""


class PoolProblem(Exception):
    """The pool said no. Its text names nobody and tells no secret."""


class Refused(PoolProblem):
    """Whoever asks could not be signed in, and is not told why."""


class NotConfirmed(PoolProblem):
    """There is no address in the pool yet that was confirmed."""


class ResetRequired(PoolProblem):
    """The pool wants a new password first: through recovery."""


class CodeRefused(PoolProblem):
    """The code is wrong or too old, was tried too often, or its session is over."""


class AlreadyConfirmed(CodeRefused):
    """The account is confirmed already; the code was not looked at."""


class PasswordUnfit(PoolProblem):
    """The password breaks the policy of the pool; the text says how."""


class AddressTaken(PoolProblem):
    """The address belongs to somebody else in the pool."""


class AddressUnfit(PoolProblem):
    """The pool does not take it for an email address."""


class UserExists(PoolProblem):
    """Somebody has this id in the pool already."""


class NoSuchUser(PoolProblem):
    """Nobody has this id in the pool."""
