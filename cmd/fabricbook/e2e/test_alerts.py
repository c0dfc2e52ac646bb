"""An alert comes in, one link leads into JupyterLab at the notebook prepared for it."""

import json
import re
import urllib.error
import urllib.request

import nbformat
import pytest
from conftest import TIMEOUT, running, shot
from test_lab import SHOWN, errors, run_all


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


OPEN = urllib.request.build_opener(NoRedirect).open
FINGERPRINT = "6b2a7e1f0c9d8e5a"
HOSTILE = 'db-1"); panic("`owned`\n'


def webhook(labels):
    return {"version": "4", "status": "firing", "receiver": "fabricbook", "groupKey": "{}:{}", "truncatedAlerts": 0, "externalURL": "http://127.0.0.1:9093",
            "groupLabels": {}, "commonLabels": labels, "commonAnnotations": {}, "notification_reason": "first notification", "routeLabels": {},
            "alerts": [{"status": "firing", "labels": labels, "annotations": {"summary": HOSTILE}, "startsAt": "2026-11-22T00:10:00Z",
                        "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://127.0.0.1:9090/graph", "fingerprint": FINGERPRINT}]}


def post(url, body, token):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json", "Authorization": f"Bearer {token}"})
    with OPEN(request, timeout=TIMEOUT) as answer:
        return answer.status


def alerts_url(fabric):
    return re.search(r"alerts\s+(http://127\.0\.0\.1:\d+)", "".join(fabric.lines)).group(1)


def test_alert_leads_to_its_notebook(fabric, page):
    fabric.cli("apply", "-f", "examples/s1-data-centre.yaml", "--yes")
    base = alerts_url(fabric)
    token = (fabric.data / "webhook.token").read_text().strip()
    labels = {"alertname": "PortUnreachable", "severity": "warning", "port": "db-1", "note": HOSTILE}
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(base + "/alertmanager", webhook(labels), "wrong")
    assert refused.value.code == 401
    assert post(base + "/alertmanager", webhook(labels), token) == 200

    with pytest.raises(urllib.error.HTTPError) as found:
        OPEN(f"{base}/a/{FINGERPRINT}", timeout=TIMEOUT)
    assert found.value.code == 302
    target = found.value.headers["Location"]
    assert target.startswith(fabric.address.split("/lab")[0] + "/lab/tree/alerts/")
    assert "token" not in target
    copy = nbformat.read(fabric.data / "notebooks" / "alerts" / target.rsplit("/", 1)[1], as_version=4)
    injected = [c for c in copy.cells if "injected-parameters" in c.metadata.get("tags", [])]
    assert len(injected) == 1 and '"db-1"' in injected[0].source

    page.goto(fabric.address)  # the operator has logged in by the first URL
    page.wait_for_selector(SHOWN)
    run_all(page, f"{base}/a/{FINGERPRINT}")
    assert errors(page) == []
    assert "db-1" in "\n".join(page.locator(f"{SHOWN} .jp-OutputArea-output").all_inner_texts())
    shot(page, "alert.png")


def test_an_episode_outlives_the_process(tmp_path):
    labels = {"alertname": "PortUnreachable", "port": "web-1"}
    with running(tmp_path / "data") as first:
        token = (first.data / "webhook.token").read_text().strip()
        assert post(alerts_url(first) + "/alertmanager", webhook(labels), token) == 200
    with running(tmp_path / "data") as second:
        with OPEN(alerts_url(second) + "/alerts", timeout=TIMEOUT) as answer:
            assert "PortUnreachable" in answer.read().decode()
