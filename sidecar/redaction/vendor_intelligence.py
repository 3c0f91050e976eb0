"""Secrets of providers of language models and of what is built around them."""

from sidecar.redaction.vendor_format import API_KEY, SESSION, TOKEN, Format

_OPENAI_DOC = "platform.openai.com/docs/api-reference/authentication"
_ANTHROPIC_DOC = "docs.anthropic.com/en/api/overview"
_LANGSMITH_DOC = "docs.smith.langchain.com/administration/how_to_guides/organization_management/create_account_api_key"

MODELS = (
    Format("openai project key", API_KEY, r"sk-proj-[\w-]{20,}", _OPENAI_DOC),
    Format("openai service account key", API_KEY, r"sk-svcacct-[\w-]{20,}", _OPENAI_DOC),
    Format("openai admin key", API_KEY, r"sk-admin-[\w-]{20,}", _OPENAI_DOC),
    Format("openai key without a project", API_KEY, r"sk-None-[\w-]{20,}", _OPENAI_DOC),
    Format("openai key, by its mark", API_KEY, r"T3BlbkFJ[\w-]{16,}", _OPENAI_DOC, head=r"[\w-]{20}", width=20),
    Format("openai session", SESSION, r"sess-[0-9A-Za-z]{36,}", _OPENAI_DOC, strict=True),
    Format("anthropic api key", API_KEY, r"sk-ant-(?:api|admin|usr)[0-9]{2}-[\w-]{20,}", _ANTHROPIC_DOC),
    Format("anthropic oauth token", TOKEN, r"sk-ant-(?:oat|ort)[0-9]{2}-[\w-]{20,}", _ANTHROPIC_DOC),
    Format("anthropic session", SESSION, r"sk-ant-sid[0-9]{2}-[\w-]{20,}", _ANTHROPIC_DOC),
    Format("anthropic key of another sort", API_KEY, r"sk-ant-[\w-]{30,}", _ANTHROPIC_DOC),
    Format(
        "openrouter api key", API_KEY, r"sk-or-(?:v[0-9]-)?[0-9A-Fa-f]{40,}",
        "openrouter.ai/docs/api-reference/authentication",
    ),
    Format("langfuse secret key", API_KEY, r"sk-lf-[0-9a-f-]{32,}", "langfuse.com/docs/api"),
    Format(
        "helicone api key", API_KEY, r"sk-helicone-[0-9a-z-]{20,}", "docs.helicone.ai/helicone-headers/helicone-auth",
    ),
    Format("openai, deepseek or moonshot key", API_KEY, r"sk-[0-9A-Za-z]{20,}", "api-docs.deepseek.com", strict=True),
    Format("hugging face token", TOKEN, r"hf_[0-9A-Za-z]{30,}", "huggingface.co/docs/hub/security-tokens"),
    Format(
        "hugging face organisation token", TOKEN, r"api_org_[0-9A-Za-z]{30,}",
        "huggingface.co/docs/hub/security-tokens",
    ),
    Format("replicate token", TOKEN, r"r8_[0-9A-Za-z]{32,}", "replicate.com/docs/reference/http"),
    Format("groq api key", API_KEY, r"gsk_[0-9A-Za-z]{40,}", "console.groq.com/docs/quickstart"),
    Format("xai api key", API_KEY, r"xai-[0-9A-Za-z]{60,}", "docs.x.ai/docs/overview"),
    Format("perplexity api key", API_KEY, r"pplx-[0-9A-Za-z]{40,}", "docs.perplexity.ai/guides/getting-started"),
    Format(
        "nvidia api key", API_KEY, r"nvapi-[\w-]{56,}",
        "docs.nvidia.com/nim/large-language-models/latest/getting-started.html",
    ),
    Format("cerebras api key", API_KEY, r"csk-[0-9a-z]{40,}", "inference-docs.cerebras.ai/quickstart"),
    Format(
        "fireworks api key", API_KEY, r"fw_[0-9A-Za-z]{22,}", "docs.fireworks.ai/api-reference/introduction",
        strict=True,
    ),
    Format("together api key", API_KEY, r"tgp_v1_[\w-]{36,}", "docs.together.ai/docs/quickstart"),
    Format(
        "voyage api key", API_KEY, r"pa-[\w-]{43}", "docs.voyageai.com/docs/api-key-and-installation", strict=True,
        exact=True, mixed=True,
    ),
    Format("jina api key", API_KEY, r"jina_[0-9A-Fa-f]{32}[\w-]{20,}", "jina.ai/api-dashboard"),
    Format(
        "elevenlabs or revenuecat key", API_KEY, r"sk_[0-9A-Za-z]{24,}",
        "elevenlabs.io/docs/api-reference/authentication", strict=True,
    ),
    Format("anyscale key", API_KEY, r"esecret_[0-9a-z]{24,}", "docs.anyscale.com"),
    Format("friendli token", TOKEN, r"flp_[0-9A-Za-z]{40,}", "friendli.ai/docs/guides/personal_access_tokens"),
    Format("runpod api key", API_KEY, r"rpa_[0-9A-Z]{36,}[0-9a-z]{0,8}", "docs.runpod.io/get-started/api-keys"),
    Format(
        "luma api key", API_KEY, r"luma-[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}-[0-9a-f-]{20,}",
        "docs.lumalabs.ai/docs/api",
    ),
)  # fmt: skip
"""Models."""

