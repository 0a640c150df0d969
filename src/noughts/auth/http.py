"""The door of the Authentication Service: its whole surface, call by call."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from noughts.auth.model.sessions import InvalidRefreshToken, LoginFailed, Session, SessionExpired
from noughts.auth.service import COOKIE_KNOWN, AuthService, Grant
from noughts.kit import cursors
from noughts.kit.edge import Answer, Ask, Limit, NoQuery, Route, Who
from noughts.kit.errors import ForeignOrigin, Unauthenticated
from noughts.kit.passwords import HashQueueFull
from noughts.kit.throttling import TooManyAttempts
from noughts.kit.times import rfc3339
from noughts.kit.tokens import Claims, SessionId
from noughts.ports.users import Time, User

_SESSION: Final = "noughts"
_DEVICE: Final = "noughts-device"
SIGN_IN: Final = Limit("sign-in", 30, 60)
GUESTS: Final = Limit("guests", 60, 60, network=Limit("registration-network", 1_000, 3_600))


class LoginBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who one is; `cookie` keeps the refresh token where no script can read it."""

    username: str
    password: str
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
    token_type: str = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int
    refresh_token: str | msgspec.UnsetType = msgspec.UNSET
    refresh_expires_in: int
    user: User


class LogoutQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`all`: every session of the person."""

    all: bool = False


class SessionsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which part of the list."""

    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class SessionBody(msgspec.Struct, frozen=True, kw_only=True):
    """A place somebody is signed in at: what the client calls itself, and the address it was last used from."""

    id: SessionId
    device: str | None
    address: str | None
    created_at: Time
    last_used_at: Time
    current: bool


class SessionList(msgspec.Struct, frozen=True):
    """Some sessions, the newest sign-in first, and the cursor of the next ones."""

    items: list[SessionBody]
    next: str | None


class Jwks(msgspec.Struct, frozen=True):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, str]]


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """What a verifier must know of us (OpenID Connect Discovery 1.0, RFC 8414). ID tokens are not issued."""

    issuer: str
    jwks_uri: str
    token_endpoint: str
    grant_types_supported: tuple[str, ...] = ("refresh_token",)
    response_types_supported: tuple[str, ...] = ()
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("none",)
    subject_types_supported: tuple[str, ...] = ("public",)
    claims_supported: tuple[str, ...] = Claims.__struct_fields__
    service_documentation: str


async def login(auth: AuthService, ask: Ask[LoginBody, NoQuery]) -> Answer:
    if ask.body.cookie:
        ask.require_own_origin()
    device = ask.cookie(_DEVICE) if ask.body.cookie else None
    grant = await auth.sign_in.login(ask.body.username, ask.body.password, ask.origin, device)
    return _granted(grant, ask, cookie=ask.body.cookie)


async def create_guest(auth: AuthService, ask: Ask[GuestBody, NoQuery]) -> Answer:
    if ask.body.cookie:
        ask.require_own_origin()
    return _granted(await auth.sign_in.guest(ask.origin), ask, cookie=ask.body.cookie, status=201)


async def refresh(auth: AuthService, ask: Ask[TokenBody, NoQuery]) -> Answer:
    presented = ask.cookie() if ask.body.cookie else ask.body.refresh_token
    if not presented:
        raise InvalidRefreshToken("There is no refresh token.")
    return _granted(await auth.sessions.refresh(presented, ask.origin), ask, cookie=ask.body.cookie)


async def logout(auth: AuthService, ask: Ask[None, LogoutQuery]) -> Answer:
    presented = ask.cookie()
    if ask.principal is None and presented is None:
        raise Unauthenticated
    await auth.sessions.logout(ask.principal, presented, ask.origin, everywhere=ask.query.all)
    return Answer(status=204, set_cookie=None if presented is None else _cookie(_SESSION, "", 0, secure=ask.secure))


