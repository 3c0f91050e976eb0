"""Media types and first bytes: which bodies are no text."""

import re

BINARY_TYPES = frozenset({
    "application/pdf", "application/zip", "application/gzip", "application/x-gzip", "application/x-tar",
    "application/x-bzip2", "application/x-7z-compressed", "application/vnd.rar", "application/x-xz", "application/zstd",
    "application/x-brotli", "application/java-archive", "application/wasm", "application/msword",
    "application/protobuf", "application/x-protobuf", "application/vnd.google.protobuf",
    "application/x-google-protobuf", "application/msgpack", "application/x-msgpack", "application/vnd.msgpack",
    "application/cbor", "application/cbor-seq", "application/cose", "application/avro", "application/x-avro",
    "avro/binary", "application/x-thrift", "application/vnd.apache.thrift.binary", "application/vnd.apache.parquet",
    "application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file", "application/bson",
    "application/ubjson", "application/smile", "application/x-jackson-smile", "application/x-amz-ion",
    "application/pkcs7-mime", "application/pkcs7-signature", "application/pkcs8", "application/pkcs12",
    "application/x-pkcs12", "application/pkix-cert", "application/pkix-crl", "application/ocsp-request",
    "application/ocsp-response", "application/timestamp-query", "application/timestamp-reply",
    "application/dns-message", "application/ogg", "application/x-sqlite3", "application/vnd.sqlite3",
    "application/vnd.android.package-archive", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
    "application/vnd.ms-fontobject",
})  # fmt: skip
"""IANA registry and vendors' documentation. ``application/octet-stream`` says nothing, and is not here."""

BINARY_PREFIXES = (
    "image/", "audio/", "video/", "font/", "model/", "application/font-", "application/grpc",
    "application/connect+proto", "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
)  # fmt: skip
BINARY_SUFFIXES = (
    "+protobuf", "+proto", "+cbor", "+cbor-seq", "+zip", "+gzip", "+zstd", "+msgpack", "+avro", "+der", "+ber",
    "+wbxml", "+fastinfoset", "+sqlite3", "+tlv",
)  # fmt: skip
"""Structured syntax suffixes of the IANA registry that are no text."""
TEXT_SUFFIXES = ("+xml", "+json", "+yaml")
"""``image/svg+xml`` is text, ``application/grpc+json`` is not: frames stand between its documents."""

MAGIC = (
    (b"%PDF-", "application/pdf"), (b"PK\x03\x04", "application/zip"), (b"\x89PNG\r\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"), (b"GIF87a", "image/gif"), (b"GIF89a", "image/gif"),
    (b"\x1f\x8b\x08", "application/gzip"), (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"\xfd7zXZ\0", "application/x-xz"), (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"), (b"\0asm", "application/wasm"), (b"Obj\x01", "application/avro"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"), (b"OggS\0", "audio/ogg"), (b"wOFF\0\x01\0\0", "font/woff"),
    (b"wOF2\0\x01\0\0", "font/woff2"),
)  # fmt: skip
"""First bytes of files, as their specifications and the WHATWG MIME Sniffing standard give them."""
_MARKS = tuple(mark for mark, _ in MAGIC)

_TYPE = re.compile(r"(?:application|audio|avro|font|image|message|model|multipart|text|video)/[\w!#$&^.+\-]{1,80}")


def media_type(content_type: str) -> str:
    """``type/subtype`` in lower case, without parameters; "" if it is none (RFC 9110 8.3.1)."""
    declared = content_type.partition(";")[0].strip().lower()
    return declared if _TYPE.fullmatch(declared) else ""


def is_binary_type(declared: str) -> bool:
    """Whether bodies of a media type are no text, whatever they look like."""
    if declared in BINARY_TYPES or declared.endswith(BINARY_SUFFIXES):
        return True
    if not declared.startswith(BINARY_PREFIXES):
        return False
    return not declared.endswith(TEXT_SUFFIXES) or declared.startswith("application/grpc")


def type_by_magic(data: bytes) -> str:
    """The media type that the first bytes tell; "" if they tell none."""
    if not data.startswith(_MARKS):
        return ""
    return next(kind for mark, kind in MAGIC if data.startswith(mark))
