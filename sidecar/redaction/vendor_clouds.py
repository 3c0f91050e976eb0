"""Secrets of clouds, hosting, databases and networks."""

from sidecar.redaction.vendor_format import API_KEY, PASSWORD, SECRET, SESSION, TOKEN, Format

_IAM_DOC = "docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"
_AZURE_DOC = "learn.microsoft.com/purview/sit-defn-all-creds"
_BASE64 = "[0-9A-Za-z+/]"

AMAZON = (
    Format("aws access key id", API_KEY, r"(?:AKIA|ASIA|ABIA|ACCA|A3T[0-9A-Z])[0-9A-Z]{16,}", _IAM_DOC, plain=True),
    Format(
        "aws bedrock api key", API_KEY, r"ABSK[0-9A-Za-z+/]{80,}={0,2}",
        "docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html",
    ),
    Format(
        "aws bedrock short-term key", API_KEY, r"bedrock-api-key-[0-9A-Za-z+/]{40,}={0,2}",
        "docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html",
    ),
    Format(
        "aws session token", SESSION, r"(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz|FQoDYXdz)[0-9A-Za-z+/]{60,}={0,2}",
        "docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp.html",
    ),
    Format(
        "aws appsync api key", API_KEY, r"da2-[0-9a-z]{26}",
        "docs.aws.amazon.com/appsync/latest/devguide/security-authz.html",
    ),
    Format(
        "amazon mws token", TOKEN, r"amzn\.mws\.[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
        "developer-docs.amazon.com/sp-api",
    ),
    Format(
        "login with amazon client secret", SECRET, r"amzn1\.oa2-cs\.v1\.[0-9A-Fa-f]{40,}",
        "developer.amazon.com/docs/login-with-amazon",
    ),
    Format(
        "login with amazon token", TOKEN, r"Atz[acr]\|[\w/+=-]{60,}",
        "developer.amazon.com/docs/login-with-amazon/access-token.html",
    ),
)  # fmt: skip
"""Amazon."""

GOOGLE = (
    Format("google api key", API_KEY, r"AIza[\w-]{33,}", "cloud.google.com/docs/authentication/api-keys"),
    Format("google gemini api key", API_KEY, r"AQ\.Ab[\w-]{40,}", "ai.google.dev/gemini-api/docs/api-key"),
    Format(
        "google oauth client secret", SECRET, r"GOCSPX-[\w-]{24,}", "developers.google.com/identity/protocols/oauth2",
    ),
    Format(
        "google oauth access token", TOKEN, r"ya29\.(?:[a-z]\.)?[\w-]{20,}(?:\.[\w-]{20,})?",
        "cloud.google.com/docs/authentication/token-types",
    ),
    Format("google oauth refresh token", TOKEN, r"1//0[\w-]{30,}", "cloud.google.com/docs/authentication/token-types"),
    Format(
        "google authorization code", TOKEN, r"4/0[\w-]{50,}",
        "developers.google.com/identity/protocols/oauth2/web-server", strict=True,
    ),
    Format(
        "google storage hmac key id", API_KEY, r"GOOG(?:1E[0-9A-Z]{55,}|[0-9A-Z]{16,})",
        "cloud.google.com/storage/docs/authentication/hmackeys", plain=True,
    ),
    Format(
        "google cloud messaging key", API_KEY, r"AAAA[\w-]{7}:[\w-]{120,}",
        "firebase.google.com/docs/cloud-messaging/auth-server",
    ),
)  # fmt: skip
"""Google."""

