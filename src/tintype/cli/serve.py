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
from tintype.config import Settings
from tintype.server import serve as run_server
from tintype.worker.status import UNCHECKED, EngineStatus

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
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:1, mps ...")] = None,
    memory: Memory = None,
    database: Annotated[str | None, typer.Option(help="sqlite:///PATH or postgresql://...")] = None,
    home: Home = None,
) -> None:
    """Start the server: fal's API on http and https, with a worker and its engine."""
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
    console = Console(highlight=False, soft_wrap=True)
    choice = models.choose(settings.model, settings.home)
    console.print(f"[bold]Tintype[/bold] starting with {choice.folder.name}: {choice.reason}")
    started = time.monotonic()

    def announce(status: EngineStatus) -> None:
        _print_banner(console, settings, status, time.monotonic() - started)

    uvloop.run(run_server(settings, choice.folder, announce))


def given(flags: dict[str, Any]) -> dict[str, Any]:
    """The flags that were set on the command line."""
    return {name: value for name, value in flags.items() if value is not None}


def _print_banner(console: Console, settings: Settings, status: EngineStatus, seconds: float) -> None:
    """Where requests are answered now, and by what."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    console.print(
        f"[bold green]ready[/bold green] in {seconds:.1f} s\n"
        f"  model    {status.model} {status.version}, checksum {status.checksum}, {status.dtype} on {status.device}\n"
        f"  http     http://{host}:{settings.port}/fal-ai/z-image/turbo   (fal's queue: /queue before the path)\n"
        f"  https    https://{host}:{settings.tls_port}/fal-ai/z-image/turbo   (certificates: tintype env)\n"
        f"  data     {settings.home}"
    )
    for text in filter(None, [UNCHECKED[status.safety_checker], *status.not_built.values()]):
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
