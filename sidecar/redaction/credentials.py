"""All families of credentials with a standard shape, whoever issued them."""

from sidecar.redaction.credential_files import FILE_FAMILIES
from sidecar.redaction.credential_keys import JWT_FAMILY, PEM_FAMILY
from sidecar.redaction.credential_schemes import SCHEME_FAMILY
from sidecar.redaction.credential_urls import URL_CREDENTIAL_FAMILIES
from sidecar.redaction.family import Family

CREDENTIAL_FAMILIES: tuple[Family, ...] = (
    JWT_FAMILY, PEM_FAMILY, SCHEME_FAMILY, *URL_CREDENTIAL_FAMILIES, *FILE_FAMILIES,
)  # fmt: skip
"""JSON Web Tokens, private keys, what follows a scheme, secrets inside URLs, files and hashes."""
