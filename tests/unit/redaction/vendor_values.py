"""Values as the documentation of each vendor tells their length and alphabet, made from templates with a seed.

``{A36}`` is 36 letters and digits; ``h`` small hexadecimal, ``H`` large; ``U`` Base64url, ``B`` Base64; ``l`` small
letters and digits, ``C`` large ones; ``a`` letters; ``d`` digits; ``n`` Bech32 (BIP 173); ``{uuid}`` a UUID.
"""

import random
import re
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits

_ALPHABETS = {
    "A": ascii_letters + digits, "U": ascii_letters + digits + "_-", "B": ascii_letters + digits + "+/",
    "h": "0123456789abcdef", "H": "0123456789ABCDEF", "l": ascii_lowercase + digits, "C": ascii_uppercase + digits,
    "a": ascii_letters, "d": digits, "n": "023456789acdefghjklmnpqrstuvwxyz",
}  # fmt: skip
_UUID = "{h8}-{h4}-{h4}-{h4}-{h12}"
_PART = re.compile(r"\{([A-Za-z])(\d+)\}")


def _words(text: str) -> list[str]:
    return text.split()


TOKENS = _words("""
ghp_{A36} gho_{A36} ghu_{A36} ghs_{A36} ghr_{A36} github_pat_{A22}_{A59} ghs_{d7}_eyJ{U30}.eyJ{U120}.{U200}
glpat-{U20} glpat-{U27}.01.{l9} gldt-{U20} glrt-{U20} glrtr-{U20} glcbt-64_{U20} glptt-{h40} glft-{U20} glimt-{U25}
glagent-{U50} glwt-{U20} glsoat-{U20} glffct-{U20} GR1348941{U20} ATATT3xFfGF0{U170}={H8} ATCTT3xFfGN0{U160}={H8}
ATTA{h64}{H8} sgp_{h16}_{h40} sgp_local_{h40} npm_{A36} pypi-AgEIcHlwaS5vcmcC{U150} cio{A32} dckr_pat_{U27}
dckr_oat_{U32} CLOJARS_{l60} cmVmdGtuOjAxOj{A50} CCIPAT_{A22}_{h40} CCIPRJ_{A22}_{h40} bkua_{h40} bkct_{A64}
pat.{A22}.{h24}.{A20} sat.{A22}.{h24}.{A20} pul-{h40} {A14}.atlasv1.{U67} tk-us-{U48} squ_{h40} sqp_{h40} sqa_{h40}
snyk_uat.{h8}.{U40}.{U40} hvs.{U90} hvb.{U150} hvr.{U90} s.{A24} dp.pt.{A43} dp.st.dev_personal.{A43} dp.ct.{A40}
st.{h24}.{h32}.{h32} ops_eyJ{A250} v4.public.{U120}.{U20} gAAAAAB{U120}== secret-token:mercury_production_wma_{A40}
amzn.mws.{uuid} Atzr|IwEB{U200} ya29.{U130} ya29.c.{U130} 1//0{U60} 4/0{U70} dop_v1_{h64} doo_v1_{h64} dor_v1_{h64}
{A76}AZDO{A4} fo1_{U43} fm2_{B300} nfp_{A36} nfc_{A36} vcp_{A56} vca_{A56} vercel_blob_rw_{A16}_{A30} t1.{U120}.{U86}
y0_{U58} cfut_{A40}{h8} cfat_{A40}{h8} eyJhIjoi{A180} akab-{l16}-{l16} 1{A26}_{A21} sha256~{U43} token-{l5}:{l54}
K10{h64}::server:{h32} SWMTKN-1-{l50}-{l25} ptr_{B43}= pscale_tkn_{U43} pscale_oauth_{U43} sbp_{h40} dapi{h32}
dapi{h32}-2 sq0atp-{U22} EAAAE{U59} EAAC{A180} access_token$production${l16}${h32} A21AA{U92} access-production-{uuid}
access-sandbox-{uuid} APP_USR-{d16}-{d6}-{h32}-{d9} oa_prod_{U43} bxt_{A40} polar_oat_{A43} shpat_{h32} shpca_{h32}
shppa_{h32} shppa_{H32} shippo_live_{h40} shippo_test_{h40} duffel_live_{U43} duffel_test_{U43} sk-ant-oat01-{U93}AA
hf_{a34} api_org_{a34} r8_{A37} apify_api_{A36} as-{A22} KGAT_{h32} xoxb-{d12}-{d13}-{A24}
xoxp-{d12}-{d12}-{d12}-{h32} xoxa-2-{d12}-{d12}-{d12}-{h32} xoxr-{d12}-{d12}-{d12}-{h32} xoxe.xoxp-1-{A160}
xoxe-1-{A147} xapp-1-A{C10}-{d13}-{h64} MT{A22}.{U6}.{U38} mfa.{U84} {d10}:AA{U33} syt_{A12}_{A20}_{A6} mct_{A30}_{A6}
dG9rO{A55}= mlsn.{h64} IGQVJ{A150} IGAA{A150} THAA{A150} {d16}|{U27} AAAAAAAAAAAAAAAAAAAAA{A90} {d19}-{A40} AQW{U200}
act.{A40} pina_{A80} BQD{U150} sl.B{U135} sl.u.A{U900} ntn_{A46} secret_{A43} lin_oauth_{h64} 2/{d16}/{d16}:{h32}
0/{d16}:{h32} pat{A14}.{h64} pk_{d8}_{C32} tfp_{A44}_{A14} pat-na1-{uuid} pat-eu1-{uuid} 1000.{h32}.{h32} CFPAT-{U43}
gb_api_{A40} figd_{U40} fio-u-{U64} sk.eyJ1Ijoi{A70}.{U22} glc_eyJ{B120} glsa_{A32}_{h8} ddpat_{A34} ddsat_{A34}
sntrys_eyJ{A150}=_{B43} sntryu_{h64} dt0c01.{C24}.{C64} dt0s01.{C24}.{C64} xaat-{uuid} sgp_{A64} BBFF-{A30}
ory_pat_{A32} kpat_{A50} hbp_{A36} sk{A180} 00{U38}Ab v1.{h40} eyJ0eXAiOiAiVENWMiJ9.{U40}.{U60} perm:{A20}.{A12}.{A42}
perm-{A20}=.{A12}=.{A42} depot_org_{h64} web_{h64} chpt_{h12} sktsec_{U60}_api AIK_CI_{A40} at_{A10}_{A70}
0.{uuid}.{A30}:{B22}== MDAxY2xvY2F0aW9u{B120} MDAyNGxvY2F0aW9u{B120} ZXlKaGJHY2lPaUpJVXpJMU5pS{A120}
0.AX{U40}.AgABAwEAAAA{U300} EwB4A8l6{B400} aivenv1{B200} hasura_pat_{A64} ramp_tok_{A40}
v^1.1#i^1#p^3#I^3#f^0#r^0#t^{A80} shpua_{h32} flp_{A46} xwfp-{d12}-{A40} 5Aep861{A80} tk.eyJ1Ijoi{A70}.{U22}
sm_pat_{A16} QN_{h32}
""")

