"""Tells CloudWatch what /metrics says, through the log: `gauges.py <service> <port>`, beside the process of the service.

A line of the embedded metric format is a metric by itself: no agent runs, and no task may write metrics of any name.
"""

import http.client
import json
import sys
import time

TOLD = {
    "noughts_hash_places_taken": "hash_places_taken",
    "noughts_hash_places": "hash_places",
    "noughts_hashes_refused_total": "hashes_refused",
}
EVERY_S = 20.0


def read(port: int) -> dict[str, float]:
    """Return the gauges by the names they have in CloudWatch; raises OSError, http.client.HTTPException."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    finally:
        connection.close()
    found = dict(line.split(" ")[:2] for line in lines if not line.startswith("#") and "{" not in line)
    return {name: float(found[gauge]) for gauge, name in TOLD.items() if gauge in found}


def line(service: str, gauges: dict[str, float], at_ms: int) -> str:
    """Return a line in CloudWatch's embedded metric format; how full the hash queue is comes as a percentage as well."""
    if gauges.get("hash_places"):
        gauges["hash_queue"] = 100 * gauges["hash_places_taken"] / gauges["hash_places"]
    told = {"Namespace": "Noughts", "Dimensions": [["service"]], "Metrics": [{"Name": name} for name in gauges]}
    return json.dumps({"_aws": {"Timestamp": at_ms, "CloudWatchMetrics": [told]}, "service": service, **gauges})


if __name__ == "__main__":
    while True:
        time.sleep(EVERY_S)
        try:
            print(line(sys.argv[1], read(int(sys.argv[2])), time.time_ns() // 1_000_000), flush=True)
        except (OSError, http.client.HTTPException) as error:
            print(json.dumps({"level": "warning", "event": "gauges_unread", "reason": str(error)}), flush=True)