async def list_sessions(auth: AuthService, ask: Ask[None, SessionsQuery]) -> Answer:
    after = None if (last := cursors.after(ask.query.cursor)) is None else SessionId(last)
    page = await auth.sessions.living(ask.user_id(), ask.caller, after, ask.query.limit)
    shown = [_session(session, ask.caller.session_id) for session in page.sessions]
    return Answer(SessionList(shown, cursors.cursor(page.last)))


async def end_session(auth: AuthService, ask: Ask[None, NoQuery]) -> Answer:
    await auth.sessions.end(ask.user_id(), SessionId(ask.path["session_id"]), ask.caller, ask.origin)
    return Answer(status=204)


async def end_sessions(auth: AuthService, ask: Ask[None, NoQuery]) -> Answer:
    await auth.sessions.end_all(ask.user_id(), ask.caller, ask.origin)
    return Answer(status=204)


async def jwks(auth: AuthService, ask: Ask[None, NoQuery]) -> Answer:
    return Answer(auth.signer.jwks(), caching="public, max-age=300")


async def openid_configuration(auth: AuthService, ask: Ask[None, NoQuery]) -> Answer:
    origin = auth.signer.issuer
    found = Discovery(
        issuer=origin,
        jwks_uri=f"{origin}/.well-known/jwks.json",
        token_endpoint=f"{origin}/token",
        service_documentation=f"{origin}/docs",
    )
    return Answer(found, caching="public, max-age=300")


def _session(session: Session, current: SessionId) -> SessionBody:
    return SessionBody(
        id=session.id,
        device=session.device,
        address=session.address,
        created_at=rfc3339(session.auth_time),
        last_used_at=rfc3339(session.last_used_at),
        current=session.id == current,
    )


def _granted(grant: Grant, ask: Ask[Any, NoQuery], *, cookie: bool, status: int = 200) -> Answer:
    body = GrantBody(
        access_token=grant.access_token,
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
    device = _cookie(_DEVICE, grant.device_cookie, int(COOKIE_KNOWN.total_seconds()), secure=ask.secure)
    return Answer(body, status, set_cookie=kept, headers=(("Set-Cookie", device),))


def _cookie(name: str, value: str, max_age: int, *, secure: bool) -> str:
    """Return a cookie no script can read: `__Host-` and Secure wherever there is TLS."""
    prefix, more = ("__Host-", "; Secure") if secure else ("", "")
    return f"{prefix}{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{more}"


ROUTES: Final = (
    Route("POST", "/login", login, "Sign in with username or email and password.", who=Who.ANYONE, body=LoginBody,
          answer=GrantBody, errors=(LoginFailed, ForeignOrigin, TooManyAttempts, HashQueueFull), limit=SIGN_IN),
    Route("POST", "/guests", create_guest, "Start as a guest.", who=Who.ANYONE, body=GuestBody, answer=GrantBody,
          status=201, errors=(ForeignOrigin,), limit=GUESTS),
    Route("POST", "/token", refresh, "Get the next tokens; the refresh token is replaced.", who=Who.ANYONE,
          body=TokenBody, answer=GrantBody, errors=(InvalidRefreshToken, SessionExpired, ForeignOrigin)),
    Route("POST", "/logout", logout, "End this session, or all of them; their access tokens end with them.",
          who=Who.OPTIONAL, query=LogoutQuery, status=204, errors=(ForeignOrigin,)),
    Route("GET", "/users/{user_id}/sessions", list_sessions, "List where a person is signed in, the newest sign-in first.",
          query=SessionsQuery, answer=SessionList),
    Route("DELETE", "/users/{user_id}/sessions/{session_id}", end_session, "End one session.", status=204),
    Route("DELETE", "/users/{user_id}/sessions", end_sessions, "End every session but the one that asks.", status=204),
    Route("GET", "/.well-known/jwks.json", jwks, "The public keys of access tokens: those in use, the next, and those retired lately.",
          who=Who.ANYONE, answer=Jwks),
    Route("GET", "/.well-known/openid-configuration", openid_configuration, "Where the keys and the tokens are.",
          who=Who.ANYONE, answer=Discovery),
)  # fmt: skip
