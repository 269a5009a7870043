"""The two services, each with an API key of its own. The keys come from the environment: nothing here knows how they get there."""

import json
import os
import urllib.request

TIMEOUT = 10


def call(name, path, body=None):
    """Asks the service `name`; `MOOD_URL` and `MOOD_API_KEY` say where the service `mood` is and who we are."""
    url = os.environ[f"{name}_URL"] + path
    headers = {"Authorization": "Bearer " + os.environ[f"{name}_API_KEY"], "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        return json.load(answer)
