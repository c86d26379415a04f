"""``tintype serve``: everything, in one command."""

import logging
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
import uvloop
from rich.console import Console

from tintype import models
from tintype.config import Settings, keep_compiled
from tintype.server import serve as run_server
from tintype.worker.status import UNCHECKED, Engines

Model = Annotated[str | None, typer.Option(help="postcard, z-image-turbo, or a checkpoint's folder.")]
Memory = Annotated[str | None, typer.Option(help="GB to take on the device; auto: what is free.")]
Home = Annotated[Path | None, typer.Option(help="Where Tintype keeps its database, pictures, keys and models.")]


def serve(
    model: Model = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port for plain HTTP.")] = None,
    queue_port: Annotated[int | None, typer.Option(help="Its twin, for fal's queue; 0: none.")] = None,
    tls_port: Annotated[int | None, typer.Option(help="The port for https.")] = None,
    tls_queue_port: Annotated[int | None, typer.Option(help="Its twin, for fal's queue; 0: none.")] = None,
    proxy_port: Annotated[int | None, typer.Option(help="The port of the proxy to fal's host names; 0: none.")] = None,
    device: Annotated[
        str | None, typer.Option(help="auto: every GPU; cpu, cuda:1, mps; several: cuda:0,cuda:1.")
    ] = None,
    memory: Memory = None,
    database: Annotated[str | None, typer.Option(help="sqlite:///PATH or postgresql://...")] = None,
    home: Home = None,
) -> None:
    """Start the server: fal's API on http and https, with a worker and its engine on every GPU."""
    flags = {
        "model": model,
        "host": host,
        "port": port,
        "queue_port": queue_port,
        "tls_port": tls_port,
        "tls_queue_port": tls_queue_port,
        "proxy_port": proxy_port,
        "device": device,
        "memory": memory,
        "database": database,
        "home": home,
    }
    settings = Settings.load(**given(flags))
    _set_up_logs(settings.log_level)
    keep_compiled(settings.home)
    console = Console(highlight=False, soft_wrap=True)
    choice = models.choose(settings.model, settings.home)
    console.print(f"[bold]Tintype[/bold] starting with {choice.folder.name}: {choice.reason}")
    started = time.monotonic()

    def announce(engines: Engines) -> None:
        _print_banner(console, settings, engines, time.monotonic() - started)

    uvloop.run(run_server(settings, choice.folder, announce))


def given(flags: dict[str, Any]) -> dict[str, Any]:
    """The flags that were set on the command line."""
    return {name: value for name, value in flags.items() if value is not None}


def _print_banner(console: Console, settings: Settings, engines: Engines, seconds: float) -> None:
    """Where requests are answered now, and by what."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    model = f"{engines.model} {engines.version}, checksum {engines.checksum}"
    console.print(
        f"[bold green]ready[/bold green] in {seconds:.1f} s\n"
        f"  model    {model}, {engines.dtype} on {engines.device}\n"
        f"  http     http://{host}:{settings.port}/fal-ai/z-image/turbo   (fal's queue: /queue before the path)\n"
        f"  https    https://{host}:{settings.tls_port}/fal-ai/z-image/turbo   (certificates: tintype env)\n"
        f"  data     {settings.home}"
    )
    others = [f"{worker.device}: {worker.phase}" for worker in engines.workers if worker.state != "ready"]
    for text in filter(None, [*others, UNCHECKED[engines.safety_checker]]):
        console.print(f"  note     {text}", style="dim")


def _set_up_logs(level: str) -> None:
    """structlog to stderr; the libraries' own logs only when something is wrong."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            # plain: rich tracebacks show local variables, and with them prompts and keys
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
