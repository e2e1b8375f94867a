"""Posts as other pages embed them."""

import pytest

from tests.api.contract.entities import check
from tests.api.office import Office
from tests.api.posts import post

OEMBED = "/api/oembed"


async def test_a_post_is_quoted(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    status = await post(ana, "a <b> & c")
    for url in (status["url"], status["uri"]):
        found = (await bo.get(OEMBED, url=url)).data
        check("OEmbed", found)
        assert (found["author_url"], found["width"]) == (f"{office.url}/@ana", 400)
        assert "a &lt;b&gt; &amp; c" in found["html"]
        assert "<script" not in found["html"]
    sized = (await bo.get(OEMBED, url=status["url"], maxwidth=200, maxheight=100)).data
    assert (sized["width"], sized["height"]) == (200, 100)


@pytest.mark.sec("SEC-180")
async def test_what_is_not_for_all_is_not_found(office: Office) -> None:
    ana = await office.member("ana")
    urls = [(await post(ana, visibility=each))["url"] for each in ("private", "direct")]
    for url in (*urls, f"{office.url}/@ana/1", "https://evil.example/1", "x", "\x01"):
        answer = await ana.get(OEMBED, url=url)
        assert (answer.status, answer.error) == (404, "Record not found")
    for query in ({}, {"url": "a\0"}, {"url": "a" * 3000}, {"url": urls[0], "maxwidth": "wide"}):
        assert (await ana.get(OEMBED, **query)).status == 422
    narrow = await office.api(ana.account_id, "read:accounts")
    assert (await narrow.get(OEMBED, url=urls[0])).status == 403
    assert (await office.anonymous().get(OEMBED, url=urls[0])).status == 401
