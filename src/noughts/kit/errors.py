"""The tree of everything that may go wrong, in the words a caller sees.

Problem                      500
├── BadRequest               400   cannot be parsed
├── Unauthenticated          401   not signed in
├── Forbidden                403   not allowed
├── NotFound                 404   unknown, or hidden
├── MethodNotAllowed         405
├── Conflict                 409   against the state of things
├── PreconditionFailed       412   a stale If-Match
├── TooLarge                 413
├── UnsupportedMediaType     415
├── Invalid                  422   breaks a rule
├── UpgradeRequired          426
├── PreconditionRequired     428
├── TooManyRequests          429
├── HeadersTooLarge          431
└── Unavailable              503   could not ask: not the same as "was told no"

A class name is the slug of its problem type, its docstring the title, its keyword facts are members of the document.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one member of the request."""

    pointer: str
    code: str
    detail: str


class Problem(Exception):
    """Something went wrong on our side."""

    status: ClassVar[int] = 500
    facts: ClassVar[Mapping[str, str]] = {}
    """The texts its document holds besides those of every problem: their names, and what each is."""

    def __init__(
        self,
        detail: str = "",
        *,
        errors: tuple[FieldError, ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
        **members: Any,  # noqa: ANN401 - whatever the document should carry besides
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.headers = headers
        self.members = members

    @classmethod
    def slug(cls) -> str:
        """Return the last part of the problem's `type`, a stable id clients may translate by."""
        return _HUMP.sub("-", cls.__name__).lower()

    @classmethod
    def title(cls) -> str:
        """Return the sentence that is the same for every problem of this type."""
        return (cls.__doc__ or "").partition("\n")[0]


class BadRequest(Problem):
    """The request cannot be read."""

    status = 400


class Malformed(BadRequest):
    """The body is not well-formed JSON in UTF-8."""


class DuplicateKey(BadRequest):
    """A member appears twice in the body."""


class SecretInQuery(BadRequest):
    """Secrets and personal data may not stand in an address."""


class Unauthenticated(Problem):
    """You need to be signed in for this."""

    status = 401


class InvalidToken(Unauthenticated):
    """The access token is not valid, or no longer."""


class InsufficientUserAuthentication(Unauthenticated):
    """This needs a recent sign-in, or your current password."""


class Forbidden(Problem):
    """You may not do this."""

    status = 403


class ForeignOrigin(Forbidden):
    """The request comes from a page of another site."""


class NotFound(Problem):
    """There is nothing here."""

    status = 404


class MethodNotAllowed(Problem):
    """This address does not answer to that method."""

    status = 405


class Conflict(Problem):
    """The request does not fit the state of things."""

    status = 409


class IdempotencyInProgress(Conflict):
    """The same request is still being worked on."""


class PreconditionFailed(Problem):
    """It has changed since you read it."""

    status = 412


class TooLarge(Problem):
    """The body is larger than 64 KiB."""

    status = 413


class UriTooLong(Problem):
    """The address is too long."""

    status = 414


class UnsupportedMediaType(Problem):
    """The body must be JSON."""

    status = 415


class Invalid(Problem):
    """The request breaks a rule."""

    status = 422

    @classmethod
    def field(cls, pointer: str, code: str, detail: str) -> "Invalid":
        """Return the problem of a single wrong member."""
        return cls(detail, errors=(FieldError(pointer, code, detail),))


class IdempotencyKeyReused(Invalid):
    """That Idempotency-Key belongs to another request."""


class UpgradeRequired(Problem):
    """This address speaks WebSocket alone."""

    status = 426


class PreconditionRequired(Problem):
    """The request must say which state it is about."""

    status = 428


class TooManyRequests(Problem):
    """Too many requests."""

    status = 429


class HeadersTooLarge(Problem):
    """The headers are larger than 32 KiB."""

    status = 431


class RequestTimeout(Problem):
    """The request took too long to arrive."""

    status = 408


class Unavailable(Problem):
    """This cannot be answered just now."""

    status = 503

    def __init__(self, detail: str = "", *, retry_after: int = 1) -> None:
        super().__init__(detail, headers=(("Retry-After", str(retry_after)),))


class Unprepared(Unavailable):
    """The database holds no tables yet."""


class Refusal(Exception):
    """A reason not to start: one line for the person at the terminal, and an exit status."""


class InternalError(Problem):
    """Something went wrong on our side."""


EVERYWHERE: tuple[type[Problem], ...] = (
    BadRequest, Malformed, DuplicateKey, SecretInQuery, Unauthenticated, InvalidToken, Forbidden, NotFound,
    MethodNotAllowed, RequestTimeout, TooLarge, UriTooLong, UnsupportedMediaType, Invalid, TooManyRequests,
    HeadersTooLarge, InternalError, Unavailable, Unprepared,
)  # fmt: skip
"""The problems any call may answer with."""
