"""Secrets of mail, telephony, chat and social networks."""

from sidecar.redaction.vendor_format import API_KEY, SECRET, SESSION, TOKEN, Format

_SLACK_DOC = "docs.slack.dev/authentication/tokens"
_META_DOC = "developers.facebook.com/docs/facebook-login/guides/access-tokens"

CHAT = (
    Format("slack bot token", TOKEN, r"xoxb-[0-9A-Za-z-]{10,}", _SLACK_DOC),
    Format("slack user token", TOKEN, r"xoxp-[0-9A-Za-z-]{10,}", _SLACK_DOC),
    Format("slack workspace token", TOKEN, r"xox[aor]-[0-9A-Za-z-]{10,}", _SLACK_DOC),
    Format("slack session token", SESSION, r"xox[cs]-[0-9A-Za-z-]{10,}", _SLACK_DOC),
    Format("slack session cookie", SESSION, r"xoxd-[0-9A-Za-z%+/=_-]{10,}", _SLACK_DOC),
    Format(
        "slack configuration token", TOKEN, r"xoxe\.xox[bp]-[0-9A-Za-z-]{20,}",
        "docs.slack.dev/app-manifests/configuring-apps-with-app-manifests",
    ),
    Format(
        "slack refresh token", TOKEN, r"xoxe-[0-9A-Za-z-]{10,}", "docs.slack.dev/authentication/using-token-rotation",
    ),
    Format("slack app token", TOKEN, r"xapp-[0-9A-Za-z-]{12,}", _SLACK_DOC),
    Format("slack workflow token", TOKEN, r"xwfp-[0-9A-Za-z-]{20,}", _SLACK_DOC),
    Format(
        "discord bot token", TOKEN, r"[MNO][0-9A-Za-z_-]{23,28}\.[\w-]{6}\.[\w-]{27,45}",
        "discord.com/developers/docs/reference#authentication", mixed=True, trigger=r"\.[\w-]{6}\.[\w-]{20}",
    ),
    Format("discord user token", TOKEN, r"mfa\.[\w-]{60,}", "discord.com/developers/docs/reference#authentication"),
    Format(
        "telegram bot token", TOKEN, r"[0-9]{6,12}:A[\w-]{32,}", "core.telegram.org/bots/api#authorizing-your-bot",
        trigger=r"[0-9]:A[\w-]{20}",
    ),
    Format(
        "matrix access token", TOKEN, r"syt_[0-9A-Za-z+/=]{4,}_[0-9A-Za-z]{20}_[0-9A-Za-z]{6}",
        "spec.matrix.org/latest/client-server-api",
    ),
    Format(
        "matrix authentication token", TOKEN, r"mc[tr]_[0-9A-Za-z]{30}_[0-9A-Za-z]{6}",
        "element-hq.github.io/matrix-authentication-service",
    ),
    Format(
        "intercom access token", TOKEN, r"dG9rO[0-9A-Za-z+/]{40,}={0,2}",
        "developers.intercom.com/docs/build-an-integration/learn-more/authentication",
    ),
)  # fmt: skip
"""Chat."""

TELEPHONY = (
    Format("twilio api key", API_KEY, r"SK[0-9A-Fa-f]{32}", "twilio.com/docs/iam/api-keys"),
    Format("telnyx api key", API_KEY, r"KEY[0-9A-F]{30,}_[0-9A-Za-z]{20,}", "developers.telnyx.com/api/introduction"),
    Format(
        "onesignal api key", API_KEY, r"os_v2_(?:app|org)_[0-9a-z]{50,}",
        "documentation.onesignal.com/docs/keys-and-ids",
    ),
    Format("pubnub secret key", SECRET, r"sec-c-[0-9A-Za-z=-]{36,}", "pubnub.com/docs/general/setup/account-setup"),
    Format(
        "ably api key", API_KEY, r":[\w-]{43}", "ably.com/docs/auth/basic", exact=True, mixed=True,
        head=r"[\w-]{6}\.[\w-]{6}", width=13, trigger=r"\.[\w-]{6}:[\w-]{20}",
    ),
    Format(
        "messagebird key", API_KEY, r"(?:live|test)_[0-9A-Za-z]{25}", "developers.messagebird.com/api", strict=True,
        exact=True,
    ),
    Format(
        "infobip api key", API_KEY, "-[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
        "infobip.com/docs/essentials/api-essentials/api-authentication", exact=True, head="[0-9a-f]{32}", width=32,
        trigger="[0-9a-f]{12}-[0-9a-f]{8}-",
    ),
)  # fmt: skip
"""Telephony and push."""

