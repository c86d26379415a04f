"""The whole HTTP API on one screen."""

import functools

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tintype.api import errors, health, media, multipart, openai, pages, queue, reference, uploads, webhooks
from tintype.api.envelope import Envelope
from tintype.api.gateway import USUAL, Account, EngineState, Gateway, Pace, Wired
from tintype.api.llms import llms
from tintype.api.openapi import queue_openapi
from tintype.api.platform import errors as platform_errors
from tintype.api.platform.routes import REFUSED
from tintype.api.platform.routes import router as platform
from tintype.api.playground import playground
from tintype.api.realtime import realtime
from tintype.api.run import run
from tintype.api.seats import Seats
from tintype.api.shortcut import StatusShortcut
from tintype.api.status import status
from tintype.api.status_stream import status_stream
from tintype.api.stream import stream
from tintype.api.surface import Seen, SurfaceMiddleware
from tintype.api.tokens import make_token
from tintype.api.watch import Watch
from tintype.api.ws import frames
from tintype.config import Settings
from tintype.core import APPLICATION, ENDPOINT
from tintype.errors import Refusal
from tintype.files import FileStore
from tintype.keys import Keys
from tintype.signatures import Signer
from tintype.store import Bus, Store


def create_app(
    settings: Settings,
    store: Store,
    bus: Bus,
    files: FileStore,
    keys: Keys,
    engine_status: EngineState,
    pace: Pace = USUAL,
) -> FastAPI:
    """The ASGI application. It closes nothing: its parts are the caller's."""
    app = FastAPI(redirect_slashes=False, openapi_url=None, docs_url=None, redoc_url=None, responses=reference.REFUSED)
    # For so long a status is good unless something is heard: other servers on a PostgreSQL are not.
    watch = Watch(store, bus, max_age=5.0 if settings.owns_database else 0.5)
    seats, signer = Seats(settings.run_limit), Signer(settings.home)
    app.state.gateway = Gateway(settings, store, bus, files, keys, engine_status, seats, watch, signer, pace)

    app.add_api_route(f"/{ENDPOINT}", generate, methods=["POST"], **reference.GENERATE)
    app.add_api_route(f"/{ENDPOINT}/stream", stream, methods=["POST"], **reference.STREAM)
    app.add_api_websocket_route(f"/{ENDPOINT}", frames)
    app.add_api_websocket_route(f"/{ENDPOINT}/realtime", realtime)
    for tokens in ("/tokens", "/tokens/realtime"):
        app.add_api_route(tokens, make_token, methods=["POST"], **reference.REALTIME_TOKEN)
    _add_queue(app)
    app.router.add_api_route(
        "/v1/images/generations", openai.images, methods=["POST"], route_class_override=openai.Route, **reference.IMAGES
    )
    app.include_router(platform())
    app.add_api_route("/files/{key:path}", media.media, methods=["GET"], **reference.MEDIA)
    app.add_api_route("/files/{key:path}", media.media, methods=["HEAD"], include_in_schema=False)
    app.add_api_route("/.well-known/jwks.json", webhooks.jwks, methods=["GET"], **reference.KEY_SET)
    deliveries = "/v1/webhooks/deliveries"
    add = functools.partial(app.router.add_api_route, route_class_override=platform_errors.Route, responses=REFUSED)
    add(deliveries, webhooks.deliveries, methods=["GET"], **reference.DELIVERIES)
    add(f"{deliveries}/{{job_id}}/retry", webhooks.retry, methods=["POST"], **reference.RETRY)
    _add_uploads(app)
    app.add_api_route("/healthz", health.healthz, methods=["GET"], **reference.HEALTH)
    app.add_api_route("/readyz", health.readyz, methods=["GET"], **reference.READY)
    app.add_api_route("/api/openapi/queue/openapi.json", queue_openapi, methods=["GET"], **reference.DOCUMENT)
    app.add_api_route("/openapi.json", reference.our_openapi, methods=["GET"], **reference.DOCUMENT)
    _add_pages(app)

    app.add_exception_handler(Refusal, errors.on_refusal)
    app.add_exception_handler(HTTPException, _on_no_route)
    # The last one added is the outermost.
    app.add_middleware(StatusShortcut, gateway=app.state.gateway)
    app.add_middleware(
        SurfaceMiddleware,
        trusted_proxies=settings.trusted_proxies,
        queue_ports=(settings.queue_port, settings.tls_queue_port),
    )
    app.add_middleware(Envelope)
    return app