API_KEYS = _words("""
rubygems_{h48} oy2{l43} AKCp8{A68} PMAK-{h24}-{h34} PMAT-{C26} API-{C31} ico-{A32} AKIA{C16} ASIA{C16} ABSK{B132}
da2-{l26} AIza{U35} GOOG1E{C57} GOOG{C16} {A52}JQQJ99{A26} {B76}+ASt{A6}== {B33}+ASb{A6}= {B33}+AEh{A6}= {A42}AzSe{A6}
{U44}AzFu{A8}== {A33}AzCa{A6}= {B42}+ACR{A6} {B76}ACDb{A6}== HRKU-AA{U58} HRKU-{uuid} rnd_{A32} LTAI{A20} AKID{A32}
AQVN{U36} SCW{C17} cfk_{A40}{h8} v1.0-{h24}-{h146} tskey-auth-{A12}CNTRL-{A32} tskey-api-{A12}CNTRL-{A32}
sb_secret_{U22}_{A8} napi_{l64} pcsk_{A6}_{A63} sk_live_{A24} sk_test_{A24} sk_live_{A99} rk_live_{A24} rk_test_{A99}
ek_test_{A100} sk_sbox_{l27} skey_test_{l19} live_gsk_{A24} test_{A30} live_{U40} FLWSECK_TEST-{h32}-X FLWSECK-{h32}-X
pdl_live_apikey_{l26}_{A22}_{A3} xnd_production_{A60} SB-Mid-server-{U24} $aact_prod_{A120} cfsk_ma_prod_{h32}_{h8}
TEST_API_KEY:{h32}:{h32} ck_{h40} cs_{h40} EZAK{A54} EZTK{A54} cal_live_{h32} {h24}:{h64} sk-{A48}
sk-{A20}T3BlbkFJ{A20} sk-proj-{U74}T3BlbkFJ{U74} sk-svcacct-{U74}T3BlbkFJ{U74} sk-admin-{U74}T3BlbkFJ{U74}
sk-ant-api03-{U93}AA sk-ant-admin01-{U93}AA sk-or-v1-{h64} sk-lf-{uuid} sk-{h32} gsk_{A52} xai-{A80} pplx-{A48}
nvapi-{U64} csk-{l48} fw_{A24} tgp_v1_{U43} pa-{U43} jina_{h32}{A28} sk_{h48} rpa_{C46} lsv2_pt_{h32}_{h10}
lsv2_sk_{h32}_{h10} llx-{A48} tvly-dev-{A32} fc-{h32} e2b_{h40} SK{h32} KEY{H32}_{A22} os_v2_app_{l103}
{U6}.{U6}:{U43} SG.{U22}.{U43} key-{h32} {h32}-{h8}-{h8} {h32}-us12 md-{U22} xkeysib-{h64}-{A16} xsmtpsib-{h64}-{A16}
re_{A8}_{A24} pk_{h34} nyk_v0_{A64} lin_api_{A40} rdme_{l72} {A6}_{A29}_mmk private_{B27}= {h10}msh{h15}p1{h5}jsn{h12}
eyJrIjoi{A80}== NRAK-{C27} NRII-{U32} NRRA-{h42} NRJS-{h19} {h36}NRAL ddapp_{A34} hcaik_{l58} cxtp_{A30} phx_{A43}
sdk-{uuid} api-{uuid} ser.{A22} zpka_{h32}_{h8} unkey_{A22} u{d7}-{h24} tr_dev_{A24} pnu_{A36} signkey-prod-{h64}
n8n_api_{A40} bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t{B120} AQ.Ab8{U50} AAAA{U7}:APA91b{U134} {B76}+ABa{A6}==
{B76}+AMC{A6}== {B76}APIM{A6}== {B33}+ARm{A6}= {B33}AIoT{A6}= {A76}AZCS{A4} DO00{C16} DO801{C15} AKLT{A43} ALTAK{A21}
EXO{h24} essu_{B64}== mainnet{A32} preprod{A32} sk_org_live_{A40} AQEyhmfx{B60}-{B43}=-{A16} ak_live_{A30}
live_{A30} sandbox_{U40} creem_test_{A22} api_{A22}.{A22} CG-{A24} t-{h24}-{h24} sk-None-{U40} {A20}T3BlbkFJ{A20}
IST.eyJ{U40}.eyJ{U90}.{U60}
sk-helicone-{l7}-{l7}-{l7}-{l7} esecret_{l26} luma-{uuid}-{uuid} ls__{h32} bb_live_{U27} wandb_v1_{U80} bt-st-{A48}
pl_{h32} opik_{A40} live_{A25} {h32}-{uuid} kit_{h32} eo_{h64} retool_01{l2}_{l30} cu_{h32} b_{A44}
sc_{l20}.{l4}.acc-{l20}.{A60} aio_{A28}
""")

