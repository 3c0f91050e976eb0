"""Secrets of where code lives and runs: repositories, builds, package registries, scanners, developers' tools."""

from sidecar.redaction.vendor_format import API_KEY, PASSWORD, PRIVATE_KEY, SECRET, SESSION, TOKEN, Format

# A GitLab token, with the payload length and checksum that make it routable between cells.
_GITLAB = r"[\w-]{18,}(?:\.[0-9a-z]{2}\.[0-9a-z]{7,9})?"
_GITLAB_DOC = "docs.gitlab.com/security/tokens"
# Base64 of what follows ``-----BEGIN``: RSA, none, EC, OPENSSH, ENCRYPTED, DSA and PGP, each with ``PRIVATE``.
_PEM_IN_BASE64 = (
    "BSU0EgUFJJVkFUR|BQUklWQVRF|BFQyBQUklWQVRF|BPUEVOU1NIIFBSSVZBVEU|BFTkNSWVBURUQgUFJJVkFUR|BEU0EgUFJJVkFUR"
    "|BQR1AgUFJJVkFUR"
)
_GITHUB_DOC = "github.blog/engineering/behind-githubs-new-authentication-token-formats"

REPOSITORIES = (
    Format("github personal access token", TOKEN, r"ghp_[0-9A-Za-z]{30,}", _GITHUB_DOC),
    Format("github oauth token", TOKEN, r"gho_[0-9A-Za-z]{30,}", _GITHUB_DOC),
    Format("github user-to-server token", TOKEN, r"ghu_[0-9A-Za-z]{30,}", _GITHUB_DOC),
    Format(
        "github stateless installation token", TOKEN, r"ghs_[0-9A-Za-z]{1,20}_eyJ[\w-]{10,}(?:\.[\w-]+){0,2}",
        "docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app",
    ),
    Format("github installation token", TOKEN, r"ghs_[0-9A-Za-z]{30,}", _GITHUB_DOC),
    Format("github refresh token", TOKEN, r"ghr_[0-9A-Za-z]{30,}", _GITHUB_DOC),
    Format("github fine-grained token", TOKEN, r"github_pat_\w{30,}", _GITHUB_DOC),
    Format("github legacy installation token", TOKEN, r"v1\.[0-9A-Fa-f]{40}", _GITHUB_DOC, strict=True),
    Format("gitlab personal access token", TOKEN, rf"glpat-{_GITLAB}", _GITLAB_DOC),
    Format("gitlab oauth application secret", SECRET, rf"gloas-{_GITLAB}", _GITLAB_DOC),
    Format("gitlab deploy token", TOKEN, rf"gldt-{_GITLAB}", _GITLAB_DOC),
    Format("gitlab runner token", TOKEN, rf"glrtr?-{_GITLAB}", _GITLAB_DOC),
    Format("gitlab ci job token", TOKEN, rf"glcbt-{_GITLAB}", _GITLAB_DOC),
    Format("gitlab pipeline trigger token", TOKEN, rf"glptt-{_GITLAB}", _GITLAB_DOC),
    Format("gitlab feed token", TOKEN, rf"glft-{_GITLAB}", _GITLAB_DOC),
    Format("gitlab incoming mail token", TOKEN, rf"glimt-{_GITLAB}", _GITLAB_DOC),
    Format("gitlab agent token", TOKEN, rf"glagent-{_GITLAB}", _GITLAB_DOC),
    Format("gitlab workspace token", TOKEN, rf"glwt-{_GITLAB}", _GITLAB_DOC),
    Format("gitlab scim token", TOKEN, rf"glsoat-{_GITLAB}", _GITLAB_DOC),
    Format("gitlab feature flags client token", TOKEN, rf"glffct-{_GITLAB}", _GITLAB_DOC),
    Format("gitlab runner registration token", TOKEN, r"GR1348941[\w-]{18,}", _GITLAB_DOC),
    Format("gitlab session", SESSION, r"gitlab_session=[0-9a-z]{32}", _GITLAB_DOC),
    Format(
        "atlassian api token", TOKEN, r"ATATT3x[\w=-]{50,}",
        "support.atlassian.com/atlassian-account/docs/manage-api-tokens",
    ),
    Format(
        "bitbucket access token", TOKEN, r"ATCTT3x[\w=-]{50,}",
        "support.atlassian.com/bitbucket-cloud/docs/repository-access-tokens",
    ),
    Format(
        "bitbucket app password", PASSWORD, r"ATBB[0-9A-Za-z]{28,}",
        "support.atlassian.com/bitbucket-cloud/docs/app-passwords",
    ),
    Format(
        "trello token", TOKEN, r"ATTA[0-9A-Fa-f]{60,}[0-9A-F]{0,8}",
        "developer.atlassian.com/cloud/trello/guides/rest-api/authorization",
    ),
    Format(
        "sourcegraph access token", TOKEN, r"sg[pd]_(?:[0-9A-Fa-f]{16}_|local_)?[0-9A-Fa-f]{40}",
        "sourcegraph.com/docs/admin/access_tokens",
    ),
)  # fmt: skip
"""Where source code is kept."""