MAIL = (
    Format(
        "sendgrid api key", API_KEY, r"SG\.[\w=-]{8,}\.?[\w=.-]{30,}[\w=-]",
        "twilio.com/docs/sendgrid/ui/account-and-settings/api-keys",
    ),
    Format(
        "mailgun api key", API_KEY, r"key-[0-9A-Fa-f]{32}",
        "documentation.mailgun.com/docs/mailgun/api-reference/mg-auth",
    ),
    Format(
        "mailgun private key", API_KEY, "-[0-9A-Fa-f]{8}-[0-9A-Fa-f]{8}",
        "documentation.mailgun.com/docs/mailgun/api-reference/mg-auth", exact=True, head="[0-9a-f]{32}", width=32,
        trigger="[0-9a-f]{12}-[0-9a-f]{8}-",
    ),
    Format(
        "mailchimp api key", API_KEY, "-us[0-9]{1,2}", "mailchimp.com/developer/marketing/guides/quick-start",
        exact=True, head="[0-9a-f]{32}", width=32,
    ),
    Format(
        "mandrill api key", API_KEY, r"md-[\w-]{22}", "mailchimp.com/developer/transactional/guides/quick-start",
        strict=True, exact=True, mixed=True,
    ),
    Format(
        "brevo api key", API_KEY, r"xkeysib-[0-9A-Fa-f]{64}-[0-9A-Za-z]{16}",
        "developers.brevo.com/docs/getting-started",
    ),
    Format(
        "brevo smtp key", API_KEY, r"xsmtpsib-[0-9A-Fa-f]{64}-[0-9A-Za-z]{16}",
        "developers.brevo.com/docs/smtp-integration",
    ),
    Format(
        "resend api key", API_KEY, r"re_[0-9A-Za-z]{8}_[0-9A-Za-z]{20,}", "resend.com/docs/api-reference/introduction",
        strict=True,
    ),
    Format(
        "mailersend token", TOKEN, r"mlsn\.[0-9A-Fa-f]{60,}", "developers.mailersend.com/general.html#authentication",
    ),
    Format("klaviyo private key", API_KEY, r"pk_[0-9A-Fa-f]{34}", "developers.klaviyo.com/en/docs/authenticate_"),
    Format("kit api key", API_KEY, r"kit_[0-9A-Fa-f]{32}", "developers.kit.com/api-reference/authentication"),
    Format("emailoctopus api key", API_KEY, r"eo_[0-9A-Fa-f]{64}", "emailoctopus.com/api-documentation/v2"),
    Format("nylas api key", API_KEY, r"nyk_(?:v0_)?[0-9A-Za-z]{36,}", "developer.nylas.com/docs/v3/auth"),
)  # fmt: skip
"""Mail."""

SOCIAL = (
    Format(
        "instagram access token", TOKEN, r"IG(?:AA|QV|QW)[\w-]{60,}",
        "developers.facebook.com/docs/instagram-platform",
    ),
    Format("threads access token", TOKEN, r"THAA[\w-]{60,}", "developers.facebook.com/docs/threads/get-started"),
    Format(
        "facebook app token", TOKEN, r"[0-9]{13,17}(?:\||%7C)[\w-]{26,32}", _META_DOC, strict=True,
        trigger=r"[0-9]{13,}(?:\||%7C)[\w-]{8}",
    ),
    Format(
        "x bearer token", TOKEN, r"A{20,24}[0-9A-Za-z%]{60,}",
        "docs.x.com/fundamentals/authentication/oauth-2-0/bearer-tokens",
    ),
    Format(
        "x access token", TOKEN, r"[0-9]{15,20}-[0-9A-Za-z]{40}", "docs.x.com/fundamentals/authentication/oauth-1-0a",
        strict=True, exact=True, mixed=True, trigger="[0-9]{15,}-[0-9A-Za-z]{40}",
    ),
    Format(
        "linkedin access token", TOKEN, r"AQ[A-Z][\w-]{140,}", "learn.microsoft.com/linkedin/shared/authentication",
        strict=True, mixed=True,
    ),
    Format(
        "linkedin client secret", SECRET, r"WPL_AP[0-9]\.[0-9A-Za-z]{12,}(?:\.[0-9A-Za-z+/=-]{6,})?",
        "learn.microsoft.com/linkedin/shared/authentication",
    ),
    Format(
        "tiktok token", TOKEN, r"(?:act|rft|clt)\.[0-9A-Za-z]{30,}(?:![0-9]{1,5}\.[a-z0-9]{1,5})?",
        "developers.tiktok.com/doc/oauth-user-access-token-management", strict=True,
    ),
    Format(
        "pinterest token", TOKEN, r"pin[ar]_[0-9A-Za-z]{40,}",
        "developers.pinterest.com/docs/getting-started/connect-app",
    ),
    Format(
        "spotify access token", TOKEN, r"BQ[A-D][\w-]{100,}",
        "developer.spotify.com/documentation/web-api/concepts/access-token", strict=True, mixed=True,
    ),
    Format(
        "dropbox token", TOKEN, r"sl\.(?:u\.)?[\w-]{60,}", "developers.dropbox.com/oauth-guide", strict=True,
        mixed=True,
    ),
)  # fmt: skip
"""Social networks and files."""

MESSAGING_FORMATS = (*CHAT, *TELEPHONY, *MAIL, *SOCIAL)
