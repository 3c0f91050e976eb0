"""Secrets inside URLs that stand in a text: userinfo, hooks whose path is the secret, signatures of signed URLs."""

import re
from collections.abc import Iterator

from sidecar.redaction.family import Family, Span
from sidecar.redaction.gate import merged
from sidecar.redaction.triggers import trigger

_USERINFO = re.compile(r":(?:\\{0,4}/){2}([^\s/?#\"'<>\\`]{1,1024})@(?=([^\s/?#\"'<>\\@]*))", re.ASCII)
_LOGINS = frozenset({"git", "hg", "svn", "anonymous", "ec2-user", "ubuntu", "root"})
"""Logins that everybody knows, of which nothing is secret without a password."""

_OTHER_SCHEMES = ("ssh", "sftp", "scp", "rsync", "docker", "docker-image", "oci", "npm", "pkg")
"""Schemes in which a login has its key elsewhere, or the ``@`` parts a name from its version or digest."""

_LONGEST_OTHER = 12

# user:password@tcp(host:3306)/db, the data source name of go-sql-driver/mysql
_DSN = re.compile(r"(?<![\w.$-])[\w.$-]{1,64}+:([^\s\"'<>@/\[\]]{1,64}+)@(?=(?:tcp6?|udp|unix|cloudsql)\()", re.ASCII)
_ID = r"[0-9A-Za-z_-]"
_UUID = r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}"
_TAIL = r"[^\s?#\"'<>\\&,]"

# What precedes the secret in a path, and the secret. Hosts are left out where the path alone tells.
_HOOKS: tuple[tuple[str, str], ...] = (
    # core.telegram.org/bots/api#making-requests
    (r"bot", rf"[0-9]{{5,}}(?::|%3[Aa]){_ID}{{20,}}"),
    # docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    (r"services/T[0-9A-Z]{6,}/", r"B[0-9A-Z]{6,}/[0-9A-Za-z]{10,}"),
    (r"(?:workflows|triggers)/[TE][0-9A-Z]{6,}/", r"[0-9A-Z]{6,}/[0-9A-Za-z/]{10,}"),
    (r"/hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/", rf"{_TAIL}{{8,}}"),
    # discord.com/developers/docs/resources/webhook
    (r"webhooks/[0-9]{15,}/", rf"{_ID}{{24,}}"),
    # learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors
    (r"IncomingWebhook/", rf"{_TAIL}{{16,}}"),
    # developers.google.com/workspace/chat/quickstart/webhooks
    (r"/chat\.googleapis\.com/v1/spaces/[\w-]{1,80}/messages\?", r"[^\s#\"'<>\\,]{20,}"),
    # developers.mattermost.com/integrate/webhooks/incoming, docs.rocket.chat/docs/integrations
    (r"hooks/", r"[0-9a-z]{26}\b"),
    (r"hooks/", r"[0-9A-Za-z]{17,24}/[0-9A-Za-z]{30,}"),
    # help.zapier.com, ifttt.com/maker_webhooks, help.make.com/webhooks, pipedream.com/docs, docs.n8n.io
    (r"/hooks\.zapier\.com/hooks/(?:catch|standard)/", rf"{_TAIL}{{6,}}"),
    (r"/maker\.ifttt\.com/(?:use/|trigger/[^/\s\"']{1,80}/(?:json/)?with/key/)", rf"{_ID}{{16,}}"),
    (r"/hook\.(?:[a-z0-9]{2,6}\.)?(?:make|integromat)\.com/", r"[0-9a-z]{20,}"),
    (r"/hooks\.airtable\.com/workflows/v1/genericWebhook/", rf"{_TAIL}{{16,}}"),
    # api.flock.com, guilded.gg, webexapis.com, zoom.us, chime.aws, workplace chats
    (r"/api\.flock\.com/hooks/sendMessage/", rf"{_ID}{{16,}}"),
    (r"/media\.guilded\.gg/webhooks/", rf"{_TAIL}{{20,}}"),
    (r"/webexapis\.com/v1/webhooks/incoming/", rf"{_TAIL}{{20,}}"),
    (r"/(?:inbots|integrations)\.zoom\.us/(?:incoming/hook|chat/webhooks/incomingwebhook)/", rf"{_ID}{{12,}}"),
    (r"/hooks\.chime\.aws/incomingwebhooks/", r"[^\s#\"'<>\\,]{16,}"),
    # open.feishu.cn, open.dingtalk.com, developer.work.weixin.qq.com
    (r"open-apis/bot/(?:v2/)?hook/", rf"{_ID}{{16,}}"),
    (r"/oapi\.dingtalk\.com/robot/send\?access_token=", r"[0-9A-Za-z]{20,}"),
    (r"/qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=", rf"{_ID}{{16,}}"),
    # deploy and build hooks: docs.netlify.com, vercel.com/docs/deploy-hooks, render.com/docs/deploy-hooks, Cloudflare
    (r"/api\.netlify\.com/build_hooks/", r"[0-9a-f]{16,}"),
    (r"/api\.vercel\.com/v1/integrations/deploy/prj_[0-9A-Za-z]{8,40}/", r"[0-9A-Za-z]{8,}"),
    (r"/api\.render\.com/deploy/srv-[0-9a-z]{8,40}\?key=", rf"{_ID}{{8,}}"),
    (r"pages/webhooks/deploy_hooks/", _UUID),
    # monitoring: docs.datadoghq.com, documentation.solarwinds.com/loggly, help.sumologic.com, developer.pagerduty.com
    (r"/http-intake\.logs\.[\w.]{6,40}/(?:v1/input|api/v2/logs)/", r"[0-9a-z]{20,}"),
    (r"/logs-[0-9]{2}\.loggly\.com/(?:inputs|bulk)/", _UUID),
    (r"receiver/v1/http/", r"[0-9A-Za-z_=-]{20,}"),
    (r"/events\.pagerduty\.com/integration/", r"[0-9a-f]{20,}"),
    (r"/(?:hc-ping\.com|cronitor\.link/p|heartbeat\.uptimerobot\.com)/", rf"{_ID}{{12,}}"),
    # nodes of block chains: docs.metamask.io/services, alchemy.com/docs, quicknode.com/docs
    (r"/[\w-]{2,40}\.infura\.io/(?:ws/)?v3/", r"[0-9a-f]{32}"),
    (r"/[\w-]{2,40}\.g\.alchemy\.com/(?:nft/)?v[23]/", rf"{_ID}{{20,}}"),
    (r"/[\w.-]{2,80}\.quiknode\.pro/", r"[0-9a-f]{32,}"),
    # support.google.com/calendar: the secret address of a calendar; apidocs.bitrix24.com
    (r"ical/[^\s/\"']{3,120}/private-", r"[0-9a-f]{20,}"),
    (r"/[\w-]{2,60}\.bitrix24\.[a-z.]{2,8}/rest/[0-9]{1,9}/", r"[0-9a-z]{12,}"),
)  # fmt: skip