REGISTRIES = (
    Format("npm token", TOKEN, r"npm_[0-9A-Za-z]{30,}", "docs.npmjs.com/about-access-tokens"),
    Format("pypi token", TOKEN, r"pypi-Ag[\w-]{50,}", "docs.pypi.org/api/secrets"),
    Format("rubygems api key", API_KEY, r"rubygems_[0-9A-Fa-f]{40,}", "guides.rubygems.org/api-key-scopes"),
    Format(
        "crates.io token", TOKEN, r"cio[0-9A-Za-z]{32}", "doc.rust-lang.org/cargo/reference/publishing.html",
        strict=True, exact=True, mixed=True,
    ),
    Format(
        "nuget api key", API_KEY, r"oy2[0-9a-z]{43}", "learn.microsoft.com/nuget/nuget-org/publish-a-package",
        strict=True, exact=True,
    ),
    Format("docker personal access token", TOKEN, r"dckr_pat_[\w-]{20,}", "docs.docker.com/security/access-tokens"),
    Format(
        "docker organisation token", TOKEN, r"dckr_oat_[\w-]{20,}",
        "docs.docker.com/enterprise/security/access-tokens",
    ),
    Format(
        "clojars deploy token", TOKEN, r"CLOJARS_[0-9a-z]{50,}", "github.com/clojars/clojars-web/wiki/Deploy-Tokens",
    ),
    Format(
        "artifactory api key", API_KEY, r"AKCp[0-9A-Za-z]{50,}",
        "jfrog.com/help/r/jfrog-platform-administration-documentation/api-key",
    ),
    Format(
        "jfrog reference token", TOKEN, r"cmVmd[0-9A-Za-z]{50,}",
        "jfrog.com/help/r/jfrog-platform-administration-documentation/reference-token",
    ),
    Format(
        "postman api key", API_KEY, r"PMAK-[0-9A-Fa-f]{20,}-[0-9A-Fa-f]{30,}",
        "learning.postman.com/docs/developer/postman-api/authentication",
    ),
    Format(
        "postman collection access key", API_KEY, r"PMAT-[0-9A-Z]{20,}",
        "learning.postman.com/docs/collaborating-in-postman/sharing",
    ),
)  # fmt: skip
"""Where packages and images are kept."""

