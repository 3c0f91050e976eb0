"""OpenAI: llmock."""

from llmock.testing import LLMockServer

from tests.sdk.emulators.launch import serve_until_told

if __name__ == "__main__":
    with LLMockServer() as server:
        serve_until_told(server.url)
