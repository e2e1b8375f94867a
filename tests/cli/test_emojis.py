"""`fedimmp emoji` as administrators use it."""

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import CommandLine


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    out = io.BytesIO()
    Image.new("RGB", (600, 300), "green").save(out, "PNG")
    file = tmp_path / "tea.png"
    file.write_bytes(out.getvalue())
    return file


async def test_emoji_are_added_listed_and_removed(fedimmp: CommandLine, drawing: Path) -> None:
    added = await fedimmp("emoji", "add", "tea_cup", str(drawing), "--category", "Kitchen")
    assert (added.code, added.out) == (0, "Everybody here may write :tea_cup: now.\n")

    listed = (await fedimmp("emoji", "list", "--json")).json
    assert listed == [{"name": "tea_cup", "category": "Kitchen", "type": "image/png"}]
    assert "tea_cup" in (await fedimmp("emoji", "list")).out
    again = await fedimmp.fails("emoji", "add", "tea_cup", str(drawing), code=1)
    assert again == "There is an emoji tea_cup already; remove it first."

    removed = await fedimmp("emoji", "remove", "tea_cup")
    assert (removed.code, removed.out) == (0, ":tea_cup: is removed.\n")
    assert (await fedimmp("emoji", "list", "--json")).json == []


async def test_mistakes_are_told(fedimmp: CommandLine, drawing: Path, tmp_path: Path) -> None:
    text = tmp_path / "tea.svg"
    text.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", "utf-8")

    name = await fedimmp.fails("emoji", "add", "tea cup", str(drawing), code=2)
    assert name == "The name of an emoji has 2 to 50 letters, digits and underscores."
    await fedimmp.fails("emoji", "add", "tea", str(text), code=2)
    missing = await fedimmp.fails("emoji", "remove", "tea", code=2)
    assert missing == "There is no emoji tea; `fedimmp emoji list` shows all."
