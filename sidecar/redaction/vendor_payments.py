"""Secrets of who moves money, sells and ships."""

from sidecar.redaction.vendor_format import API_KEY, SECRET, TOKEN, Format

_STRIPE_DOC = "docs.stripe.com/keys"
_UUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_SHOPIFY_DOC = "shopify.dev/docs/apps/build/authentication-authorization"

STRIPE = (
    Format("stripe secret key", API_KEY, r"sk_(?:live|test)_[0-9A-Za-z]{10,}", _STRIPE_DOC),
    Format("stripe restricted key", API_KEY, r"rk_(?:live|test|prod)_[0-9A-Za-z]{10,}", _STRIPE_DOC),
    Format("stripe organisation key", API_KEY, r"sk_org_(?:live|test)_[0-9A-Za-z]{10,}", _STRIPE_DOC),
    Format("stripe ephemeral key", API_KEY, r"ek_(?:live|test)_[0-9A-Za-z]{20,}", "docs.stripe.com/issuing/elements"),
    Format("stripe webhook secret", SECRET, r"whsec_[0-9A-Za-z+/]{24,}={0,2}", "docs.stripe.com/webhooks"),
    Format(
        "stripe client secret", SECRET,
        r"(?:pi|seti|src|cs_live|cs_test|fcsess|vs|ich|mandate)_[0-9A-Za-z]{8,}_(?:client_)?secret_[0-9A-Za-z]{10,}",
        "docs.stripe.com/api/payment_intents/object", trigger="_secret_[0-9A-Za-z]{8}",
    ),
    Format(
        "stripe session secret", SECRET, r"(?:cuss|accs|acss|fcsess)_(?:client_)?secret_[0-9A-Za-z_]{10,}",
        "docs.stripe.com/api/customer_sessions/object",
    ),
)  # fmt: skip
"""Stripe; Paystack, Clerk and Omise give their secret keys the same shape."""

PAYMENTS = (
    Format(
        "secret key of an environment", API_KEY,
        r"sk_(?:dev|prod|sbox|sandbox|production|staging|default)_[0-9A-Za-z]{10,}",
        "checkout.com/docs/developer-resources/api/manage-api-keys",
    ),
    Format("omise secret key", API_KEY, r"skey_(?:test_|live_)?[0-9a-z]{16,}", "docs.omise.co/api-authentication"),
    Format(
        "toss payments secret key", API_KEY, r"(?:live|test)_g?sk_[0-9A-Za-z]{20,}",
        "docs.tosspayments.com/reference/using-api/api-keys",
    ),
    Format(
        "mollie or lob api key", API_KEY, r"(?:live|test)_[0-9A-Za-z]{28,}",
        "docs.mollie.com/reference/authentication", strict=True,
    ),
    Format(
        "gocardless access token", API_KEY, r"(?:live|sandbox)_[\w-]{36,}",
        "developer.gocardless.com/getting-started/api/making-your-first-request", strict=True, mixed=True,
    ),
    Format(
        "square access token", TOKEN, r"(?:sandbox-)?sq0at[bp]-[\w-]{20,}",
        "developer.squareup.com/docs/build-basics/access-tokens",
    ),
    Format(
        "square application secret", SECRET, r"(?:sandbox-)?sq0cs[bp]-[\w-]{36,}",
        "developer.squareup.com/docs/oauth-api/overview",
    ),
    Format(
        "square or facebook access token", TOKEN, r"EAA[\w-]{50,}",
        "developers.facebook.com/docs/facebook-login/guides/access-tokens", strict=True, mixed=True,
    ),
    Format("square production token", TOKEN, r"EAAA[\w-]{22,}", "developer.squareup.com/docs", strict=True, mixed=True),
    Format(
        "braintree access token", TOKEN, r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9A-Fa-f]{32}",
        "developer.paypal.com/braintree/docs",
    ),
    Format("paypal access token", TOKEN, r"A21AA[\w-]{70,}", "developer.paypal.com/api/rest/authentication"),
    Format(
        "adyen api key", API_KEY,
        r"AQE[a-z][0-9A-Za-z+/]{30,}={0,2}-[0-9A-Za-z+/]{20,}={0,2}-[\w{}^~*+=|%$#@!?&():;./-]{8,}",
        "docs.adyen.com/development-resources/api-credentials",
    ),
    Format(
        "plaid access token", TOKEN,
        rf"(?:access|link|public|processor|user)-(?:sandbox|development|production)-{_UUID}",
        "plaid.com/docs/api/tokens",
    ),
    Format(
        "flutterwave secret key", API_KEY, r"FLWSECK(?:_TEST)?-[0-9A-Za-z]{12,}(?:-X)?",
        "developer.flutterwave.com/docs/authentication",
    ),
    Format(
        "mercado pago access token", TOKEN, r"(?:APP_USR|TEST)-[0-9]{10,}-[0-9]{6}-[0-9A-Fa-f]{32}(?:-[0-9]{4,})?",
        "mercadopago.com/developers/en/docs/credentials",
    ),
    Format(
        "revolut access token", TOKEN, r"oa_(?:prod|sand)_[\w-]{30,}",
        "developer.revolut.com/docs/guides/manage-accounts/get-started",
    ),
    Format(
        "paddle api key", API_KEY, r"pdl_(?:live_|sdbx_)?(?:apikey|ntfset)_[0-9A-Za-z_+/-]{30,}",
        "developer.paddle.com/api-reference/about/authentication",
    ),
    Format(
        "xendit secret key", API_KEY, r"xnd_(?:production|development)_[0-9A-Za-z]{30,}",
        "docs.xendit.co/docs/api-keys",
    ),
    Format("midtrans server key", API_KEY, r"(?:SB-)?Mid-server-[\w-]{16,}", "docs.midtrans.com/docs/midtrans-account"),
    Format("pagar.me key", API_KEY, r"ak_(?:live|test)_[0-9A-Za-z]{20,}", "docs.pagar.me/docs/chaves-de-acesso"),
    Format("asaas api key", API_KEY, r"\$aact_[0-9A-Za-z_:=-]{40,}", "docs.asaas.com/docs/authentication-2"),
    Format(
        "cashfree secret key", API_KEY, r"cfsk_ma_(?:prod|test)_[0-9A-Fa-f]{32}_[0-9A-Fa-f]{8}",
        "cashfree.com/docs/api-reference/authentication",
    ),
    Format(
        "circle api key", API_KEY, r"(?:TEST|LIVE|SAND)_API_KEY:[0-9A-Fa-f]{32}:[0-9A-Fa-f]{32}",
        "developers.circle.com/w3s/keys",
    ),
    Format(
        "ramp token", TOKEN, r"ramp_(?:sec|tok|business_tok|access_tok)_[0-9A-Za-z]{24,}",
        "docs.ramp.com/developer-api/v1/authorization",
    ),
    Format("brex user token", TOKEN, r"bxt_[0-9A-Za-z]{30,}", "developer.brex.com/docs/authentication"),
    Format(
        "polar access token", TOKEN, r"polar_(?:oat|pat|at_[ou]|rt_[ou]|cst|whs|cs|ac)_[0-9A-Za-z]{30,}",
        "docs.polar.sh/integrate/oat",
    ),
    Format("creem api key", API_KEY, r"creem_(?:test_)?[0-9A-Za-z]{16,}", "docs.creem.io/api-reference/introduction"),
    Format(
        "close api key", API_KEY, r"api_[0-9A-Za-z]{20,24}\.[0-9A-Za-z]{20,24}",
        "developer.close.com/topics/authentication",
    ),
    Format(
        "coingecko api key", API_KEY, r"CG-[0-9A-Za-z]{24}", "docs.coingecko.com/reference/authentication", strict=True,
        exact=True, mixed=True,
    ),
    Format(
        "ebay certificate id", SECRET, r"(?:PRD|SBX)-[0-9A-Fa-f]{12}(?:-[0-9A-Fa-f]{4}){4}",
        "developer.ebay.com/api-docs/static/creating-edp-account.html",
    ),
    Format(
        "ebay user token", TOKEN, r"v\^1\.1#i\^1#[0-9A-Za-z#^+/=]{60,}",
        "developer.ebay.com/api-docs/static/oauth-tokens.html",
    ),
    Format(
        "tatum api key", API_KEY, r"t-[0-9A-Fa-f]{24}-[0-9A-Fa-f]{24}", "docs.tatum.io/docs/authentication",
        strict=True,
    ),
)  # fmt: skip
"""Payments and banking."""

