"""Secrets of office, design, marketing, monitoring and identity services."""

from sidecar.redaction.vendor_format import API_KEY, SECRET, SESSION, TOKEN, Format

_NEWRELIC_DOC = "docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys"
_DATADOG_DOC = "docs.datadoghq.com/account_management/personal-access-tokens"
_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"

OFFICE = (
    Format("notion token", TOKEN, r"ntn_[0-9A-Za-z]{36,}", "developers.notion.com/reference/authentication"),
    Format("notion legacy secret", TOKEN, r"secret_[0-9A-Za-z]{40,}", "developers.notion.com/reference/authentication"),
    Format("linear api key", API_KEY, r"lin_api_[0-9A-Za-z]{32,}", "linear.app/developers/graphql"),
    Format(
        "linear oauth token", TOKEN, r"lin_oauth_[0-9A-Za-z]{40,}", "linear.app/developers/oauth-2-0-authentication",
    ),
    Format("linear webhook secret", SECRET, r"lin_wh_[0-9A-Za-z]{24,}", "linear.app/developers/webhooks"),
    Format(
        "asana token", TOKEN, r"[012]/[0-9]{10,}(?:/[0-9]{10,})?:[0-9A-Fa-f]{32}",
        "developers.asana.com/docs/personal-access-token",
    ),
    Format(
        "airtable token", TOKEN, r"pat[0-9A-Za-z]{14}\.[0-9A-Fa-f]{64}",
        "airtable.com/developers/web/guides/personal-access-tokens",
    ),
    Format("clickup token", TOKEN, r"pk_[0-9]{4,}_[0-9A-Z]{30,}", "developer.clickup.com/docs/authentication"),
    Format("typeform token", TOKEN, r"tfp_[\w.-]{36,}", "typeform.com/developers/get-started/personal-access-token"),
    Format(
        "hubspot private app token", TOKEN, rf"pat-(?:na|eu|ap)[0-9]-{_UUID}",
        "developers.hubspot.com/docs/guides/apps/private-apps",
    ),
    Format(
        "salesforce session", SESSION, r"00D[0-9A-Za-z]{12,15}![\w.]{60,}",
        "developer.salesforce.com/docs/atlas.en-us.api_rest.meta",
    ),
    Format(
        "salesforce refresh token", TOKEN, r"5Aep[0-9A-Za-z][\w.=]{60,}",
        "help.salesforce.com/s/articleView?id=remoteaccess_oauth_refresh_token_flow.htm",
    ),
    Format("zoho token", TOKEN, r"1000\.[0-9A-Fa-f]{32}\.[0-9A-Fa-f]{32}", "zoho.com/accounts/protocol/oauth.html"),
    Format("contentful token", TOKEN, r"CFPAT-[\w-]{36,}", "contentful.com/developers/docs/references/authentication"),
    Format("sanity token", TOKEN, r"sk[0-9A-Za-z]{78,}", "sanity.io/docs/http-auth", strict=True, mixed=True),
    Format("readme api key", API_KEY, r"rdme_[0-9a-z]{60,}", "docs.readme.com/main/reference/intro/authentication"),
    Format(
        "gitbook token", TOKEN, r"gb_(?:api|oauth)_[0-9A-Za-z]{30,}",
        "gitbook.com/docs/developers/gitbook-api/authentication",
    ),
    Format("retool api key", API_KEY, r"retool_[0-9a-z]{2,6}_[0-9a-z]{20,}", "docs.retool.com/api"),
)  # fmt: skip
"""Office and content."""

