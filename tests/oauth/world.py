"""A small world to look at: four people, what they post, and a picture."""

import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw

from fedimmp.app import App
from fedimmp.services import following, interacting, media, posting, profiles, voting
from fedimmp.services.drafts import Draft, PollDraft
from fedimmp.services.profiles import ProfileChanges, ProfileField


@dataclass(frozen=True, slots=True)
class World:
    """The ids of people and of the posts that tests look for."""

    ana: int
    bo: int
    greeting: int
    reply: int
    secret: int
    longest: int


async def furnish(app: App, member: Callable[..., Awaitable[int]]) -> World:
    """Let four people write something of every kind; `member` makes somebody by user name."""
    ana = await member("ana", display_name="Ana Sousa")
    bo = await member("bo", display_name="Bo Lindqvist", role="admin")
    chie = await member("chie", display_name="中村 千恵")
    long_name = "a_name_as_long_as_a_name_may_b"
    dara = await member(long_name, display_name="D" * 60)
    for other in (bo, chie, dara):
        await following.follow(app, ana, other)
    await _introduce(app, ana)

    async def say(author: int, draft: Draft) -> int:
        return await posting.publish(app, author, draft, application_id=None)

    greeting = await say(bo, Draft("Good morning, Porto! The new canteen opens at 12 #lunch"))
    reply = await say(
        ana, Draft("@bo I will be there <b>at noon</b>\n\nWho else?", in_reply_to_id=greeting)
    )
    await _decorate(app, say, bo, chie)
    secret = await say(bo, Draft("Only for those who follow me", visibility="private"))
    longest = await say(
        dara, Draft("W" * 200 + " https://a.very-long-host-name.example/with/a/path/" + "x" * 90)
    )
    await interacting.boost(app, bo, longest)
    await interacting.favourite(app, ana, greeting)
    await _vote(app, chie)
    return World(ana, bo, greeting, reply, secret, longest)


async def _decorate(
    app: App, say: Callable[[int, Draft], Awaitable[int]], bo: int, chie: int
) -> None:
    """Let there be a poll, a picture in another script, and pictures behind a warning."""
    await say(
        bo,
        Draft(
            "Which day for the autumn excursion?",
            poll=PollDraft(["Friday", "Saturday, so that everybody can come"], 86400),
        ),
    )
    await say(
        chie,
        Draft(
            "来週の会議は大阪で行います。",
            language="ja",
            media_ids=[await _picture(app, chie, (900, 600), "A harbour at dusk")],
        ),
    )
    await say(
        bo,
        Draft(
            "The figures are far better than we feared: see the attached charts.",
            spoiler_text="Quarterly figures",
            media_ids=[await _picture(app, bo, size, None) for size in ((400, 800), (800, 400))],
        ),
    )


async def _introduce(app: App, ana: int) -> None:
    header = Image.new("RGB", (1500, 500))
    pixels = ImageDraw.Draw(header)
    for x in range(1500):
        pixels.line([(x, 0), (x, 500)], fill=(20 + x // 12, 90 + x // 20, 120 - x // 30))
    await profiles.update_profile(
        app,
        ana,
        ProfileChanges(
            note="Bridges and tunnels.\n\nAsk me about #concrete",
            fields=[
                ProfileField("Team", "Structures"),
                ProfileField("Handbook", "https://handbook.corp.example/structures/tunnels"),
            ],
            header=_bytes(header),
            avatar=_bytes(Image.new("RGB", (400, 400), (196, 110, 66))),
        ),
    )


async def _picture(app: App, author: int, size: tuple[int, int], description: str | None) -> int:
    image = Image.new("RGB", size, (52, 88, 110))
    drawing = ImageDraw.Draw(image)
    drawing.ellipse(
        (size[0] // 3, size[1] // 4, size[0] * 2 // 3, size[1] * 3 // 4), fill="#e8a44c"
    )
    return await media.upload(app, author, _bytes(image), description=description)


def _bytes(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


async def _vote(app: App, voter: int) -> None:
    async with app.db.reader() as conn:
        poll_id = await conn.fetchval("SELECT id FROM polls")
    await voting.vote(app, voter, poll_id, [0])
