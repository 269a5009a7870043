"""Gives Patroni the settings of the whole cluster (settings.json) where they are others: its own file counts only when a cluster begins."""

import base64
import json
import os
import urllib.request

API = "http://127.0.0.1:8008/config"


def ask(method, body=None):
    login = "%s:%s" % (os.environ["PATRONI_RESTAPI_USERNAME"], os.environ["PATRONI_RESTAPI_PASSWORD"])
    headers = {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(API, data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read(1 << 20))


def is_so(wanted, live):
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(is_so(value, live.get(key)) for key, value in wanted.items())
    return wanted == live


with open(os.path.join(os.environ["PINNACE_SETTINGS"], "settings.json")) as file:
    settings = json.load(file)
if not is_so(settings, ask("GET")):
    ask("PATCH", settings)
    print("pinnace: the settings of the cluster are others now")