def _add_queue(app: FastAPI) -> None:
    """What becomes of a request that the queue took in."""
    # Clients ask without the model's sub-path; fal's OpenAPI has it.
    for model in (f"/{APPLICATION}", f"/{ENDPOINT}"):
        job = model + "/requests/{job_id}"
        app.add_api_route(job, queue.result, methods=["GET"], **reference.RESULT)
        app.add_api_route(f"{job}/response", queue.result, methods=["GET"], **reference.RESULT)
        app.add_api_route(f"{job}/status", status, methods=["GET"], **reference.STATUS)
        app.add_api_route(f"{job}/status/stream", status_stream, methods=["GET"], **reference.STATUS_STREAM)
        app.add_api_route(f"{job}/cancel", queue.cancel, methods=["PUT"], **reference.CANCEL)


def _add_uploads(app: FastAPI) -> None:
    """fal's clients send files in three ways; which one depends on the client, its age and the file's size."""
    app.add_api_route("/storage/auth/token", uploads.token, methods=["POST"], **reference.TOKEN)
    app.add_api_route("/files/upload", uploads.upload, methods=["POST"], **reference.UPLOAD)
    for initiate in ("initiate", "initiate-multipart"):
        app.add_api_route(f"/storage/upload/{initiate}", uploads.initiate, methods=["POST"], **reference.INITIATE)
    app.add_api_route("/files/upload/multipart", multipart.begin, methods=["POST"], **reference.MULTIPART)
    for parts in ("/files/{key:path}/multipart/{upload_id}", "/files/{key:path}"):
        app.add_api_route(parts + "/{n:part}", multipart.put_part, methods=["PUT"], **reference.part(parts))
        app.add_api_route(parts + "/complete", multipart.complete, methods=["POST"], **reference.complete(parts))
    app.add_api_route("/files/{key:path}", uploads.put, methods=["PUT"], **reference.PUT)


def _add_pages(app: FastAPI) -> None:
    """What people look at, and what the pages ask for."""
    app.add_api_route(f"/models/{ENDPOINT}/llms.txt", llms, methods=["GET"], **reference.TEXT)
    app.add_api_route(f"/models/{ENDPOINT}/playground", playground, methods=["GET"], **reference.PLAYGROUND)
    for address in ("", "/api"):
        app.add_api_route(f"/models/{ENDPOINT}{address}", pages.model_page, methods=["GET"], **reference.MODEL_PAGE)
    for address in pages.ADDRESSES:
        app.add_api_route(address, pages.page, methods=["GET"], **reference.PAGE)
    app.add_api_route("/requests/{job_id}", pages.request_page, methods=["GET"], **reference.PAGE)
    app.add_api_route("/pages/{name}", pages.file, methods=["GET"], **reference.PAGE_FILE)


async def generate(request: Request, gateway: Wired, account: Account, surface: Seen) -> Response:
    """The same path on fal's two hosts: the queue takes the request in, the other one waits for the pictures."""
    answer_with = queue.submit if surface.is_queue else run
    return await answer_with(request, gateway, account, surface)


async def _on_no_route(request: Request, error: Exception) -> Response:
    """People see a page; the Platform API has its own words, and below it OpenAI's endpoint has not."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and pages.is_for_browsers(request):
        return pages.no_such_page(request)
    path = request.scope["path"]
    if path.startswith("/v1/") and not path.startswith("/v1/images"):
        return await platform_errors.on_no_route(request, error)
    return await errors.on_no_route(request, error)
