"""Topics and their escaping: one level for one key, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.errors import TopicInvalid
from sensors.mqtt_topic import (
    RESERVED,
    answer_topic,
    batch_topic,
    device_topic,
    done_topic,
    escape_level,
    out_topic,
    parse_device_topic,
    state_topic,
    unescape_level,
)

KEYS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)
LEVELS = st.text(st.sampled_from("aA闽%2Ff5B/+# 　\x00\x7f\ufffe"), min_size=1, max_size=12)


def brute_matches(topic: str, pattern: str) -> bool:
    """Whether a pattern of `+` levels takes a topic."""
    levels, wanted = topic.split("/"), pattern.split("/")
    return len(levels) == len(wanted) and all(want in ("+", level) for level, want in zip(levels, wanted, strict=True))


@given(KEYS)
def test_a_key_is_one_level_that_brokers_and_their_files_read_as_it_is_and_comes_back(key: str) -> None:
    level = escape_level(key)
    assert not set(level) & set("/+#\0\n\r\t ")
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 or letter.isspace() for letter in level)
    assert unescape_level(level) == key


@given(LEVELS)
def test_a_level_is_refused_or_is_the_one_way_to_write_its_key(level: str) -> None:
    try:
        key = unescape_level(level)
    except TopicInvalid:
        return
    assert escape_level(key) == level


@pytest.mark.parametrize(
    ("key", "level"),
    [
        ("闽A·12345", "闽A·12345"),
        ("A/3", "A%2F3"),
        ("+", "%2B"),
        ("#", "%23"),
        ("100%", "100%25"),
        ("西门 2号", "西门%202号"),
        ("　", "%E3%80%80"),
    ],
)
def test_what_is_escaped_can_be_read_by_a_person(key: str, level: str) -> None:
    assert escape_level(key) == level


@pytest.mark.parametrize("level", ["", "%", "%2", "%2f", "%41", "a%zz", "%FF", "%C0%AF", "a b", "A/3", "x" * 513, "\ud800", "%ED%A0%80"])
def test_a_level_that_no_key_makes_is_refused(level: str) -> None:
    with pytest.raises(TopicInvalid):
        unescape_level(level)


@given(KEYS.filter(lambda key: key not in RESERVED), KEYS, KEYS)
def test_a_device_topic_says_kind_key_and_stream(kind: str, key: str, stream: str) -> None:
    said = parse_device_topic(device_topic(kind, key, stream))
    assert (said.kind, said.key, said.stream) == (kind, key, stream)


@pytest.mark.parametrize(
    "topic",
    ["", "pingshan/v1/vehicle/A", "pingshan/v2/vehicle/A/position", "pingshan/v1/vehicle/A/position/x", "pingshan/v1//A/position"]
    + [f"pingshan/v1/{word}/a/b" for word in sorted(RESERVED)],
)
def test_what_is_no_topic_of_a_device_is_refused(topic: str) -> None:
    with pytest.raises(TopicInvalid):
        parse_device_topic(topic)


@given(KEYS, KEYS, KEYS)
def test_no_other_topic_is_heard_where_devices_are(one: str, two: str, three: str) -> None:
    others = [
        out_topic(one, two, three, "position"),
        state_topic(one, two, three),
        batch_topic(one, 1),
        done_topic(one, 1),
        answer_topic(one, two, three),
    ]
    assert not any(brute_matches(topic, "pingshan/v1/+/+/+") for topic in others)