BUILDS = (
    Format(
        "circleci personal token", TOKEN, r"CCIPAT_[0-9A-Za-z]{16,}_[0-9A-Fa-f]{32,}",
        "circleci.com/docs/managing-api-tokens",
    ),
    Format(
        "circleci project token", TOKEN, r"CCIPRJ_[0-9A-Za-z]{16,}_[0-9A-Fa-f]{32,}",
        "circleci.com/docs/managing-api-tokens",
    ),
    Format(
        "buildkite token", TOKEN, r"bk(?:ua|aa|aj|ar|ct|cq|pt|ps|pi|rt)_[0-9A-Za-z]{30,}",
        "buildkite.com/docs/platform/security/tokens",
    ),
    Format(
        "octopus deploy api key", API_KEY, r"API-[0-9A-Z]{25,}",
        "octopus.com/docs/octopus-rest-api/how-to-create-an-api-key",
    ),
    Format(
        "teamcity access token", TOKEN, r"eyJ0eXAiOiAiVENWMiJ9\.[\w-]{20,}(?:\.[\w-]+)?",
        "jetbrains.com/help/teamcity/configuring-your-user-profile.html",
    ),
    Format(
        "jetbrains hub token", TOKEN, r"perm[:-][0-9A-Za-z+/=]{6,}\.[0-9A-Za-z+/=-]{2,}\.[0-9A-Za-z]{20,}",
        "jetbrains.com/help/youtrack/devportal/manage-permanent-token.html",
    ),
    Format(
        "harness access token", TOKEN, r"[ps]at\.[\w-]{22}\.[0-9A-Za-z]{24}\.[0-9A-Za-z]{20}",
        "developer.harness.io/docs/platform/automation/api/add-and-manage-api-keys",
    ),
    Format(
        "pulumi access token", TOKEN, r"pul-[0-9A-Fa-f]{40}",
        "pulumi.com/docs/pulumi-cloud/access-management/access-tokens",
    ),
    Format(
        "terraform cloud token", TOKEN, r"\.atlasv1\.[\w=-]{50,}",
        "developer.hashicorp.com/terraform/cloud-docs/users-teams-organizations/api-tokens", head="[0-9A-Za-z]{14}",
        width=14,
    ),
    Format(
        "infracost api key", API_KEY, r"ico-[0-9A-Za-z]{32}", "infracost.io/docs/features/environment_variables",
        strict=True,
    ),
    Format(
        "prefect api key", API_KEY, r"pn[ub]_[0-9A-Za-z]{32,}",
        "docs.prefect.io/v3/how-to-guides/cloud/manage-users/api-keys",
    ),
    Format("scalingo token", TOKEN, r"tk-us-[\w-]{40,}", "developers.scalingo.com/tokens"),
    Format("depot token", TOKEN, r"depot_(?:project|org|user)_[0-9A-Fa-f]{40,}", "depot.dev/docs/cli/authentication"),
    Format(
        "percy token", TOKEN, r"(?:web|app|auto|ss|vmw|res|user|org)_[0-9A-Fa-f]{64}",
        "docs.percy.io/docs/environment-variables",
    ),
    Format("chromatic project token", TOKEN, r"chpt_[0-9A-Fa-f]{12,}", "chromatic.com/docs/setup"),
    Format(
        "trigger.dev secret key", API_KEY, r"tr_(?:dev|prod|stg|preview|pat)_[0-9A-Za-z]{20,}",
        "trigger.dev/docs/apikeys",
    ),
    Format(
        "inngest signing key", API_KEY, r"signkey-(?:prod|test|branch|dev)-[0-9A-Fa-f]{32,}",
        "inngest.com/docs/platform/signing-keys",
    ),
    Format("n8n api key", API_KEY, r"n8n_api_[\w.-]{36,}", "docs.n8n.io/api/authentication"),
)  # fmt: skip
"""What builds, deploys and runs it."""

SCANNERS = (
    Format(
        "sonarqube user token", TOKEN, r"squ_[0-9A-Fa-f]{40}",
        "docs.sonarsource.com/sonarqube/user-guide/managing-tokens",
    ),
    Format(
        "sonarqube project token", TOKEN, r"sqp_[0-9A-Fa-f]{40}",
        "docs.sonarsource.com/sonarqube/user-guide/managing-tokens",
    ),
    Format(
        "sonarqube analysis token", TOKEN, r"sqa_[0-9A-Fa-f]{40}",
        "docs.sonarsource.com/sonarqube/user-guide/managing-tokens",
    ),
    Format(
        "snyk token", TOKEN, r"snyk_[a-z]{3}\.[0-9A-Fa-f]{8}\.[\w-]{20,}(?:\.[\w-]+)?",
        "docs.snyk.io/snyk-api/authentication-for-api",
    ),
    Format("socket api token", TOKEN, r"sktsec_[\w-]{30,}", "docs.socket.dev/reference/authentication"),
    Format("aikido token", TOKEN, r"AIK_(?:CI|RUNTIME)_[\w-]{20,}", "help.aikido.dev"),
)  # fmt: skip
"""What looks for faults in it."""

