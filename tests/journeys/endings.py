"""How a token that was ended is answered."""

import time

import httpx

PROMISED_S = 1.0


def ended(client: httpx.Client, headers: dict[str, str], path: str = "/users/me") -> httpx.Response:
    """Return the refusal of a token that was ended: at once where it was, within the promised second by every replica."""
    deadline = time.monotonic() + PROMISED_S
    while (answer := client.get(path, headers=headers)).status_code != 401 and time.monotonic() < deadline:
        time.sleep(0.005)
    return answer
