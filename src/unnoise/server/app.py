"""The routes of the server, and the status of each failure."""

import json
import logging
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline

import unnoise
from unnoise.denoiser import DenoiseOptions
from unnoise.errors import UnnoiseError
from unnoise.server.counts import Counts
from unnoise.server.description import (
    BODY,
    IMAGE,
    PROBLEMS,
    ChannelIndex,
    ChromaStrength,
    DetailShare,
    Display,
    HotPixels,
    ImageIndex,
    Limits,
    ModelFacts,
    ModelName,
    Models,
    Steadiness,
    Strength,
)
from unnoise.server.guard import Next, UnderPath, guard
from unnoise.server.pictures import SUFFIXES, Served, Wish, denoise, examine
from unnoise.server.requests import RefusedError, accepted, receive
from unnoise.server.settings import ServerSettings
from unnoise.server.work_queue import BusyError, WorkQueue

PAGE = Path(__file__).with_name("page")
EXAMPLES = Path(__file__).with_name("examples")
LOG = logging.getLogger("unnoise.server")
Result = TypeVar("Result")


def make_app(models: Sequence[Served], settings: ServerSettings) -> FastAPI:
    """Return the application; the first of the models is the default."""
    app = FastAPIOffline(
        title="unnoise",
        version=unnoise.__version__,
        description="Denoises images. Each is kept no longer than its request takes.",
        redoc_url=None,
    )
    served = {each.name: each for each in models}
    queue = WorkQueue(workers=settings.workers, queue=settings.queue, seconds=settings.seconds)
    counts = Counts()
    _add_middleware(app, settings, counts)
    _add_images(app, served, settings, queue, counts)

    @app.get("/v1/models", responses={401: PROBLEMS[401]})
    async def list_models() -> Models:
        """List the models that are served."""
        found = [_facts(each, default=each is models[0]) for each in models]
        limits = Limits(bytes=settings.max_bytes, pixels=settings.max_pixels)
        return Models(models=found, limits=limits)

    @app.get("/healthz")
    async def health() -> dict[str, str]:
        """Report that the server answers."""
        return {"status": "ok"}

    @app.get("/metrics", responses={401: PROBLEMS[401], 200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Report counters to Prometheus."""
        return Response(counts.text(queue.inside), media_type=counts.kind)

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    if settings.root_path:
        app.add_middleware(UnderPath, root_path=settings.root_path)
    app.mount("/page", StaticFiles(directory=PAGE))
    app.mount("/examples", StaticFiles(directory=EXAMPLES))
    return app


def _add_images(
    app: FastAPI,
    served: Mapping[str, Served],
    settings: ServerSettings,
    queue: WorkQueue,
    counts: Counts,
) -> None:
    async def process(request: Request, work: Callable[[Path], Result]) -> Result:
        """Receive a body into a folder that only this process can open, then work on it."""
        with tempfile.TemporaryDirectory(prefix="unnoise-", ignore_cleanup_errors=True) as folder:
            body = Path(folder) / "body"
            with queue.arriving():
                await receive(request, body, max_bytes=settings.max_bytes, seconds=settings.seconds)
            return await queue.run(partial(work, body))

    @app.post(
        "/v1/denoise",
        dependencies=[Depends(_check_parameters)],
        responses=PROBLEMS | IMAGE,
        response_class=Response,
        openapi_extra={"requestBody": BODY},
    )
    async def denoise_image(
        request: Request,
        model: ModelName = None,
        strength: Strength = 1.0,
        chroma_strength: ChromaStrength = None,
        detail: DetailShare = 0.0,
        hot_pixels: HotPixels = False,
        steady: Steadiness = "auto",
        index: ImageIndex = None,
        channel: ChannelIndex = None,
        display: Display = False,
    ) -> Response:
        """Denoise an image. The result has the format that was sent or that Accept asks for."""
        chosen = _choose(served, model)
        formats = accepted(request.headers.get("accept", ""), SUFFIXES)
        options = DenoiseOptions(
            strength=strength,
            chroma_strength=chroma_strength,
            detail=detail,
            hot_pixels=hot_pixels,
            steady=steady,
        )
        wish = Wish(options, formats, index, channel, display)
        work = partial(denoise, chosen, wish=wish, max_pixels=settings.max_pixels)
        made = await process(request, work)
        counts.pixels(made.pixels)
        headers = {
            "Unnoise-Model": chosen.name,
            "Unnoise-Images": str(made.images),
            "Unnoise-Stack": json.dumps(made.stack),
            "Unnoise-Channels": str(made.channels),
        }
        shown, notes = (made.said, ()) if display else ((), made.said)
        lists = {"Lost": made.lost, "Notes": (*made.notes, *notes), "Shown": shown}
        headers |= {f"Unnoise-{name}": json.dumps(words) for name, words in lists.items() if words}
        if made.judgement is not None:
            headers["Unnoise-Verdict"] = made.judgement.verdict
            headers["Unnoise-Reasons"] = json.dumps(made.judgement.reasons)
        return Response(made.data, media_type=made.kind, headers=headers)

    @app.post(
        "/v1/inspect",
        dependencies=[Depends(_check_parameters)],
        responses=PROBLEMS,
        openapi_extra={"requestBody": BODY},
    )
    async def inspect_image(
        request: Request,
        model: ModelName = None,
        maps: Annotated[bool, Query(description="Whether to send the maps as PNG.")] = False,
        index: ImageIndex = None,
    ) -> dict[str, Any]:
        """Report whether the result of an image can be trusted, and why not."""
        chosen, most = _choose(served, model), settings.max_pixels
        work = partial(examine, chosen, maps=maps, index=index or 0, max_pixels=most)
        return await process(request, work)


def _add_middleware(app: FastAPI, settings: ServerSettings, counts: Counts) -> None:
    """Check who asks, count answers, and turn each failure into its status."""

    @app.middleware("http")  # the innermost: the others always see an answer
    async def admit(request: Request, follow: Next) -> Response:
        try:
            return await follow(request)
        except Exception:
            LOG.exception("a request failed")
            return JSONResponse({"detail": "the server failed: its log has the reason"}, 500)

    app.middleware("http")(guard(settings.token, hosts=settings.hosts))

    @app.middleware("http")
    async def count(request: Request, follow: Next) -> Response:
        begun = time.perf_counter()
        response = await follow(request)
        route = request.scope.get("route")
        name = getattr(route, "path", "other")  # if no route was reached
        counts.request(name, response.status_code, time.perf_counter() - begun)
        return response

    async def explain(_: Request, error: Exception) -> JSONResponse:
        status = error.status if isinstance(error, RefusedError) else 422
        headers = {"Retry-After": str(error.retry_after)} if isinstance(error, BusyError) else None
        return JSONResponse({"detail": _without_folder(str(error))}, status, headers)

    for kind in (RefusedError, UnnoiseError):
        app.add_exception_handler(kind, explain)

    @app.exception_handler(RequestValidationError)
    async def explain_parameters(_: Request, error: RequestValidationError) -> JSONResponse:
        wrong = (f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in error.errors())
        return JSONResponse({"detail": "; ".join(wrong)}, 422)


async def _check_parameters(request: Request) -> None:
    """Refuse a parameter that the route does not know, such as a misspelt one."""
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        names = ", ".join(f"{name[:100]!r}" for name in unknown[:5])
        raise HTTPException(422, f"unknown parameters {names}: the known are {', '.join(known)}")


def _choose(served: Mapping[str, Served], name: str | None) -> Served:
    if name is None:
        return next(iter(served.values()))
    if name not in served:
        names = ", ".join(served)
        raise HTTPException(404, f"no model {name[:100]!r} is served: choose one of {names}")
    return served[name]


def _facts(each: Served, *, default: bool) -> ModelFacts:
    info = each.denoiser.info
    reached = info.trained.get("psnr")
    return ModelFacts(
        name=each.name,
        default=default,
        channels=info.channels,
        noise=info.noise,
        data=info.data,
        summary=f"{'colour' if info.channels == 3 else 'grey'} images, trained on {info.data}"
        + (f"; {reached:.1f} dB on held-out images" if reached is not None else ""),
    )


def _without_folder(text: str) -> str:
    """Remove the folder of the request from a message."""
    return " ".join(Path(word).name if "unnoise-" in word else word for word in text.split(" "))