VAULTS = (
    Format("vault service token", TOKEN, r"hvs\.[\w-]{20,}", "developer.hashicorp.com/vault/docs/concepts/tokens"),
    Format("vault batch token", TOKEN, r"hvb\.[\w-]{20,}", "developer.hashicorp.com/vault/docs/concepts/tokens"),
    Format("vault recovery token", TOKEN, r"hvr\.[\w-]{20,}", "developer.hashicorp.com/vault/docs/concepts/tokens"),
    Format(
        "vault legacy token", TOKEN, r"[sbr]\.[0-9A-Za-z]{24}", "developer.hashicorp.com/vault/docs/concepts/tokens",
        strict=True, exact=True,
    ),
    Format(
        "boundary token", TOKEN, r"at_[0-9A-Za-z]{10}_[0-9A-Za-z]{30,}",
        "developer.hashicorp.com/boundary/docs/concepts/domain-model/credentials", strict=True,
    ),
    Format(
        "doppler token", TOKEN, r"dp\.(?:pt|ct|scim|audit|sa|said|st(?:\.[\w-]{2,35})?)\.[0-9A-Za-z]{36,}",
        "docs.doppler.com/docs/service-tokens",
    ),
    Format(
        "infisical service token", TOKEN, r"st\.[0-9A-Fa-f]{24}\.[0-9A-Fa-f]{32}\.[0-9A-Fa-f]{32}",
        "infisical.com/docs/documentation/platform/token",
    ),
    Format(
        "1password service account token", TOKEN, r"ops_eyJ[0-9A-Za-z+/=_-]{60,}",
        "developer.1password.com/docs/service-accounts",
    ),
    Format(
        "1password secret key", PRIVATE_KEY,
        r"A3-[0-9A-Z]{6}-(?:[0-9A-Z]{11}|[0-9A-Z]{6}-[0-9A-Z]{5})(?:-[0-9A-Z]{5}){3}",
        "support.1password.com/secret-key-security",
    ),
    Format(
        "bitwarden access token", TOKEN,
        r"0\.[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\.[0-9A-Za-z]{28,}(?::[0-9A-Za-z+/]{20,}={0,2})?",
        "bitwarden.com/help/access-tokens",
    ),
    Format("age secret key", PRIVATE_KEY, r"AGE-SECRET-KEY-1[0-9A-Za-z]{50,}", "age-encryption.org/v1"),
    Format("age plugin identity", PRIVATE_KEY, r"AGE-PLUGIN-[0-9A-Z]{1,20}-1[0-9A-Z]{20,}", "age-encryption.org/v1"),
    Format(
        "nostr private key", PRIVATE_KEY, r"nsec1[02-9ac-hj-np-z]{58}",
        "github.com/nostr-protocol/nips/blob/master/19.md",
    ),
    Format(
        "bitcoin extended private key", PRIVATE_KEY, r"[xyzt]prv[0-9A-Za-z]{100,}",
        "github.com/bitcoin/bips/blob/master/bip-0032.mediawiki",
    ),
    Format(
        "paseto", TOKEN, r"v[1234]\.(?:local|public)\.[\w-]{40,}(?:\.[\w-]+)?",
        "github.com/paseto-standard/paseto-spec", strict=True,
    ),
    Format(
        "macaroon", TOKEN, r"MDA[xyz][0-9A-Za-z]{2}xvY2F0aW9u[0-9A-Za-z+/_-]{20,}={0,2}",
        "research.google/pubs/macaroons-cookies-with-contextual-caveats",
    ),
    Format("jwt in base64", TOKEN, r"ZXlK[0-9A-Za-z+/_-]{40,}={0,2}", "rfc-editor.org/rfc/rfc7519"),
    Format("fernet token", TOKEN, r"gAAAAA[\w-]{60,}={0,2}", "github.com/fernet/spec"),
    Format(
        "private key, pem in base64", PRIVATE_KEY, rf"LS0tLS1CRUdJTi(?:{_PEM_IN_BASE64})[0-9A-Za-z+/]{{20,}}={{0,2}}",
        "rfc-editor.org/rfc/rfc7468",
    ),
    Format(
        "private key, pkcs8 or pkcs1 in base64", PRIVATE_KEY,
        r"MII[CEJ][0-9A-Za-z+/]{1,4}(?:IBADANBgkqhkiG9w0|IBAAKC)[0-9A-Za-z+/]{60,}={0,2}",
        "rfc-editor.org/rfc/rfc5958",
    ),
    Format(
        "private key, elliptic, in base64", PRIVATE_KEY,
        r"(?:MHcCAQEEI|MIGHAgEAMBMGByqGSM49|MC4CAQAwBQYDK2V)[0-9A-Za-z+/]{30,}={0,2}", "rfc-editor.org/rfc/rfc5915",
    ),
    Format(
        "private key, openssh in base64", PRIVATE_KEY, r"b3BlbnNzaC1rZXktdjE[0-9A-Za-z+/]{60,}={0,2}",
        "github.com/openssh/openssh-portable/blob/master/PROTOCOL.key",
    ),
    Format("secret-token uri", TOKEN, r"secret-token:[\w.~%+/=:-]{10,}", "rfc-editor.org/rfc/rfc8959"),
)  # fmt: skip
"""What keeps other secrets."""

PLATFORM_FORMATS = (*REPOSITORIES, *REGISTRIES, *BUILDS, *SCANNERS, *VAULTS)
