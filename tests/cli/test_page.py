"""The reference page has every command and every option, and its examples are the help's."""

from pathlib import Path

import pytest

from mainstay.cli import COMMANDS, make_app, name_of

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text()
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}


def test_the_page_has_every_command_and_no_other() -> None:
    assert set(SECTIONS) == {f"mainstay {name_of(command)}" for command in COMMANDS}


@pytest.mark.parametrize(("name", "example"), [(name_of(command), text) for command, text in COMMANDS.items()])
def test_a_section_has_the_example_and_every_argument_with_its_default(name: str, example: str) -> None:
    section = SECTIONS[f"mainstay {name}"]
    assert f"```sh\n{example}\n```" in section
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    arguments = make_app()[name].assemble_argument_collection()
    assert len(rows) == len(arguments)
    for argument in arguments:
        names = ", ".join(f"`{each}`" for each in argument.names)
        [row] = [line for line in rows if line.startswith(f"| {names} |")]
        default = argument.field_info.default
        if isinstance(default, str | int | Path) and not isinstance(default, bool):
            assert row.startswith(f"| {names} | `{default}` |")