SECRETS = _words("""
gloas-{h64} amzn1.oa2-cs.v1.{h64} GOCSPX-{U28} abc8Q~{U34} dose{h32} mdb_sa_sk_{U40} cflt{B60} whsec_{A32}
whsec_{B43}= pi_{A24}_secret_{A25} seti_{A24}_secret_{A25} cuss_secret_{A40} sq0csp-{U43}
PRD-{h12}-{h4}-{h4}-{h4}-{h4} shpss_{h32} sec-c-{A54}= WPL_AP1.{A16}.{A8}== lin_wh_{A40} p8e-{U32} secret-{A43}
secret-test-{U36}= 0x4AAAAAAA{U25} cnvca{U50} YCO{A37} YCN{U37} 4b1d{A38} s-s4t2ud-{h64} secret_readonly_{A43}=
""")

OTHERS = {
    "ATBB{A24}{H8}": "password", "AVNS_{U19}": "password", "pscale_pw_{U43}": "password", "npg_{A12}": "password",
    "sess-{A40}": "session", "sk-ant-sid01-{U93}AA": "session", "xoxs-{d12}-{d12}-{d12}-{h32}": "session",
    "xoxd-{A120}": "session", "00D{A12}!AQ{A90}": "session", "IQoJb3JpZ2luX2Vj{B400}==": "session",
    "A3-{C6}-{C6}-{C5}-{C5}-{C5}-{C5}": "private_key", "AGE-SECRET-KEY-1{C58}": "private_key",
    "xprv9{A106}": "private_key", "AGE-PLUGIN-YUBIKEY-1{C40}": "private_key", "nsec1{n58}": "private_key",
    "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQp{B400}==": "private_key",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC{B400}": "private_key", "MIIEowIBAAKCAQEA{B400}": "private_key",
    "MHcCAQEEI{B140}==": "private_key", "MC4CAQAwBQYDK2VwBCIEI{B43}": "private_key",
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU{B400}": "private_key", "gitlab_session={h32}": "session",
}  # fmt: skip

TEMPLATES = {
    **dict.fromkeys(TOKENS, "token"),
    **dict.fromkeys(API_KEYS, "api_key"),
    **dict.fromkeys(SECRETS, "secret"),
    **OTHERS,
}
"""Template -> kind."""


def made(template: str, seed: int) -> str:
    """A value from a template; the same seed makes the same one. Runs do not end in ``-`` or ``_``."""
    chance = random.Random(f"{template}{seed}")

    def part(found: re.Match[str]) -> str:
        alphabet, count = _ALPHABETS[found[1]], int(found[2])
        ends = [char for char in alphabet if char.isalnum()]
        chars = [chance.choice(alphabet) for _ in range(count - 1)]
        return "".join([*chars, chance.choice(ends)])

    return _PART.sub(part, template.replace("{uuid}", _UUID))


VALUES = [(made(template, 1), kind) for template, kind in TEMPLATES.items()]
"""One value of each template, and its kind."""
