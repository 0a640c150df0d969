"""HTTP requests as bytes, made once and sent many times."""

import json
from urllib.parse import urlencode


def request(method: str, path: str, *, token: str = "", body: object = None, form: object = None) -> bytes:
    """Return a whole HTTP/1.1 request; `body` travels as JSON, `form` as a form."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Accept: application/json"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    content = b""
    if isinstance(form, dict):
        content = urlencode(form).encode()
        lines.append("Content-Type: application/x-www-form-urlencoded")
    elif body is not None:
        content = json.dumps(body, separators=(",", ":")).encode()
        lines.append("Content-Type: application/json")
    if method != "GET":
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content
