"""How the server is, for people (``/healthz``) and for load balancers (``/readyz``)."""

from starlette.responses import JSONResponse, Response

from tintype.api.errors import render
from tintype.api.gateway import OneWorker, Wired
from tintype.core import JSON, Failure


async def healthz(gateway: Wired) -> Response:
    """``GET /healthz``: what runs, on what devices, whether it checks, how much waits. 200 while we can answer."""
    engine = gateway.engine
    counts = await gateway.store.counts()
    return JSONResponse(
        {
            "status": engine.state,
            "phase": engine.phase,
            "model": engine.model,
            "checksum": engine.checksum,
            "device": engine.device,
            "safety_checker": engine.safety_checker,
            "workers": [_worker(worker) for worker in engine.workers],
            "queue": {state.value: count for state, count in counts.items()},
            "acceleration": engine.acceleration,
        }
    )


async def readyz(gateway: Wired) -> Response:
    """``GET /readyz``: 200 once requests are painted at once, else 503 with what each worker is doing."""
    engine = gateway.engine
    if engine.state != "ready":
        return render(Failure(503, engine.phase), status=engine.state)
    return JSONResponse({"status": "ready"})


def _worker(worker: OneWorker) -> JSON:
    return {
        "device": worker.device,
        "model": worker.model,
        "status": worker.state,
        "phase": worker.phase,
        "painting": worker.painting,
        "memory_bytes": worker.memory,
    }
