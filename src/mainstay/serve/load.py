"""Finds the application that a target `module:attribute` names, and says in one line why it can't be served."""

import importlib
import os
import traceback
from pathlib import Path

from mainstay.core.problem import DeclarationError, Problem
from mainstay.serve.application import Application


class LoadError(Exception):
    """The target names no application; its text says why."""


def load(target: str) -> Application:
    """Import the module and take the attribute (`app` where none is named).

    Raises `LoadError`, and whatever the module raises.
    """
    module_name, _, attribute = target.partition(":")
    try:
        found = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise LoadError(f"there is no module {module_name!r} in {Path.cwd()}") from None
        raise
    for name in (attribute or "app").split("."):
        if not hasattr(found, name):
            raise LoadError(f"module {module_name!r} has no {attribute or 'app'!r}")
        found = getattr(found, name)
    if not callable(getattr(found, "handle", None)):
        raise LoadError(f"{target} is a {type(found).__name__}, which can't be served")
    application: Application = found  # as far as can be told without calling it
    return application


def explain(error: BaseException) -> str:
    """Why an application can't be served, as one line; with the place in the team's code where there is one."""
    match error:
        case DeclarationError():
            return _one_line(f"{error.where}: {error.what} (hint: {error.hint})")
        case Problem():
            hint = f" (hint: {error.hint})" if error.hint else ""
            return _one_line(f"{error.message}{hint}")
        case SyntaxError() if error.filename:
            return _one_line(f"{_relative(error.filename)}:{error.lineno}: SyntaxError: {error.msg}")
    if type(error).__module__.startswith("mainstay."):  # written for people already
        return _one_line(str(error))
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    frames = traceback.extract_tb(error.__traceback__)
    places = [frame for frame in frames if not _is_installed(frame.filename)]
    return _one_line(f"{_relative(places[-1].filename)}:{places[-1].lineno}: {what}" if places else what)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _is_installed(filename: str) -> bool:
    """Whether the file is the interpreter's, a library's or Mainstay's own."""
    if filename.startswith("<"):
        return True
    path = Path(filename)
    homes = (Path(__file__).parents[1], Path(os.__file__).parent)
    return "site-packages" in path.parts or any(path.is_relative_to(home) for home in homes)


def _relative(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else filename
