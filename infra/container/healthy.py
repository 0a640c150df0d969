"""Ends with status 0 if the process of this container says that it lives: `healthy.py [port path]`."""

import http.client
import os
import sys

port, path = sys.argv[1:] or (os.environ["NOUGHTS_PORT"], "/healthz")
try:
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=2)
    connection.request("GET", path)
    sys.exit(connection.getresponse().status != http.client.OK)
except OSError as error:
    sys.exit(f"Nothing answers on port {port}: {error}.")
