import httpx
import openai
import pytest

from deployment import ANSWER_TIMEOUT, Deployment


@pytest.fixture(scope="session")
def deployment() -> Deployment:
    return Deployment.from_environment()


@pytest.fixture(scope="session")
def model(deployment: Deployment) -> str:
    return deployment.chat_model


@pytest.fixture(scope="session")
def http(deployment: Deployment):
    """A plain HTTP/1.1 client of the loopback listener."""
    headers = {"Authorization": "Bearer test"}
    with httpx.Client(base_url=deployment.plain, timeout=ANSWER_TIMEOUT, headers=headers) as client:
        yield client


@pytest.fixture(scope="session")
def client(deployment: Deployment):
    """The stock client as anyone writes it, without retries so that every failure shows."""
    with openai.OpenAI(
        base_url=f"{deployment.plain}/v1", api_key="test", max_retries=0, timeout=ANSWER_TIMEOUT
    ) as stock:
        yield stock
