"""Keys: long, never alike, kept as something they cannot be had from."""

from hypothesis import given
from hypothesis import strategies as st

from twin.auth.secret import Secret, digest_of, is_same, new_key, new_salt, parse_key, token_digest


def test_a_key_comes_back_from_its_text_and_from_nothing_else() -> None:
    key = new_key()
    text = key.reveal()
    assert parse_key(text) == key
    for other in ("", text[:-1], text + "a", text.upper(), text.replace("twin_", "twin-"), f" {text}", f"{text}\n", "twin_" + "钥" * 54):
        assert parse_key(other) is None, other


def test_a_thousand_keys_differ_in_both_parts() -> None:
    keys = [new_key() for _ in range(1000)]
    assert len({key.prefix for key in keys}) == len({key.secret for key in keys}) == 1000


@given(st.text(max_size=70))
def test_nothing_that_is_sent_breaks_it(text: str) -> None:
    found = parse_key(text)
    assert found is None or found.reveal() == text


def test_the_digest_depends_on_secret_and_salt_and_holds_neither() -> None:
    key, salt = new_key(), new_salt()
    kept = digest_of(key, salt)
    assert is_same(kept, digest_of(parse_key(key.reveal()) or key, salt))
    assert not is_same(kept, digest_of(key, new_salt()))
    assert not is_same(kept, digest_of(Secret(prefix=key.prefix, secret="A" * 43), salt))
    assert key.secret not in kept
    assert len(kept) == len(token_digest("x")) == 64


def test_a_key_is_not_printed_by_accident() -> None:
    key = new_key()
    assert key.secret not in f"{key!r} {key} {[key]}"
