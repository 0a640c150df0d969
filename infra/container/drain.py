"""Asks Envoy to take no new connections and to end the old ones politely, and waits: `drain.py <seconds>`, before SIGTERM."""

import http.client
import sys
import time

for path in ("/healthcheck/fail", "/drain_listeners?graceful&skip_exit"):
    connection = http.client.HTTPConnection("127.0.0.1", 9901, timeout=2)
    connection.request("POST", path)
    connection.getresponse().read()
time.sleep(float(sys.argv[1]))
