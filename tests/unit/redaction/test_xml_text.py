from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.redaction.xml_text import xml
from tests.unit.redaction.plain_scrub import plain_scrub

HIDDEN = "[REDACTED:password]"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<a/>",
        "<a><b>1</b> tail <c d='e'/></a>",
        "<a",
        "<",
        "<a b=",
        "a < b",
        "<a>&unknown; &lt; &#x41;</a>",
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE a>\n<a xmlns:token="urn:x">text</a>\n',
        "<p>one<br>two<p>three",
        "<!-- a -- b --><![CDATA[ <x> ]]>",
        "<script>if (a < b) { c(); }</script>",
        "<truncated>",
        "</a></b>",
    ],
)
def test_a_document_with_nothing_to_redact_stays_byte_for_byte(text: str) -> None:
    assert xml(text, plain_scrub()) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<password>x</password>", f"<password>{HIDDEN}</password>"),
        ("<password>\n  x\n</password>", f"<password>\n  {HIDDEN}\n</password>"),
        ('<wsse:Password Type="t">x</wsse:Password>', f'<wsse:Password Type="t">{HIDDEN}</wsse:Password>'),
        ("<password><![CDATA[x<y]]></password>", f"<password><![CDATA[{HIDDEN}]]></password>"),
        ("<password>x<b/>y</password>", f"<password>{HIDDEN}<b/>{HIDDEN}</password>"),
        ("<a>x<password>y</password>z</a>", f"<a>x<password>{HIDDEN}</password>z</a>"),
        ("<a password=\"x\" b='1'/>", f"<a password=\"{HIDDEN}\" b='1'/>"),
        ("<a b='1' ns:password = 'x'>", f"<a b='1' ns:password = '{HIDDEN}'>"),
        ("<a password=x>", f"<a password={HIDDEN}>"),
        ("<a>to bob@x.com</a>", "<a>to [REDACTED:email]</a>"),
        ("<a>bob&#64;x.com &amp; bob&#x40;x&period;com</a>", "<a>[REDACTED:email] &amp; [REDACTED:email]</a>"),
        ('<a b="bob&commat;x.com &lt;"/>', '<a b="[REDACTED:email] &lt;"/>'),
        ("<!-- bob@x.com --><?p bob@x.com?>", "<!-- [REDACTED:email] --><?p [REDACTED:email]?>"),
        ('<!DOCTYPE a [<!ENTITY e "bob@x.com">]><a>&e;</a>', '<!DOCTYPE a [<!ENTITY e "[REDACTED:email]">]><a>&e;</a>'),
        ("<script>t='bob@x.com'; a<b</script>", "<script>t='[REDACTED:email]'; a<b</script>"),
        ("<p>Hi<br>bob@x.com<p>b", "<p>Hi<br>[REDACTED:email]<p>b"),
    ],
)
def test_text_and_attributes_are_redacted_by_name_and_shape(text: str, expected: str) -> None:
    assert xml(text, plain_scrub()) == expected


@pytest.mark.parametrize(
    "text",
    [
        '<entry key="password">{}</entry>',
        "<property name='password'>{}</property>",
        '<add key="password" value="{}"/>',
        '<Parameter Name="password" Value="{}"/>',
        '<string id="password">{}</string>',
        "<p><name>password</name><value>{}</value></p>",
        "<dict><key>a</key><string>b</string><key>password</key><string>{}</string></dict>",
        "<member><name>password</name><value><string>{}</string></value></member>",
        '<saml:Attribute Name="password"><saml:AttributeValue>{}</saml:AttributeValue></saml:Attribute>',
        '<input type="password" name="field1" value="{}">',
        '<meta name="password" content="{}">',
        "<tr><td>password</td><td>{}</td></tr>",
        '<password name="other">{}</password>',
    ],
)
def test_names_beside_a_value_tell_about_it(text: str) -> None:
    assert xml(text.format("x y"), plain_scrub()) == text.format(HIDDEN)


