"""Who plays at a terminal: signed in at a server, asked over HTTP, the token renewed when it is over."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from noughts.kit.errors import Refusal

Body = dict[str, Any]


class Refused(Exception):
    """The server said no: a sentence for people, and the kind of problem."""

    def __init__(self, answer: httpx.Response) -> None:
        try:
            problem = answer.json()
        except ValueError:
            problem = {}
        told = [error.get("detail") for error in problem.get("errors", ())]
        sentence = " ".join(filter(None, told)) or problem.get("detail") or problem.get("title")
        super().__init__(sentence or f"The server answered {answer.status_code}.")
        self.status = answer.status_code
        self.slug = str(problem.get("type", "")).rpartition("/")[2]
        self.mfa_token = problem.get("mfa_token")


class Account:
    """A session at a server. Every call raises Refused, or httpx.TransportError where nobody answers."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.user_id, self.name, self.is_guest = "", "", True
        self.ahead = timedelta(0)  # of our clock the server's is
        self._http = httpx.AsyncClient(base_url=server, timeout=10)
        self._refresh_token = ""

    async def guest(self) -> None:
        """Sign in as a new guest."""
        self._take(await self._asked("POST", "/guests", {}))

    async def login(self, username: str, password: str) -> str:
        """Sign in as a member; return a token where a code of the second factor is needed too."""
        try:
            self._take(await self._asked("POST", "/login", {"username": username, "password": password}))
        except Refused as refused:
            if refused.slug == "mfa-required" and refused.mfa_token:
                return str(refused.mfa_token)
            raise
        return ""

    async def login_with_code(self, mfa_token: str, code: str) -> None:
        """Finish signing in."""
        self._take(await self._asked("POST", "/login/mfa", {"mfa_token": mfa_token, "code": code}))

    async def call(self, method: str, path: str, body: Body | None = None) -> Any:  # noqa: ANN401 - decoded JSON
        """Return what a call answers; raises Refusal once the session is over."""
        try:
            return await self._asked(method, path, body)
        except Refused as refused:
            if refused.status != 401:
                raise
        await self._renew()
        return await self._asked(method, path, body)

    def now(self) -> datetime:
        """Return what time it is at the server, to about a second."""
        return datetime.now(UTC) + self.ahead

    async def leave(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def _renew(self) -> None:
        try:
            self._take(await self._asked("POST", "/token", {"refresh_token": self._refresh_token}))
        except Refused as refused:
            if refused.status == 401:
                raise Refusal("You are signed out.") from None
            raise

    def _take(self, grant: Body) -> None:
        user = grant["user"]
        self.user_id, self.name, self.is_guest = user["id"], user["username"], user["kind"] == "guest"
        self._refresh_token = grant["refresh_token"]
        self._http.headers["Authorization"] = f"Bearer {grant['access_token']}"

    async def _asked(self, method: str, path: str, body: Body | None) -> Any:  # noqa: ANN401 - decoded JSON
        answer = await self._http.request(method, path, json=body)
        if date := answer.headers.get("date"):
            self.ahead = parsedate_to_datetime(date) - datetime.now(UTC)
        if answer.is_error:
            raise Refused(answer)
        return answer.json() if answer.content else None