_ON_HOSTS = "|".join([f"{head[1:]}({secret})" for head, secret in _HOOKS if head[0] == "/"])
_ON_PATHS = "|".join([f"{head}({secret})" for head, secret in _HOOKS if head[0] != "/"])
_HOOK = re.compile(rf"/(?=/?[0-9A-Za-z])(?:/(?:{_ON_HOSTS})|{_ON_PATHS})", re.ASCII)

# docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html, cloud.google.com/storage/docs/authentication/
# signatures, help.aliyun.com (OSS), cloud.tencent.com (COS), learn.microsoft.com/rest/api/storageservices (SAS: sig),
# docs.aws.amazon.com/AmazonCloudFront (Signature), techdocs.akamai.com (hdnts, hdnea: hmac).
_SIGNED_NAMES = (
    r"(?i:x-(?:amz|goog|oss|obs|tos|bce|ms|cos|ks3)-(?:signature|credential|security-token)|q-signature|sig|signature"
    r"|awsaccesskeyid|ossaccesskeyid|accesskeyid|security-token|hdn(?:ts|ea)|__token__|x-cos-security-token)"
)
_SIGNED = re.compile(
    rf"(?:[?&;]|%26|%3[Ff]|\\u0026){_SIGNED_NAMES}(?:=|%3[Dd])((?!\[REDACTED)[^&\s\"'<>#\\,;]{{16,}})", re.ASCII
)
_ENCODED_END = re.compile(r"%26|%22|%27|%20")


def _find_userinfo(text: str, _key: str) -> list[Span]:
    """What stands before the ``@`` of an authority (RFC 3986 section 3.2.1), and passwords of data source names."""
    if "@" not in text:
        return []
    spans: list[Span] = []
    for found in _USERINFO.finditer(text):
        scheme = text[max(0, found.start() - _LONGEST_OTHER) : found.start()]
        if not _is_public(scheme, found[1], found[2]):
            spans.append((*found.span(1), "userinfo"))
    if "(" not in text:
        return spans
    return merged(spans + [(*found.span(1), "password") for found in _DSN.finditer(text)])


def _is_public(scheme: str, userinfo: str, host: str) -> bool:
    """Whether a userinfo says nothing: a well-known login without a password, a template, an image, a marker."""
    if ":" in userinfo:
        return not host or "[REDACTED" in userinfo or (userinfo[0] in "{$%" and userinfo[-1] in "}s%")
    return not host or userinfo in _LOGINS or userinfo[0] in "[{" or scheme.lower().endswith(_OTHER_SCHEMES)


def _find_hooks(text: str, _key: str) -> Iterator[Span]:
    """The secret part of the address of a hook."""
    for found in _HOOK.finditer(text):
        start, end = found.span(found.lastindex or 0)
        trimmed = found[found.lastindex or 0].rstrip(".,;:!)]}/")
        if "[REDACTED" not in trimmed:
            yield start, end - (end - start - len(trimmed)), "webhook"


def _find_signed(text: str, _key: str) -> Iterator[Span]:
    """The signatures of signed URLs, and what else in them identifies the signer."""
    for found in _SIGNED.finditer(text):
        start, end = found.span(1)
        encoded = _ENCODED_END.search(text, start, end)
        yield start, encoded.start() if encoded is not None and encoded.start() > start else end, "signature"


_USERINFO_TRIGGER = r":(?:\\*/){2}[^\s/?#\"'<>\\`]+@|@(?:tcp6?|udp|unix|cloudsql)\("
_HOOK_TRIGGER = "/(?:" + "|".join([trigger(head + secret) for head, secret in _HOOKS]) + ")"

URL_CREDENTIAL_FAMILIES = (
    Family("userinfo", _USERINFO_TRIGGER, _find_userinfo),
    Family("hooks", _HOOK_TRIGGER, _find_hooks),
    Family("signed urls", rf"(?:[?&;]|%26|%3[Ff]|\\u0026){_SIGNED_NAMES}(?:=|%3[Dd])[^\[]", _find_signed),
)
