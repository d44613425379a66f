"""Finds the app that a command was pointed at: `app.py`, `app.py:attribute`, `module` or `module:attribute`.

Whatever goes wrong while the team's code is imported comes out as one line that names the file and the line in it.
"""

import asyncio
import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import msgspec

from mainstay.cli.failure import Failure
from mainstay.core.problem import DeclarationError
from mainstay.serve.load import explain

if TYPE_CHECKING:
    from mainstay.app import Mainstay


class Target(msgspec.Struct, frozen=True):
    """Where an app is. `directory` goes first on the module path; `attribute` None: the only app in the module."""

    module: str
    directory: Path
    attribute: str | None = None

    def __str__(self) -> str:
        return f"{self.module}:{self.attribute}" if self.attribute else self.module


def find_target(text: str) -> Target:
    """What `text` points at. Raises `Failure` where it is a path without a file; a module is looked up when loaded."""
    place, _, attribute = text.partition(":")
    if not (place.endswith(".py") or os.sep in place):
        return Target(place, Path.cwd(), attribute or None)
    path = Path(place)
    if not path.is_file():
        raise Failure(f"there is no file {place}")
    return Target(*_module_of(path.resolve()), attribute or None)


def load_app(target: Target) -> "Mainstay":
    """Import the module and take the app from it.

    Raises `DeclarationError` as the app does, and `Failure` for everything else that can go wrong.
    """
    for directory in (Path.cwd(), target.directory):
        if str(directory) not in sys.path:
            sys.path.insert(0, str(directory))
    module = _import(target.module)
    return _from_module(module, target) if target.attribute is None else _attribute(module, target)


def load_catalog(app: "Mainstay") -> None:
    """Have the app read its database, where it reflects one. Raises as `Mainstay.load`."""
    if app.reflects:
        asyncio.run(app.load())


def _module_of(path: Path) -> tuple[str, Path]:
    """A file's module name and the directory to import it from.

    A file of a package under the working directory is imported from there, so that it can import its neighbours.
    """
    cwd = Path.cwd().resolve()
    if (path.parent / "__init__.py").exists() and path.is_relative_to(cwd):
        parts = path.relative_to(cwd).with_suffix("").parts
        if all(part.isidentifier() for part in parts):
            return ".".join(parts), cwd
    if not path.stem.isidentifier():
        raise Failure(f"{path.name} can't be imported: {path.stem!r} is no name for a module")
    return path.stem, path.parent


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (DeclarationError, Failure):
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise Failure(f"there is no module {name!r} in {Path.cwd()}") from None
        raise Failure(explain(error)) from None
    except (Exception, SystemExit) as error:
        raise Failure(explain(error)) from None


def _attribute(module: ModuleType, target: Target) -> "Mainstay":
    from mainstay.app import Mainstay

    name = target.attribute or ""
    found = getattr(module, name, None)
    if isinstance(found, Mainstay):
        return found
    if found is None:
        others = _names_of_apps(module)
        hint = f"; did you mean {target.module}:{others[0]}?" if others else ""
        raise Failure(f"module {target.module!r} has no {name!r}{hint}")
    raise Failure(f"{target} is a {type(found).__name__}, not a Mainstay app")


def _from_module(module: ModuleType, target: Target) -> "Mainstay":
    names = _names_of_apps(module)
    if not names:
        raise Failure(f"there is no Mainstay app in {target.module!r}; it takes a line such as: app = Mainstay(Base)")
    if len(names) > 1:
        choices = ", ".join(f"{target.module}:{name}" for name in names)
        raise Failure(f"there are several apps in {target.module!r}; say which: {choices}")
    app: Mainstay = getattr(module, names[0])
    return app


def _names_of_apps(module: ModuleType) -> list[str]:
    """The names of the module's apps, each app once."""
    from mainstay.app import Mainstay

    names = {id(value): name for name, value in reversed(vars(module).items()) if isinstance(value, Mainstay)}
    return sorted(names.values())