AZURE = (
    Format("azure client secret", SECRET, r"Q~[\w.~-]{30,36}", _AZURE_DOC, head=r"[\w.~-]{3}[0-9]", width=4),
    Format(
        "azure storage account key", API_KEY, r"\+ASt[0-9A-Za-z+/]{6}==", _AZURE_DOC, head=_BASE64 + "{76}", width=76,
    ),
    Format("azure batch key", API_KEY, r"\+ABa[0-9A-Za-z+/]{6}==", _AZURE_DOC, head=_BASE64 + "{76}", width=76),
    Format(
        "azure machine learning key", API_KEY, r"\+AMC[0-9A-Za-z+/]{6}==", _AZURE_DOC, head=_BASE64 + "{76}", width=76,
    ),
    Format("azure cosmos db key", API_KEY, r"ACDb[0-9A-Za-z+/]{6}==", _AZURE_DOC, head=_BASE64 + "{76}", width=76),
    Format("azure api management key", API_KEY, r"APIM[0-9A-Za-z+/]{6}==", _AZURE_DOC, head=_BASE64 + "{76}", width=76),
    Format("azure service bus key", API_KEY, r"\+ASb[0-9A-Za-z+/]{6}=", _AZURE_DOC, head=_BASE64 + "{33}", width=33),
    Format("azure event hub key", API_KEY, r"\+AEh[0-9A-Za-z+/]{6}=", _AZURE_DOC, head=_BASE64 + "{33}", width=33),
    Format("azure relay key", API_KEY, r"\+ARm[0-9A-Za-z+/]{6}=", _AZURE_DOC, head=_BASE64 + "{33}", width=33),
    Format("azure iot key", API_KEY, r"AIoT[0-9A-Za-z+/]{6}=", _AZURE_DOC, head=_BASE64 + "{33}", width=33),
    Format("azure redis key", API_KEY, r"AzCa[0-9A-Za-z+/]{6}=", _AZURE_DOC, head="[0-9A-Za-z]{33}", width=33),
    Format(
        "azure container registry key", API_KEY, r"\+ACR[0-9A-Za-z+/]{6}", _AZURE_DOC, head=_BASE64 + "{42}", width=42,
    ),
    Format("azure search key", API_KEY, r"AzSe[0-9A-Za-z]{6}", _AZURE_DOC, head="[0-9A-Za-z]{42}", width=42),
    Format("azure function key", API_KEY, r"AzFu[\w-]{6,8}={0,2}", _AZURE_DOC, head=r"[\w-]{44}", width=44),
    Format("azure devops token", TOKEN, r"AZDO[0-9A-Za-z]{4}", _AZURE_DOC, head="[0-9A-Za-z]{76}", width=76),
    Format(
        "azure cognitive services key", API_KEY, r"JQQJ99[0-9A-Za-z]{26}", _AZURE_DOC, head="[0-9A-Za-z]{52}", width=52,
    ),
    Format(
        "azure communication services key", API_KEY, r"AZCS[0-9A-Za-z]{4}", _AZURE_DOC, head="[0-9A-Za-z]{76}",
        width=76,
    ),
    Format(
        "microsoft entra refresh token", TOKEN, r"[01]\.A[\w-]{20,}\.[\w-]{100,}",
        "learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow", strict=True,
    ),
    Format(
        "microsoft account token", TOKEN, r"Ew[A-D][0-9A-Za-z+/]{200,}={0,2}",
        "learn.microsoft.com/onedrive/developer/rest-api/getting-started/msa-oauth", strict=True, mixed=True,
    ),
)  # fmt: skip
"""Microsoft: since 2022 its keys carry a four-letter mark near the end, where others have a prefix."""