AROUND_MODELS = (
    Format("langsmith api key", API_KEY, r"lsv2_(?:pt|sk)_[0-9A-Fa-f]{32}(?:_[0-9A-Fa-f]{10})?", _LANGSMITH_DOC),
    Format("langsmith legacy key", API_KEY, r"ls__[0-9A-Fa-f]{32}", _LANGSMITH_DOC),
    Format("llamacloud api key", API_KEY, r"llx-[0-9A-Za-z]{40,}", "docs.cloud.llamaindex.ai/api_key"),
    Format(
        "tavily api key", API_KEY, r"tvly-(?:dev-|prod-)?[0-9A-Za-z]{28,}", "docs.tavily.com/documentation/quickstart",
    ),
    Format(
        "firecrawl api key", API_KEY, r"fc-[0-9A-Fa-f]{32}", "docs.firecrawl.dev/api-reference/introduction",
        strict=True,
    ),
    Format("apify token", TOKEN, r"apify_(?:api|proxy)_[0-9A-Za-z]{30,}", "docs.apify.com/platform/integrations/api"),
    Format(
        "browserbase api key", API_KEY, r"bb_(?:live|test)_[\w-]{24,}",
        "docs.browserbase.com/introduction/getting-started",
    ),
    Format("e2b api key", API_KEY, r"e2b_[0-9A-Fa-f]{36,}", "e2b.dev/docs/api-key"),
    Format(
        "modal token secret", TOKEN, r"as-[0-9A-Za-z]{22}", "modal.com/docs/reference/modal.config", strict=True,
        exact=True, mixed=True,
    ),
    Format("kaggle token", TOKEN, r"KGAT_[0-9A-Fa-f]{32,}", "kaggle.com/docs/api"),
    Format(
        "weights and biases key", API_KEY, r"wandb_v[0-9]_[\w-]{36,}", "docs.wandb.ai/platform/hosting/iam/api-keys",
    ),
    Format("braintrust api key", API_KEY, r"bt-st-[0-9A-Za-z]{36,}", "braintrust.dev/docs/reference/api/AuthToken"),
    Format("promptlayer api key", API_KEY, r"pl_[0-9A-Fa-f]{32}", "docs.promptlayer.com", strict=True),
    Format("comet or opik key", API_KEY, r"opik_[0-9A-Za-z]{30,}", "comet.com/docs/opik"),
)  # fmt: skip
"""What traces, feeds and hosts them."""

INTELLIGENCE_FORMATS = (*MODELS, *AROUND_MODELS)
