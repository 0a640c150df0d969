"""One line of JSON for each request, on standard output: never what stands behind a question mark."""

from typing import Final

from noughts.gateway.envoy.plan import Json, any_of
from noughts.gateway.envoy.signed_in import NAMED

_LINE: Final = {
    "at": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
    "event": "request_passed",
    "request": "%REQ(X-REQUEST-ID)%",
    "connection": "%CONNECTION_ID%",
    "address": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "user": NAMED,
    "method": "%REQ(:METHOD)%",
    "path": "%PATH(NQ)%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "why": "%RESPONSE_CODE_DETAILS%",
    "ms": "%DURATION%",
    "received": "%BYTES_RECEIVED%",
    "sent": "%BYTES_SENT%",
    "service": "%UPSTREAM_CLUSTER%",
    "replica": "%UPSTREAM_HOST%",
    "tries": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
}


def access_log() -> list[Json]:
    """Return where and how requests are told."""
    config = any_of(
        "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
        log_format={"json_format": _LINE, "omit_empty_values": True},
    )
    return [{"name": "stdout", "typed_config": config}]