CLOUDS = (
    Format(
        "digitalocean personal token", TOKEN, r"dop_v1_[0-9A-Fa-f]{56,}",
        "docs.digitalocean.com/reference/api/create-personal-access-token",
    ),
    Format(
        "digitalocean oauth token", TOKEN, r"doo_v1_[0-9A-Fa-f]{56,}", "docs.digitalocean.com/reference/api/oauth-api",
    ),
    Format(
        "digitalocean refresh token", TOKEN, r"dor_v1_[0-9A-Fa-f]{56,}",
        "docs.digitalocean.com/reference/api/oauth-api",
    ),
    Format(
        "digitalocean spaces key id", API_KEY, r"DO(?:00|801)[0-9A-Z]{15,}",
        "docs.digitalocean.com/products/spaces/how-to/manage-access", plain=True,
    ),
    Format("heroku api key", API_KEY, r"HRKU-[\w-]{36,}", "devcenter.heroku.com/articles/authentication"),
    Format("fly.io access token", TOKEN, r"fo1_[\w-]{36,}", "fly.io/docs/security/tokens"),
    Format(
        "fly.io macaroon", TOKEN,
        r"fm[12][a-z]?_[0-9A-Za-z+/_-]{60,}={0,2}(?:,fm[12][a-z]?_[0-9A-Za-z+/_-]{60,}={0,2}){0,8}",
        "fly.io/docs/security/tokens",
    ),
    Format("render api key", API_KEY, r"rnd_[0-9A-Za-z]{24,}", "render.com/docs/api"),
    Format("netlify token", TOKEN, r"nf[pcoub]_[0-9A-Za-z]{30,}", "docs.netlify.com/api/get-started"),
    Format("vercel token", TOKEN, r"vc[piarks]_[0-9A-Za-z]{24,}", "vercel.com/docs/rest-api/reference/welcome"),
    Format(
        "vercel blob token", TOKEN, r"vercel_blob_rw_[0-9A-Za-z]{8,}_[0-9A-Za-z]{20,}",
        "vercel.com/docs/vercel-blob/using-blob-sdk",
    ),
    Format(
        "alibaba access key id", API_KEY, r"LTAI[0-9A-Za-z]{12,20}",
        "alibabacloud.com/help/ram/user-guide/create-an-accesskey-pair", strict=True, exact=True,
    ),
    Format(
        "tencent secret id", API_KEY, r"AKID[0-9A-Za-z]{32}", "cloud.tencent.com/document/product/598/40488",
        strict=True, exact=True,
    ),
    Format("volcengine access key id", API_KEY, r"AKLT[\w-]{40,}={0,2}", "volcengine.com/docs/6291/65568", strict=True),
    Format(
        "baidu access key id", API_KEY, r"ALTAK[0-9A-Za-z]{21}", "cloud.baidu.com/doc/Reference/s/9jwvz2egb",
        strict=True, exact=True,
    ),
    Format("yandex cloud api key", API_KEY, r"AQVN[\w-]{34,}", "yandex.cloud/docs/iam/concepts/authorization/api-key"),
    Format(
        "yandex iam token", TOKEN, r"t1\.[\w-]{20,}\.[\w-]{60,}={0,2}",
        "yandex.cloud/docs/iam/concepts/authorization/iam-token", strict=True,
    ),
    Format("yandex oauth token", TOKEN, r"y[0-6]_[\w-]{50,}", "yandex.ru/dev/id/doc/en/access", strict=True),
    Format(
        "yandex static key", SECRET, r"YC(?:O|P|M|N)[\w-]{37}",
        "yandex.cloud/docs/iam/concepts/authorization/access-key", strict=True, exact=True, mixed=True,
    ),
    Format(
        "scaleway access key id", API_KEY, r"SCW[0-9A-Z]{17}", "scaleway.com/en/docs/iam/how-to/create-api-keys",
        strict=True, exact=True, plain=True,
    ),
    Format(
        "exoscale api key", API_KEY, r"EXO[0-9A-Fa-f]{24}", "community.exoscale.com/product/iam", strict=True,
        exact=True,
    ),
    Format(
        "cloudflare global api key", API_KEY, r"cfk_[0-9A-Za-z_-]{40,}",
        "developers.cloudflare.com/fundamentals/api/get-started/token-formats",
    ),
    Format(
        "cloudflare user token", TOKEN, r"cfut_[0-9A-Za-z_-]{40,}",
        "developers.cloudflare.com/fundamentals/api/get-started/token-formats",
    ),
    Format(
        "cloudflare account token", TOKEN, r"cfat_[0-9A-Za-z_-]{40,}",
        "developers.cloudflare.com/fundamentals/api/get-started/token-formats",
    ),
    Format(
        "cloudflare origin ca key", API_KEY, r"v1\.0-[0-9A-Fa-f]{20,}-[0-9A-Fa-f]{100,}",
        "developers.cloudflare.com/fundamentals/api/get-started/ca-keys",
    ),
    Format(
        "cloudflare tunnel token", TOKEN, r"eyJhIjoi[0-9A-Za-z+/=_-]{100,}",
        "developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel",
    ),
    Format(
        "cloudflare turnstile secret", SECRET, r"0x4AAAA[\w-]{26,}", "developers.cloudflare.com/turnstile/get-started",
    ),
    Format(
        "akamai edgegrid token", TOKEN, r"akab-[0-9a-z]{16}-[0-9a-z]{16}",
        "techdocs.akamai.com/developer/docs/authenticate-with-edgegrid",
    ),
    Format(
        "tailscale key", API_KEY, r"tskey-(?:[a-z]{2,12}-)?[0-9A-Za-z]{6,}(?:-[0-9A-Za-z]{16,})?",
        "tailscale.com/kb/1277/key-prefixes",
    ),
    Format(
        "ngrok authtoken", TOKEN, r"[1234][0-9A-Za-z]{26}_[0-9A-Za-z]{21}", "ngrok.com/docs/api#authentication",
        strict=True, exact=True, mixed=True, trigger="[1-4][0-9A-Za-z]{26}_[0-9A-Za-z]{8}",
    ),
)  # fmt: skip
"""Hosting and networks."""

