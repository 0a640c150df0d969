"""Bytes into requests: HTTP/1.1 as RFC 9112 has it, with sizes of our own."""

from collections.abc import Callable
from typing import Final

import httptools

from noughts.kit.edge.requests import Request
from noughts.kit.errors import BadRequest, HeadersTooLarge, Problem, UriTooLong

HEADER_LIMIT: Final = 32 * 1024
HEADER_COUNT: Final = 100
URL_LIMIT: Final = 8 * 1024


class Reader:
    """Takes apart what comes over one connection; gives each request away as soon as its head is whole."""

    def __init__(self, peer: str, give: Callable[[Request], None], invite: Callable[[], None]) -> None:
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self.peer = peer
        self._give, self._invite = give, invite
        self.arriving: Request | None = None  # its head was given away, its end is still to come
        self.early = b""  # came after an upgrade was asked for, before it was answered
        self.is_between = True  # nothing of a request has come that is not whole
        self._head_open = False
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._repeated: tuple[bytes, ...] = ()
        self._beside_body = 0
        self._at_most = 0
        self._is_over = False

    def feed(self, data: bytes) -> None:
        """Take what has come; raises BadRequest, HeadersTooLarge, UriTooLong, after which nothing more may be fed."""
        if self._is_over:
            self._keep(data)
            return
        self._at_most = self._beside_body = self._beside_body + len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._is_over = True  # such a request is the last: what follows is for whoever goes on, or nobody
            self._keep(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            cause = error.__context__
            raise cause if isinstance(cause, Problem) else BadRequest("This is not HTTP as RFC 9112 has it.") from None
        # Headers, trailers and what else is no body: only so much of it at a stretch.
        if self._beside_body > HEADER_LIMIT and not self.is_between:
            raise HeadersTooLarge

    def end(self) -> None:
        """Note that nothing more will come: whoever waits for the rest of a body waits no longer."""
        self._parser = None  # it holds on to us
        if self.arriving is not None:
            self.arriving.end(BadRequest("The connection ended before the body did."))

    def _keep(self, data: bytes) -> None:
        self.early += data
        if len(self.early) > HEADER_LIMIT:
            raise BadRequest("Wait for the answer before you go on.")

    @property
    def parser(self) -> httptools.HttpRequestParser:
        """The parser, which calls the methods below."""
        if self._parser is None:
            raise AssertionError("nothing may be fed after the end")
        return self._parser

    def on_message_begin(self) -> None:
        self.is_between = False
        self._head_open = True
        self._url, self._headers, self._repeated = b"", {}, ()

    def on_url(self, url: bytes) -> None:
        self._url += url
        if len(self._url) > URL_LIMIT:
            raise UriTooLong

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_open:  # a trailer is no header: a proxy has checked headers alone (RFC 9110, 6.5.1)
            return
        name = name.lower()
        if name in self._headers:
            if len(self._repeated) == HEADER_COUNT:
                raise HeadersTooLarge
            self._repeated += (name,)
            value = self._headers[name] + b", " + value
        self._headers[name] = value

    def on_headers_complete(self) -> None:
        self._head_open = False
        headers, parser = self._headers, self.parser
        self._require_small_head()
        upgrades, version = parser.should_upgrade(), parser.get_http_version()
        self._require_our_http(version, upgrades=upgrades)
        url = httptools.parse_url(self._url)
        expects = headers.get(b"expect", b"").lower() == b"100-continue"
        self.arriving = request = Request(
            parser.get_method().decode("ascii"),
            url.path or b"/",
            headers,
            query=url.query or b"",
            address=self.peer,
            repeated=self._repeated,
            version=version,
            # Answered early, a body that was announced by Expect may come or not, and the parser reads nothing after an
            # upgrade: what comes next could be taken for what it is not.
            is_last=expects or upgrades or version == "1.0" or not parser.should_keep_alive(),
        )
        if expects and version == "1.1":
            request.invites(self._invite)
        self._give(request)

    def on_body(self, body: bytes) -> None:
        self._beside_body = 0
        if self.arriving is not None:
            self.arriving.take(body)

    def on_message_complete(self) -> None:
        self._beside_body = 0
        self.is_between = True
        if self.arriving is not None:
            self.arriving.end()
            self.arriving = None

    def _require_small_head(self) -> None:
        headers = self._headers
        if len(headers) + len(self._repeated) > HEADER_COUNT:
            raise HeadersTooLarge
        if self._at_most <= HEADER_LIMIT:  # no more than that has come in altogether: nothing to add up
            return
        if sum(len(name) + len(value) for name, value in headers.items()) > HEADER_LIMIT:
            raise HeadersTooLarge

    def _require_our_http(self, version: str, *, upgrades: bool) -> None:
        """Raise BadRequest unless the version is spoken here, one host is named, which 1.1 demands (RFC 9112, 3.2), and
        no upgrade is wanted together with a body, which the parser would pass over."""
        headers = self._headers
        if upgrades and (b"content-length" in headers or b"transfer-encoding" in headers):
            raise BadRequest("An upgrade comes without a body.")
        hosts = (b"host" in headers) + self._repeated.count(b"host")
        if hosts > 1 or version not in ("1.0", "1.1") or (version == "1.1" and not hosts):
            raise BadRequest("HTTP/1.1 names one host.")