DESIGN = (
    Format(
        "figma token", TOKEN, r"fig(?:d|u|o|or|oh|ur|dr)_[\w-]{36,}",
        "developers.figma.com/docs/rest-api/authentication",
    ),
    Format("frame.io token", TOKEN, r"fio-[a-z]-[\w=-]{60,}", "developer.frame.io/docs/getting-started/authentication"),
    Format("mapbox secret token", TOKEN, r"sk\.eyJ[\w-]{20,}\.[\w-]{16,}", "docs.mapbox.com/accounts/guides/tokens"),
    Format("mapbox temporary token", TOKEN, r"tk\.eyJ[\w-]{20,}\.[\w-]{16,}", "docs.mapbox.com/accounts/guides/tokens"),
    Format(
        "maxmind licence key", API_KEY, "_mmk", "dev.maxmind.com/license-key-formats",
        head="[0-9A-Za-z]{6}_[0-9A-Za-z]{29}", width=36,
    ),
    Format("imagekit private key", API_KEY, r"private_[0-9A-Za-z+/]{25,}=", "imagekit.io/docs/api-keys"),
    Format(
        "adobe client secret", SECRET, r"p8e-[\w-]{30,}",
        "developer.adobe.com/developer-console/docs/guides/authentication",
    ),
    Format("canva client secret", SECRET, r"cnvca[\w-]{40,}", "canva.dev/docs/connect/authentication"),
    Format(
        "rapidapi key", API_KEY, "msh[0-9A-Fa-f]{15}p1[0-9A-Fa-f]{5}jsn[0-9A-Fa-f]{12}", "docs.rapidapi.com/docs/keys",
        head="[0-9a-f]{10}", width=10,
    ),
)  # fmt: skip
"""Design, media and maps."""

MONITORING = (
    Format(
        "grafana cloud token", TOKEN, r"glc_[0-9A-Za-z+/]{32,}={0,2}",
        "grafana.com/docs/grafana-cloud/account-management/authentication-and-permissions",
    ),
    Format(
        "grafana service account token", TOKEN, r"glsa_[0-9A-Za-z]{30,}_[0-9A-Fa-f]{8}",
        "grafana.com/docs/grafana/latest/administration/service-accounts",
    ),
    Format(
        "grafana legacy api key", API_KEY, r"eyJrIjoi[0-9A-Za-z+/]{50,}={0,2}",
        "grafana.com/docs/grafana/latest/developers/http_api/auth",
    ),
    Format("new relic user key", API_KEY, r"NRAK-[0-9A-Z]{24,}", _NEWRELIC_DOC),
    Format("new relic insights key", API_KEY, r"NRI[IQ]-[\w-]{28,}", _NEWRELIC_DOC),
    Format("new relic admin or rest key", API_KEY, r"NR(?:AA|RA)-[0-9A-Za-z]{24,}", _NEWRELIC_DOC),
    Format("new relic browser key", API_KEY, r"NRJS-[0-9A-Fa-f]{16,}", _NEWRELIC_DOC),
    Format("new relic licence key", API_KEY, "NRAL", _NEWRELIC_DOC, head="[0-9a-zF]{36}", width=36),
    Format("datadog personal token", TOKEN, r"ddpat_[0-9A-Za-z_-]{20,}", _DATADOG_DOC),
    Format("datadog service token", TOKEN, r"ddsat_[0-9A-Za-z_-]{20,}", _DATADOG_DOC),
    Format("datadog application key", API_KEY, r"ddapp?_[0-9A-Za-z_-]{20,}", _DATADOG_DOC),
    Format(
        "sentry organisation token", TOKEN, r"sntrys_[0-9A-Za-z+/=]{40,}_[0-9A-Za-z+/]{30,}={0,2}",
        "docs.sentry.io/account/auth-tokens",
    ),
    Format("sentry user token", TOKEN, r"sntry[uair]_[0-9A-Fa-f]{60,}", "docs.sentry.io/account/auth-tokens"),
    Format(
        "dynatrace token", TOKEN, r"dt0[a-z][0-9]{2}\.[0-9A-Za-z-]{8,36}\.[0-9A-Za-z]{56,}",
        "docs.dynatrace.com/docs/manage/identity-access-management/access-tokens-and-oauth-clients",
    ),
    Format(
        "honeycomb key", API_KEY, r"hc[a-z]{3}_[0-9A-Za-z]{40,}",
        "docs.honeycomb.io/configure/environments/manage-api-keys",
    ),
    Format("axiom token", TOKEN, rf"xa[ap]t-{_UUID}", "axiom.co/docs/reference/tokens"),
    Format(
        "coralogix key", API_KEY, r"cx[tu]p_[0-9A-Za-z]{24,}",
        "coralogix.com/docs/user-guides/account-management/api-keys",
    ),
    Format(
        "checkly key", API_KEY, r"(?:cu|sv)_[0-9A-Fa-f]{32}", "checklyhq.com/docs/accounts-and-users/creating-api-key",
        strict=True,
    ),
    Format("uptimerobot key", API_KEY, r"(?:ur?|m)[0-9]{5,10}-[0-9A-Fa-f]{24,}", "uptimerobot.com/api/v3", strict=True),
    Format("honeybadger token", TOKEN, r"hb[a-z]_[0-9A-Za-z]{30,}", "docs.honeybadger.io/api", strict=True),
    Format("posthog personal key", API_KEY, r"ph[xsr]_[0-9A-Za-z]{32,}", "posthog.com/docs/api"),
    Format("segment token", TOKEN, r"sgp_[0-9A-Za-z]{64}", "segment.com/docs/api/public-api"),
    Format(
        "launchdarkly key", API_KEY, rf"(?:sdk|api|mob|rel)-{_UUID}",
        "launchdarkly.com/docs/home/account/environment/keys",
    ),
    Format("statsig secret", SECRET, r"(?:secret|console)-[0-9A-Za-z]{36,}", "docs.statsig.com/sdk-keys/api-keys"),
    Format(
        "growthbook secret", SECRET, r"secret_(?:admin|readonly|user)_[0-9A-Za-z+/=]{20,}", "docs.growthbook.io/api",
    ),
    Format(
        "flagsmith server key", API_KEY, r"ser\.[0-9A-Za-z]{20,}", "docs.flagsmith.com/clients/server-side",
        strict=True,
    ),
    Format("beamer api key", API_KEY, r"b_[0-9A-Za-z+/_-]{44}=?", "getbeamer.com/api", strict=True, mixed=True),
    Format(
        "adafruit io key", API_KEY, r"aio_[0-9A-Za-z]{26,}", "io.adafruit.com/api/docs/#authentication", strict=True,
    ),
    Format("ubidots token", TOKEN, r"BBFF-[0-9A-Za-z]{30,}", "docs.ubidots.com/v1.6/reference/authentication"),
)  # fmt: skip
"""Monitoring, analytics and feature flags."""