CLUSTERS = (
    Format(
        "openshift token", TOKEN, r"sha256~[\w-]{40,}",
        "docs.redhat.com/en/documentation/openshift_container_platform",
    ),
    Format(
        "rancher token", TOKEN, r"(?:token-[0-9a-z]{5}|kubeconfig-u(?:ser)?-[0-9a-z]{5,16}):[0-9a-z]{50,}",
        "ranchermanager.docs.rancher.com/api/api-tokens",
    ),
    Format("k3s join token", TOKEN, r"K10[0-9A-Fa-f]{64}::[\w-]{1,64}:[0-9A-Za-z]{16,}", "docs.k3s.io/cli/token"),
    Format(
        "docker swarm join token", TOKEN, r"SWMTKN-1-[0-9a-z]{45,}-[0-9a-z]{20,}",
        "docs.docker.com/engine/swarm/join-nodes",
    ),
    Format("portainer access token", TOKEN, r"ptr_[0-9A-Za-z+/]{40,}={0,2}", "docs.portainer.io/api/access"),
)  # fmt: skip
"""What joins machines."""

DATABASES = (
    Format(
        "planetscale token", TOKEN, r"pscale_(?:tkn|otkn|oauth|rt)_[\w=.-]{30,}[\w=]",
        "planetscale.com/docs/concepts/service-tokens",
    ),
    Format(
        "planetscale password", PASSWORD, r"pscale_pw_[\w=.-]{30,}[\w=]",
        "planetscale.com/docs/concepts/connection-strings",
    ),
    Format(
        "supabase management token", TOKEN, r"sbp_(?:[a-z0-9]{2,5}_)?[0-9A-Fa-f]{40}",
        "supabase.com/docs/reference/api/introduction",
    ),
    Format("supabase secret key", API_KEY, r"sb_secret_[\w-]{20,}", "supabase.com/docs/guides/api/api-keys"),
    Format("neon api key", API_KEY, r"napi_[0-9a-z]{48,}", "neon.com/docs/manage/api-keys"),
    Format("neon password", PASSWORD, r"npg_[0-9A-Za-z]{12,}", "neon.com/docs/connect/connect-from-any-app"),
    Format(
        "mongodb atlas service account secret", SECRET, r"mdb_sa_sk_[\w-]{36,}",
        "mongodb.com/docs/atlas/api/service-accounts-overview",
    ),
    Format("aiven service password", PASSWORD, r"AVNS_[\w-]{16,}", "aiven.io/docs/platform/concepts/service_user"),
    Format(
        "aiven token", TOKEN, r"aivenv1[0-9A-Za-z+/]{100,}={0,2}",
        "aiven.io/docs/platform/concepts/authentication-tokens",
    ),
    Format(
        "clickhouse cloud secret", SECRET, r"4b1d[0-9A-Za-z]{38}", "clickhouse.com/docs/cloud/manage/openapi",
        strict=True, exact=True, mixed=True,
    ),
    Format(
        "confluent api secret", SECRET, r"cflt[0-9A-Za-z+/]{60}",
        "docs.confluent.io/cloud/current/security/authenticate/workload-identities/service-accounts/api-keys",
    ),
    Format(
        "databricks access token", TOKEN, r"dapi[0-9A-Fa-f]{32}(?:-[0-9])?",
        "docs.databricks.com/aws/en/dev-tools/auth/pat",
    ),
    Format(
        "databricks oauth secret", SECRET, r"dose[0-9A-Fa-f]{32}",
        "docs.databricks.com/aws/en/dev-tools/auth/oauth-m2m",
    ),
    Format(
        "elastic serverless api key", API_KEY, r"essu_[0-9A-Za-z+/]{40,}={0,2}",
        "elastic.co/docs/deploy-manage/api-keys/elastic-cloud-api-keys",
    ),
    Format(
        "pinecone api key", API_KEY, r"pcsk_[0-9A-Za-z]{4,8}_[0-9A-Za-z]{50,}",
        "docs.pinecone.io/guides/projects/manage-api-keys",
    ),
    Format(
        "hasura cloud token", TOKEN, r"hasura_pat_[\w-]{30,}", "hasura.io/docs/2.0/api-reference/cloud-api-reference",
    ),
    Format("quicknode token", TOKEN, r"QN_[0-9A-Fa-f]{32}", "quicknode.com/docs"),
    Format(
        "blockfrost project id", API_KEY, r"(?:mainnet|preprod|preview|testnet)[0-9A-Za-z]{32}", "docs.blockfrost.io",
        strict=True, exact=True,
    ),
)  # fmt: skip
"""Data stores."""

CLOUD_FORMATS = (*AMAZON, *GOOGLE, *AZURE, *CLOUDS, *CLUSTERS, *DATABASES)
