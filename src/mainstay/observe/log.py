"""Observations as log lines on stderr: JSON, one object a line, or coloured text for people.

Everything that is logged by a library (asyncio, the team's own code) leaves through the same door in the same
form. Nothing that looks like a token or a password in a URL gets out, wherever it came from.
"""

import logging
import logging.config
import re
import sys
from collections.abc import Mapping, MutableMapping
from enum import Enum
from typing import Any, TextIO

import msgspec
import structlog
from structlog.typing import Processor

from mainstay.core.observation import (
    ClientLeft,
    Draining,
    Observation,
    Observer,
    Reloaded,
    Reloading,
    RequestCut,
    RequestFailed,
    RequestHandled,
    Started,
    Stopped,
    WorkerError,
    WorkerExited,
    WorkerStarted,
)


class LogFormat(Enum):
    """`AUTO` is text on a terminal and JSON anywhere else."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


SECRETS = re.compile(
    r"(?P<token>\beyJ[\w-]+\.[\w-]+\.[\w-]*)"  # a JWT: base64url of '{"'
    r"|(?P<scheme>\bbearer\s+)[^\s\"',]+"
    r"|(?P<user>://[^\s/:@]+:)[^\s/@]+(?=@)",  # user:password@ in a URL
    re.IGNORECASE,
)

EVENTS: Mapping[type[Any], tuple[int, str]] = {
    RequestHandled: (logging.INFO, "request"),
    RequestFailed: (logging.ERROR, "request failed"),
    ClientLeft: (logging.DEBUG, "client left"),
    RequestCut: (logging.WARNING, "request cut off by the drain time"),
    Started: (logging.INFO, "started"),
    WorkerStarted: (logging.DEBUG, "worker started"),
    WorkerExited: (logging.ERROR, "worker exited"),
    WorkerError: (logging.ERROR, "worker could not start"),
    Reloading: (logging.INFO, "reloading"),
    Reloaded: (logging.INFO, "reloaded"),
    Draining: (logging.INFO, "draining"),
    Stopped: (logging.INFO, "stopped"),
}


def redact(text: str) -> str:
    """`text` without what looks like a token or a password in a URL."""
    return SECRETS.sub(_replacement, text)


def _replacement(match: re.Match[str]) -> str:
    return f"{match['scheme'] or match['user'] or ''}[redacted]"


def configure(log_format: LogFormat = LogFormat.AUTO, *, level: str = "info", stream: TextIO | None = None) -> None:
    """Send everything that is logged in this process to `stream` (stderr), in one form.

    `level` is a name of `logging`, in any case. Safe to call again.
    """
    stream = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(), *_shared()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(log_format, stream)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    structlog.configure(
        processors=[*_shared(), *_rendering(log_format, stream)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )


def listener(*, requests: bool = False) -> Observer:
    """An observer that logs. Answered requests are logged only with `requests`."""
    logger = structlog.get_logger()

    def log(observation: Observation, /) -> None:
        if isinstance(observation, RequestHandled):
            if requests:
                logger.info("request", **_request_fields(observation))
            return
        level, name = EVENTS[type(observation)]
        fields = msgspec.structs.asdict(observation)
        error = fields.pop("error", None)
        logger.log(level, name, **fields, **({"exc_info": error} if error else {}))

    return log


def tell_logging(observation: Observation, /) -> None:
    """The observer for where logging is someone else's to set up: failures alone, to the logger `mainstay`."""
    if isinstance(observation, RequestFailed):
        logging.getLogger("mainstay").error("request %s failed", observation.request_id, exc_info=observation.error)


def _request_fields(handled: RequestHandled) -> dict[str, Any]:
    return {
        "method": handled.method,
        "path": handled.path,
        "parameters": handled.parameters,
        "status": handled.status,
        "ms": handled.elapsed_us / 1000,
        "role": handled.role,
    }


def _shared() -> list[Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _rendering(log_format: LogFormat, stream: TextIO) -> list[Processor]:
    if log_format is LogFormat.AUTO:
        log_format = LogFormat.CONSOLE if stream.isatty() else LogFormat.JSON
    last: Processor
    match log_format:
        case LogFormat.CONSOLE:
            last = structlog.dev.ConsoleRenderer(
                colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        case _:
            last = structlog.processors.JSONRenderer(serializer=_to_json)
    return [structlog.processors.format_exc_info, _redact_fields, last]


def _redact_fields(logger: Any, name: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in fields.items():
        if isinstance(value, str):
            fields[key] = redact(value)
    return fields


def _to_json(fields: Any, **_: Any) -> str:
    return msgspec.json.encode(fields, enc_hook=repr).decode()
