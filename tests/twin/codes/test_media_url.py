"""Addresses on the media gateway are kept without what is secret in them, and told where something was."""

import pytest

from twin.codes.media_url import check_media_url, normalise_media_url


@pytest.mark.parametrize(
    ("said", "kept", "code"),
    [
        ("rtsp://media.example/cam/7", "rtsp://media.example/cam/7", None),
        (" https://media:8443/snap/7.jpg?size=640 ", "https://media:8443/snap/7.jpg?size=640", None),
        ("rtsp://admin:12345@10.0.0.9/1", "rtsp://***@10.0.0.9/1", "MEDIA_URL_SECRET"),
        ("rtsp://a@b:c@10.0.0.9/1", "rtsp://***@10.0.0.9/1", "MEDIA_URL_SECRET"),
        ("http://m/1?Token=abc&x=1", "http://m/1?Token=***&x=1", "MEDIA_URL_SECRET"),
        ("http://m/a@b", "http://m/a@b", None),
        ("10.0.0.9/1", "10.0.0.9/1", "MEDIA_URL_FORM"),
        ("http://[::1/1", "http://[::1/1", "MEDIA_URL_FORM"),
        ("javascript://m/alert", "javascript://m/alert", "MEDIA_URL_FORM"),
    ],
)
def test_an_address_holds_no_secret(said: str, kept: str, code: str | None) -> None:
    assert normalise_media_url(said) == kept
    fault = check_media_url(kept)
    assert (fault.code if fault else None) == code
    assert fault is None or "12345" not in fault.message
