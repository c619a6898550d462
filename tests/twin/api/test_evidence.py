"""Files that prove what a request says: what is taken, who may hand in and who may fetch, how they are kept and backed up."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from tests.twin.api.conftest import As
from tests.twin.api.test_requests import correction, filed, take
from tests.twin.queries.town import NOW, Town
from twin.auth import Role
from twin.queries import evidence as kept
from twin.queries.evidence_types import evidence_rules, sniff
from twin.settings import Settings
from twin.store.backup import back_up, restore

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)


def packed(*members: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        for member in members:
            zipped.writestr(member, "<x/>")
    return content.getvalue()


def attach(client: TestClient, number: int, content: bytes, media_type: str = "application/pdf", name: str = "测绘.pdf") -> Any:
    headers = {"Content-Type": media_type, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return client.post(f"/requests/{number}/evidence", content=content, headers=headers)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"II*\x00rest", "image/tiff"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (packed("[Content_Types].xml", "word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (packed("[Content_Types].xml", "xl/workbook.xml"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("面积 21.5 m²".encode(), "text/plain"),
        ("面积,21.5".encode("gb18030"), "text/plain"),
        (packed("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), None),
        (packed("evil.exe"), None),
        (b"PK\x03\x04 cut", None),
        (b"  <html><script>", None),
        (b"<svg onload=x>", None),
        (b"MZ\x90\x00", None),
        (b"\x7fELF", None),
        (b" \n", None),
        (b"text with \x00 in it", None),
    ],
)
def test_a_file_is_what_its_bytes_say(content: bytes, media_type: str | None) -> None:
    found = sniff(content)
    assert (found and found.media_type) == media_type


def test_evidence_is_kept_by_its_hash_and_given_back_as_an_attachment(
    officer: TestClient, clerk: TestClient, tmp_path: Path, asking: As
) -> None:
    number = filed(officer, correction())
    answer = attach(officer, number, PDF, name="../../会议室\\测绘 2026.pdf")
    assert answer.status_code == 200, answer.text
    (file,) = answer.json()["payload"]["files"]
    assert (file["name"], file["media_type"], file["bytes"], file["who"]) == ("测绘 2026.pdf", "application/pdf", len(PDF), "officer")
    assert attach(officer, number, PDF).json()["payload"]["files"] == [file]  # the same again is nothing new
    assert [path.name for path in (tmp_path / "home" / "models").iterdir()] == [f"{file['sha256']}.pdf"]
    address = f"/requests/{number}/evidence/{file['sha256']}"
    got = clerk.get(address)
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, PDF, "application/pdf")
    assert got.headers["content-disposition"] == f"attachment; filename*=UTF-8''{quote('测绘 2026.pdf')}"
    assert got.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert (got.headers["x-content-type-options"], got.headers["cache-control"]) == ("nosniff", "private, no-cache")
    assert clerk.get(address, headers={"If-None-Match": got.headers["etag"]}).status_code == 304
    assert clerk.get("/rooms/R101/dossier").json()["requests"][0]["payload"]["files"] == [file]
    assert clerk.get(f"/requests/{number}/evidence/{'0' * 64}").status_code == 404
    assert asking("stranger", Role.UNIT_CLERK, "U4").get(address).status_code == 404
    (tmp_path / "home" / "models" / f"{file['sha256']}.pdf").unlink()
    assert clerk.get(address).json()["code"] == "ORIGINAL_LOST"


def test_what_is_no_evidence_is_refused_and_nothing_is_kept(officer: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = filed(officer, correction())
    for content, media_type in ((b"<html>", "text/html"), (PDF, "image/png"), (b"MZ\x90\x00", "application/octet-stream")):
        answer = attach(officer, number, content, media_type)
        assert (answer.status_code, answer.json()["code"]) == (415, "EVIDENCE_TYPE_REFUSED")
    assert attach(officer, number, b"").json()["code"] == "REQUEST_INVALID"
    large = attach(officer, number, PDF + bytes(evidence_rules().most_bytes))
    assert (large.status_code, large.json()["code"]) == (413, "EVIDENCE_TOO_LARGE")
    streamed = officer.post(f"/requests/{number}/evidence", content=iter([PDF, bytes(evidence_rules().most_bytes)]))
    assert (streamed.status_code, streamed.json()["code"]) == (413, "EVIDENCE_TOO_LARGE")
    models = tmp_path / "home" / "models"
    assert not models.exists() or list(models.iterdir()) == []
    monkeypatch.setattr(kept, "evidence_rules", lambda: _few())
    assert [attach(officer, number, PDF + bytes([letter])).status_code for letter in b"abc"] == [200, 200, 409]
    assert attach(officer, number, PDF + b"d").json()["code"] == "EVIDENCE_MANY"


def _few() -> Any:
    from dataclasses import replace

    return replace(evidence_rules(), most_files=2)


def test_who_filed_and_who_decides_hand_in_while_it_is_open(asking: As, officer: TestClient, clerk: TestClient) -> None:
    number = filed(officer, correction())
    assert attach(asking("other", Role.SECURITY_OFFICER), number, PDF).status_code == 403
    assert attach(asking("viewer", Role.VIEWER), number, PDF).status_code == 403
    assert attach(clerk, number, PNG, "image/png", "现场").json()["payload"]["files"][0]["name"] == "现场.png"
    assert take(clerk, number, "approved").status_code == 200
    late = attach(officer, number, PDF)
    assert (late.status_code, late.json()["code"]) == (409, "STEP_NOT_ALLOWED")
    assert attach(officer, 999, PDF).status_code == 404


def test_evidence_about_what_one_may_not_know_of_does_not_exist(asking: As, bureau: TestClient) -> None:
    hidden = filed(bureau, correction(key="R103"))
    money = {"record": {"kind": "asset", "key": "I-1"}, "field": "value", "value": 4242, "evidence": "发票"}
    secret = filed(bureau, {"kind": "correction", "payload": money})
    for number in (hidden, secret):
        sha256 = attach(bureau, number, PDF).json()["payload"]["files"][0]["sha256"]
        assert bureau.get(f"/requests/{number}/evidence/{sha256}").status_code == 200
        reader = asking("eye", Role.SECURITY_OFFICER) if number == secret else _public(bureau, asking)
        assert reader.get(f"/requests/{number}/evidence/{sha256}").status_code == 404
    assert "files" not in asking("eye", Role.SECURITY_OFFICER).get(f"/requests/{secret}").json()["payload"]


def _public(bureau: TestClient, asking: As) -> TestClient:
    """A planner with every unit who knows of what is public alone."""
    client = asking("planner", Role.SPACE_PLANNER)
    app: Any = client.app
    principal = app.state.principal_of(None)
    from dataclasses import replace

    app.state.principal_of = lambda request: replace(principal, labels=frozenset({"public"}))
    return client


def test_nobody_names_the_files_of_a_request_but_the_service(officer: TestClient) -> None:
    body = correction(files=[{"sha256": "0" * 64, "name": "x", "media_type": "application/pdf"}])
    assert officer.post("/requests", json=body).json()["code"] == "REQUEST_INVALID"


def test_evidence_is_in_the_backup_and_back_after_a_restore(officer: TestClient, town: Town, tmp_path: Path) -> None:
    number = filed(officer, correction())
    sha256 = attach(officer, number, PDF).json()["payload"]["files"][0]["sha256"]
    settings = Settings(home=tmp_path / "home")
    told = {"tool": "test", "who": "test", "now": NOW}
    manifest = back_up(town.store, settings, tmp_path / "one", **told)  # type: ignore[arg-type]
    assert f"models/{sha256}.pdf" in {file.path for file in manifest.files}
    assert manifest.issues == ()
    (settings.models_dir / f"{sha256}.pdf").unlink()
    assert [issue.code for issue in back_up(town.store, settings, tmp_path / "two", **told).issues] == ["ORIGINAL_LOST"]  # type: ignore[arg-type]
    other = Settings(home=tmp_path / "other")
    restore(other, tmp_path / "one", replace=False, **told)  # type: ignore[arg-type]
    assert (other.models_dir / f"{sha256}.pdf").read_bytes() == PDF
