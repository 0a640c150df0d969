"""How people sign in, stay signed in and sign out."""

from typing import Any, Final, Literal

import msgspec

from noughts.auth.model.second_factor import EmailNotVerified, InvalidMfaToken, MfaRefused, MfaRequired
from noughts.auth.model.sessions import InvalidRefreshToken, LoginFailed, SessionExpired
from noughts.auth.service import AuthService, Grant
from noughts.kit import browsers
from noughts.kit.edge import Answer, Ask, Limit, NoQuery, Route, Who
from noughts.kit.errors import ForeignOrigin, Unauthenticated
from noughts.kit.passwords import HashQueueFull
from noughts.kit.throttling import TooManyAttempts
from noughts.ports.users import User

_SESSION: Final = "noughts"
SIGN_IN: Final = Limit("sign-in", 30, 60, per_browser=True)
GUESTS: Final = Limit("guests", 60, 60, network=Limit("registration-network", 1_000, 3_600))


class LoginBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who one is; `cookie` keeps the refresh token where no script can read it."""

    username: str
    password: str
    cookie: bool = False


class MfaBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `mfa_token` of the refused sign-in, and a code: the authenticator's or a recovery code."""

    mfa_token: str
    code: str
    cookie: bool = False


class GuestBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a guest wants the refresh token."""

    cookie: bool = False


class TokenBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The refresh token, or `cookie` for the one the browser keeps."""

    refresh_token: str | msgspec.UnsetType = msgspec.UNSET
    cookie: bool = False


class GrantBody(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens (RFC 6749, 5.1) and whose they are; in browser mode without the refresh token. Seconds."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str | msgspec.UnsetType = msgspec.UNSET
    refresh_expires_in: int
    user: User


class LogoutQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`all`: every session of the person."""

    all: bool = False


async def login(auth: AuthService, ask: Ask[LoginBody, NoQuery]) -> Answer:
    grant = await auth.sign_in.login(ask.body.username, ask.body.password, ask.origin, _device_of(ask))
    return _granted(grant, ask, cookie=ask.body.cookie)


async def login_mfa(auth: AuthService, ask: Ask[MfaBody, NoQuery]) -> Answer:
    grant = await auth.second_step.login(ask.body.mfa_token, ask.body.code, ask.origin, _device_of(ask))
    return _granted(grant, ask, cookie=ask.body.cookie)


async def create_guest(auth: AuthService, ask: Ask[GuestBody, NoQuery]) -> Answer:
    if ask.body.cookie:
        ask.require_own_origin()
    return _granted(await auth.sign_in.guest(ask.origin), ask, cookie=ask.body.cookie, status=201)


async def refresh(auth: AuthService, ask: Ask[TokenBody, NoQuery]) -> Answer:
    presented = ask.cookie() if ask.body.cookie else ask.body.refresh_token
    if not presented:
        raise InvalidRefreshToken("There is no refresh token.")
    return _granted(await auth.refresh(presented, ask.origin), ask, cookie=ask.body.cookie)


async def logout(auth: AuthService, ask: Ask[None, LogoutQuery]) -> Answer:
    presented = ask.cookie()
    if ask.principal is None and presented is None:
        raise Unauthenticated
    await auth.sessions.logout(ask.principal, presented, ask.origin, everywhere=ask.query.all)
    return Answer(status=204, set_cookie=None if presented is None else _cookie(_SESSION, "", 0, secure=ask.secure))


def _device_of(ask: Ask[LoginBody, NoQuery] | Ask[MfaBody, NoQuery]) -> str | None:
    """Return what a browser showed itself with before, in browser mode; raises ForeignOrigin there."""
    if not ask.body.cookie:
        return None
    ask.require_own_origin()
    return ask.cookie(browsers.COOKIE)


def _granted(grant: Grant, ask: Ask[Any, NoQuery], *, cookie: bool, status: int = 200) -> Answer:
    """Return the answer to somebody who proved who they are; in browser mode the refresh token is a cookie."""
    body = GrantBody(
        access_token=grant.access_token,
        token_type="Bearer",  # noqa: S106 - the scheme's name
        expires_in=grant.expires_in,
        refresh_token=msgspec.UNSET if cookie else grant.refresh_token,
        refresh_expires_in=grant.refresh_expires_in,
        user=grant.user,
    )
    if not cookie:
        return Answer(body, status)
    kept = _cookie(_SESSION, grant.refresh_token, grant.refresh_expires_in, secure=ask.secure)
    if grant.device_cookie is None:
        return Answer(body, status, set_cookie=kept)
    device = _cookie(browsers.COOKIE, grant.device_cookie, int(browsers.KNOWN.total_seconds()), secure=ask.secure)
    return Answer(body, status, set_cookie=kept, headers=(("Set-Cookie", device),))


def _cookie(name: str, value: str, max_age: int, *, secure: bool) -> str:
    """Return a cookie no script can read: `__Host-` and Secure wherever there is TLS."""
    prefix, more = ("__Host-", "; Secure") if secure else ("", "")
    return f"{prefix}{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{more}"


ROUTES: Final = (
    Route("POST", "/login", login, "Sign in with username or email and password.", who=Who.ANYONE, body=LoginBody,
          answer=GrantBody, errors=(LoginFailed, MfaRequired, EmailNotVerified, ForeignOrigin, TooManyAttempts, HashQueueFull), limit=SIGN_IN),
    Route("POST", "/login/mfa", login_mfa, "Finish signing in with a code of the second factor.", who=Who.ANYONE,
          body=MfaBody, answer=GrantBody, errors=(InvalidMfaToken, MfaRefused, ForeignOrigin, TooManyAttempts),
          limit=SIGN_IN),
    Route("POST", "/guests", create_guest, "Start as a guest.", who=Who.ANYONE, body=GuestBody, answer=GrantBody,
          status=201, errors=(ForeignOrigin,), limit=GUESTS),
    Route("POST", "/token", refresh, "Get the next tokens; the refresh token is replaced.", who=Who.ANYONE,
          body=TokenBody, answer=GrantBody, errors=(InvalidRefreshToken, SessionExpired, ForeignOrigin), repeatable=True),
    Route("POST", "/logout", logout, "End this session, or all of them; their access tokens end with them.",
          who=Who.OPTIONAL, query=LogoutQuery, status=204, errors=(ForeignOrigin,)),
)  # fmt: skip
