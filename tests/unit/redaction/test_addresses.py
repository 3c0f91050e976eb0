"""Public IP addresses and hardware addresses; versions, networks and times that look like them."""

import pytest

from sidecar.redaction.addresses import DEVICE_FAMILY, IP_FAMILY


def found(text, key="", family=IP_FAMILY):
    return [text[start:end] for start, end, _ in family.find(text, key)]


@pytest.mark.parametrize(
    "address",
    [
        "203.0.113.9", "192.0.2.1", "198.51.100.255", "8.8.8.8", "1.2.3.4", "54.239.28.85", "223.255.255.254",
        "172.32.0.1",
        "100.128.0.1", "192.169.0.1", "2001:db8::1", "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        "2a00:1450:4009:81f::200e",
        "2606:4700:4700::1111", "2001:db8:1:2:3:4:5:6", "2001:db8::192.0.2.33", "326:5c1a:65cb:5bd2:1270:4f9e:92:1769",
    ],
)  # fmt: skip
def test_public_addresses_are_found_in_any_text(address):
    for text in (
        address,
        f"from {address} to",
        f"[{address}]:443",
        f"ip={address},",
        f"http://[{address}]/x",
        f'"{address}"',
    ):
        assert found(text) == [address]
    assert {kind for _, _, kind in IP_FAMILY.find(address, "")} == {"ip"}


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("203.0.113.9:443", ["203.0.113.9"]), ("client 203.0.113.9.", ["203.0.113.9"]),
        ("http://203.0.113.9/x", ["203.0.113.9"]), ("/lookup/203.0.113.9", ["203.0.113.9"]),
        ("https://api.example.com/ip/203.0.113.9/json", ["203.0.113.9"]), ("::ffff:203.0.113.9", ["203.0.113.9"]),
        ("203.0.113.9, 10.0.0.1, 198.51.100.7", ["203.0.113.9", "198.51.100.7"]), ("203.0.113.9/24", ["203.0.113.9"]),
        ("203.0.113.9/32", ["203.0.113.9"]), ("2001:db8::5/64", ["2001:db8::5"]),
        ("2001:db8::1: refused", ["2001:db8::1"]),
    ],
)  # fmt: skip
def test_ports_lists_and_prefixes_are_left(text, addresses):
    assert found(text) == addresses


LOOK_ALIKES = [
    ("", "10.0.0.1"), ("", "192.168.1.1"), ("", "172.16.0.1"), ("", "127.0.0.1"), ("", "169.254.169.254"),
    ("", "0.0.0.0"),
    ("", "100.64.0.1"), ("", "224.0.0.1"), ("", "255.255.255.255"), ("", "::1"), ("", "fe80::1"), ("", "fc00::1"),
    ("", "fd12:3456:789a:1:2:3:4:5"), ("", "ff02::1"), ("", "192.30.252.0/22"), ("", "203.0.113.0/24"),
    ("", "2001:db8::/32"),
    ("", "256.1.1.1"), ("", "1.2.3"), ("", "1.2.3.4.5"), ("", "203.000.113.009"), ("", "a1.2.3.4"), ("", "v1.2.3.4"),
    ("", "version 1.2.3.4"), ("", "Version: 1.2.3.4"), ("", "upgrade to 1.2.3.4"), ("", "section 4.5.3.1"),
    ("", "OID 2.5.4.3"),
    ("", "Chrome/126.0.0.0"), ("", "Mozilla/5.0 (X11) Chrome/126.0.0.0 Safari/537.36"), ("", "nginx/1.25.3.1"),
    ("", "pkg-1.2.3.4.tar.gz"), ("", "foo==1.2.3.4"), ("", ">=1.2.3.4"), ("", "^1.2.3.4"), ("", "~> 1.2.3.4"),
    ("", "1.2.3.4-beta"), ("", "1.2.3.4-rc1"), ("", "2.16.840.1.113883"), ("", "10:20:30"), ("", "2024:01:01 10:00:00"),
    ("", "2024-01-02T10:20:30"), ("", "2001:db8"), ("", "std::vector"), ("", "00:11:22:33:44:55:66:77"),
    ("", "3.14.15"),
    ("version", "1.2.3.4"), ("browserVersion", "126.0.0.0"), ("user_agent", "x 1.2.3.4"), ("tag_name", "1.2.3.4"),
    ("", "[REDACTED:ip] 10.1.1.1"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "text"), LOOK_ALIKES)
def test_look_alikes_and_local_addresses_are_left_alone(key, text):
    assert found(text, key) == []


@pytest.mark.parametrize("address", ["00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e", "02:1a:80:41:52:9c"])
def test_hardware_addresses_are_found(address):
    assert found(f"mac {address}, up", family=DEVICE_FAMILY) == [address]
    assert DEVICE_FAMILY.find(address, "")[0][2] == "device_id"


@pytest.mark.parametrize(
    "text",
    [
        "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "de:ad:be:ef:00:11:22:33", "00:1A:2B:3C:4D", "10:20:30", "2024-01-02",
        "00:1A:2B:3C-4D-5E", "x00:1A:2B:3C:4D:5E", "00:1A:2B:3C:4D:5EF", "12-34-56-78-90-12-34", "1.001a.2b3c.4d5e",
        "550e8400-e29b-41d4-a716-446655440000", "aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99", "001a.2b3c",
        "G0:1A:2B:3C:4D:5E",
    ],
)  # fmt: skip
def test_look_alikes_of_hardware_addresses_are_left_alone(text):
    assert found(text, family=DEVICE_FAMILY) == []
