"""Which source answers a model's name: the simulator, or llama.cpp.

The real model's names and `nanochat` are real; every other name is simulated, under the name that was asked for.
"""

from collections.abc import Callable

from proxy.errors import ApiError, UnavailableError, no_such_model
from proxy.real_model import RealModel, State, retry_after
from proxy.upstream import Upstream

SIMULATED = "gpt-sim-1"
CONTEXT = 128_000  # tokens that its messages may have
NANOCHAT = "nanochat"


def is_real(name: str, model: RealModel) -> bool:
    """Whether a name means the real model, whatever its state. Raises ApiError for a nanochat that is not here."""
    if name in model.names:
        return True
    if name != NANOCHAT:
        return False
    if model.names:
        served = ", ".join(model.names)
        raise no_such_model(name, f"This server's real model is {served}; `make run-nanochat` starts nanochat.")
    if model.awaited:
        return True
    raise UnavailableError(
        "No real model is set up here. Start one with `make run-nanochat`, or point LLAMA_URL at a llama-server; "
        f"{SIMULATED} answers without one.",
        param="model",
        code="model_unavailable",
        headers={"x-should-retry": "false"},
    )


def check_listed(name: str) -> None:
    """Refuse a simulated name that /v1/models does not list, for --strict-models."""
    if name != SIMULATED:
        raise no_such_model(name)


async def reach(name: str, model: RealModel, now: Callable[[], float]) -> Upstream:
    """The llama-server, if it is worth asking. Raises UnavailableError while the model is on its way or has failed."""
    if model.state(name).state != "ready":
        await model.refresh()  # it may have become ready since the last look
    if error := not_now(model.state(name), now()):
        raise error
    assert model.upstream is not None, "without an upstream no name is real"
    return model.upstream


def not_now(state: State, now: float) -> ApiError | None:
    """The 503 for a model that is loading or has failed; None where llama-server should be asked."""
    if state.state not in ("loading", "failed"):
        return None
    wait = retry_after(state, now)
    message = state.message
    if state.state == "failed" and state.retry_at is not None:
        message = f"{message} It is tried again in {wait:.0f} s."
    return UnavailableError(
        message,
        param="model",
        code=f"model_{state.state}",
        headers={"Retry-After": f"{wait:.0f}", "retry-after-ms": f"{wait * 1000:.0f}"},
    )