def test_a_name_tells_about_the_next_value_only() -> None:
    text = "<d><key>password</key><string>x</string><key>b</key><string>y</string></d>"
    assert xml(text, plain_scrub()) == text.replace("x", HIDDEN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<a>&lt;password&gt;x&lt;/password&gt;</a>", f"<a>&lt;password&gt;{HIDDEN}&lt;/password&gt;</a>"),
        ("<a><![CDATA[<password>x</password>]]></a>", f"<a><![CDATA[<password>{HIDDEN}</password>]]></a>"),
    ],
)
def test_documents_inside_a_text_are_redacted_as_documents(text: str, expected: str) -> None:
    assert xml(text, plain_scrub()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<a><password>x</password><dropped>y</dropped></a>", f"<a><password>{HIDDEN}</password></a>"),
        ("<a><dropped b='c'>y</dropped>z</a>", "<a>z</a>"),
        ("<a dropped='x' b='y'/>", "<a dropped='' b='y'/>"),
    ],
)
def test_what_is_dropped_leaves_nothing_but_an_empty_attribute(text: str, expected: str) -> None:
    assert xml(text, plain_scrub()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<a><password>hunter", f"<a><password>{HIDDEN}"),
        ('<a password="hunter', '<a password="<truncated>'),
        ("<a b='bob@x.co", "<a b='<truncated>"),
        ("<password><![CDATA[hunter]", f"<password><![CDATA[{HIDDEN}"),
        ("<!-- bob@x.com", "<!-- [REDACTED:email]"),
    ],
)
def test_documents_that_were_cut_are_read_to_their_end(text: str, expected: str) -> None:
    assert xml(text, plain_scrub()) == expected


def test_a_text_with_too_many_references_is_not_shown() -> None:
    assert xml("<a>" + "&#65;" * 5000 + "</a>", plain_scrub()) == "<a><truncated></a>"
    assert xml("<a>" + "&lt;" * 5000 + "</a>", plain_scrub()) == "<a>" + "&lt;" * 5000 + "</a>"


def test_tags_beyond_the_limit_are_cut() -> None:
    shown = xml("<a/>" * 10_000, plain_scrub())
    assert shown == "<a/>" * 2048 + "<truncated>"
    assert xml(shown, plain_scrub()) == shown


PARTS = st.sampled_from(
    [
        "<password>",
        "</password>",
        "<a>",
        "</a>",
        "<b c='",
        "'>",
        '"',
        "<key>",
        "</key>",
        "password",
        "bob@x.com",
        "&#64;",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?",
        "?>",
        "<!D [",
        "]>",
        "<script>",
        "</script>",
        " ",
        "x",
        "<",
        "=",
        "/>",
        "<dropped>",
        "</dropped>",
        "&lt;a&gt;",
        "&amp;",
        " name=",
    ]
)


@given(st.lists(PARTS, max_size=24).map("".join))
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = xml(text, plain_scrub())
    assert xml(once, plain_scrub()) == once


NAMES = st.sampled_from(["a", "password", "key", "value", "p:b", "string"])
TEXTS = st.sampled_from(
    ["x", "bob@x.com", "&lt;q&gt; &amp; bob@x.com", "4242 4242 4242 4242 &#60;", "<![CDATA[<bob@x.com>]]>", ""]
)
ELEMENTS = st.recursive(
    TEXTS,
    lambda inner: st.tuples(
        NAMES, st.sampled_from(["", ' c="bob@x.com &quot;"', " password='&lt;'"]), st.lists(inner, max_size=3)
    ).map(lambda parts: f"<{parts[0]}{parts[1]}>{''.join(parts[2])}</{parts[0]}>"),
    max_leaves=10,
)


@given(ELEMENTS)
def test_what_was_well_formed_stays_well_formed_and_shows_no_address(text: str) -> None:
    shown = xml(f"<r xmlns:p='urn:p'>{text}</r>", plain_scrub())
    assert ET.fromstring(shown).tag == "r"
    assert "bob" not in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bob <bob@x.com> said", "Bob <[REDACTED:email]&gt; said"),
        ("Bob <Smith bob@x.com> said", "Bob <Smith [REDACTED:email]> said"),
        ("<a b='1' bob@x.com>", "<a b='1' [REDACTED:email]>"),
    ],
)
def test_what_stands_in_angle_brackets_but_is_no_tag_is_redacted_too(text: str, expected: str) -> None:
    assert xml(text, plain_scrub()) == expected


def test_a_name_of_a_tag_that_looks_like_a_token_is_asked_about() -> None:
    asked: list[object] = []

    class Watching:
        listed_only = False

        def verdict(self, name: str) -> None:
            return None

        def tree(self, node: object) -> None:
            asked.append(node)

    xml("<ABCD1234EFGH5678>x</ABCD1234EFGH5678>", Watching())  # type: ignore[arg-type]
    assert asked == [[{"": "ABCD1234EFGH5678"}, {"ABCD1234EFGH5678": "x"}]]
