import json

import pytest

from tests.unit.redaction.credential_texts import BODY, HEADER, JWE, JWT, encoded, found, masked, part, pem
from tests.unit.redaction.vendor_values import made

NAMES = ["", "RSA ", "EC ", "DSA ", "ENCRYPTED ", "OPENSSH "]


@pytest.mark.parametrize(
    "token",
    [
        JWT,
        JWE,
        f"{part({'typ': 'JWT', 'alg': 'none'})}.{part({'a': 1})}",
        f"{HEADER}.{part({'sub': '1'})[:9]}",
        f"{part({'kid': 'k1', 'alg': 'ES256'})}.e30.c2ln",
        encoded(b'{ "alg": "RS256" }') + ".e30.x",
        encoded(b'{\r\n "typ":"JWT"}') + ".e30.x",
        f"{HEADER}.",
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", '"{}"', "token={}&x=1", "\\n{}\\n", "Is {}, and", '\\"{}\\"', "a%3D{}", "IST.{}"]
)
def test_json_web_tokens_are_found_whole_also_if_their_end_was_cut_off(token, around):
    assert found(around.format(token), "jwt") == [(token, "jwt")]


@pytest.mark.parametrize(
    "text",
    [
        part({"id": 123, "page": 2}),
        f"{part({'id': 123})}.png",
        "pk.eyJ1IjoiZm9vIiwiYSI6ImNqcGxrM3YifQ.abcDEF",
        HEADER,
        "eyJ" * 100,
        "eyJ.eyJ.eyJ",
        "monkeyJumpedOver.the",
        "https://x.cloudfront.net/eyJidWNrZXQiOiJhIn0=",
        f"x{JWT}",
    ],
)
def test_base64_of_other_json_is_no_token(text):
    assert found(text, "jwt") == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("escape", [str, lambda text: json.dumps(text)[1:-1], lambda text: text.replace("\n", "\r\n")])
def test_private_keys_are_found_with_their_lines_also_in_strings(name, escape):
    key = escape(pem(name))
    assert found(f"key: {key} end", "pem") == [(key, "private_key")]


@pytest.mark.parametrize(
    "text",
    [
        pem("PGP ", f"Version: GnuPG v2\n\n{BODY}\n=aB3d").replace("KEY-----", "KEY BLOCK-----"),
        pem("RSA ", f"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B\n\n{BODY}"),
        f"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{BODY}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
        pem("", made("{h32}", 1)).replace("PRIVATE KEY", "OpenVPN Static key V1"),
        '-----BEGIN PRIVATE KEY-----\\n" +\n  "' + made("{B64}", 1) + '\\n" +\n  "-----END PRIVATE KEY-----',
    ],
)
def test_other_armours_and_keys_put_together_by_code_are_found(text):
    assert found(text, "pem") == [(text, "private_key")]


@pytest.mark.parametrize("cut", range(60, len(pem()), 37))
def test_a_private_key_that_was_cut_off_at_either_end_leaves_no_line_of_it(cut):
    head, tail = masked(pem()[:cut] + " ...", "pem"), masked(pem()[cut:] + " ok", "pem")
    assert not any(line[:40] in head or line[-40:] in tail for line in BODY.split("\n") if len(line) == 64)


def test_the_part_of_a_putty_file_that_is_private_is_found():
    lines = f"{made('{B64}', 1)}\n{made('{B40}', 2)}"
    public = f"PuTTY-User-Key-File-3: ssh-rsa\nPublic-Lines: 1\n{made('{B64}', 3)}\nPrivate-Lines: 2\n"
    private = f"{lines}\nPrivate-MAC: {made('{h64}', 1)}"
    assert found(public + private, "pem") == [(private, "private_key")]


@pytest.mark.parametrize(
    "text",
    [
        pem("").replace("PRIVATE", "PUBLIC"),
        pem("").replace("PRIVATE KEY", "CERTIFICATE"),
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ",
        "the file starts with -----BEGIN RSA PRIVATE KEY----- and ends with a line of its own",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n[REDACTED:private_key]",
    ],
)
def test_public_keys_certificates_and_talk_about_keys_stay(text):
    assert found(text, "pem") == []


def test_two_keys_and_a_certificate_between_them():
    certificate = pem("").replace("PRIVATE KEY", "CERTIFICATE")
    text = f"{pem()}\n{certificate}\n{pem('EC ')}"
    assert masked(text, "pem") == f"[REDACTED:private_key]\n{certificate}\n[REDACTED:private_key]"