COMMERCE = (
    Format("shopify admin token", TOKEN, r"shpat_[0-9A-Fa-f]{32}", _SHOPIFY_DOC),
    Format("shopify custom app token", TOKEN, r"shpca_[0-9A-Fa-f]{32}", _SHOPIFY_DOC),
    Format("shopify private app password", TOKEN, r"shppa_[0-9A-Fa-f]{32}", _SHOPIFY_DOC),
    Format("shopify shared secret", SECRET, r"shpss_[0-9A-Fa-f]{32}", _SHOPIFY_DOC),
    Format("shopify user or refresh token", TOKEN, r"shp(?:ua|rt|tka)_[0-9A-Fa-f]{32}", _SHOPIFY_DOC),
    Format("woocommerce key", API_KEY, r"c[ks]_[0-9A-Fa-f]{40}", "woocommerce.github.io/woocommerce-rest-api-docs"),
    Format(
        "shippo token", TOKEN, r"shippo_(?:live|test)_[0-9A-Fa-f]{36,}",
        "docs.goshippo.com/docs/guides_general/authentication",
    ),
    Format("easypost api key", API_KEY, r"EZ[AT]K[0-9A-Za-z]{40,}", "docs.easypost.com/docs/authentication"),
    Format("duffel token", TOKEN, r"duffel_(?:live|test)_[\w=-]{36,}", "duffel.com/docs/api/overview/making-requests"),
    Format(
        "wix api key", API_KEY, r"IST\.eyJ[\w-]{20,}(?:\.[\w-]+){0,2}",
        "dev.wix.com/docs/rest/account-level/about-account-level-apis",
    ),
    Format(
        "cal.com api key", API_KEY, r"cal_(?:live_|test_)?[0-9A-Fa-f]{28,}",
        "cal.com/docs/api-reference/v2/introduction",
    ),
    Format(
        "ghost admin api key", API_KEY, ":[0-9a-f]{64}", "docs.ghost.org/admin-api", exact=True, head="[0-9a-f]{24}",
        width=24, trigger="[0-9a-f]{8}:[0-9a-f]{20}",
    ),
)  # fmt: skip
"""Shops, shipping and travel."""

PAYMENT_FORMATS = (*STRIPE, *PAYMENTS, *COMMERCE)