IDENTITY = (
    Format(
        "okta api token", TOKEN, r"00[\w-]{40}", "developer.okta.com/docs/guides/create-an-api-token", strict=True,
        exact=True, mixed=True, trigger=r"00[\w-]{40}",
    ),
    Format(
        "ory token", TOKEN, r"ory_(?:pat|wpat|apikey|at|rt|st|ac)_[\w.-]{24,}\w",
        "ory.com/docs/concepts/personal-access-token",
    ),
    Format(
        "stytch secret", SECRET, r"secret-(?:test|live)-[\w-]{30,}={0,2}",
        "stytch.com/docs/workspace-management/pwa/api-keys",
    ),
    Format(
        "zuplo api key", API_KEY, r"zpka_[0-9A-Fa-f]{30,}_[0-9A-Fa-f]{8}",
        "zuplo.com/docs/articles/api-key-leak-detection",
    ),
    Format("settlemint token", TOKEN, r"sm_(?:aat|pat|sat)_[0-9A-Za-z]{16,}", "console.settlemint.com/documentation"),
    Format(
        "authress access key", API_KEY,
        r"(?:sc|ext|scauth|authress)_[0-9a-z]{5,30}\.[0-9a-z]{4,6}\.acc[_-][0-9a-z-]{10,32}\.[0-9A-Za-z+/_=-]{30,}",
        "authress.io/knowledge-base",
    ),
    Format("intra 42 client secret", SECRET, r"s-s4t2(?:ud|af)-[0-9A-Fa-f]{64}", "api.intra.42.fr/apidoc"),
    Format("unkey root key", API_KEY, r"unkey_[0-9A-Za-z_]{20,}", "unkey.com/docs/security/root-keys"),
    Format("kong konnect token", TOKEN, r"[ks]pat_[0-9A-Za-z]{40,}", "developer.konghq.com/konnect-api"),
)  # fmt: skip
"""Identity and gateways."""

SERVICE_FORMATS = (*OFFICE, *DESIGN, *MONITORING, *IDENTITY)
