"""Quotes as apps make, list, allow and revoke them."""

from typing import Any

from fedimmp.entities.statuses import render_statuses
from tests.api.contract.entities import check, check_all
from tests.api.office import Api, Office
from tests.api.posts import STATUSES, arrive, does, follow, ids, post, seen


async def quote(author: Api, quoted: dict[str, Any], text: str = "Look", **form: Any) -> Any:
    return await post(author, text, quoted_status_id=quoted["id"], **form)


async def refused(author: Api, **form: Any) -> int:
    answer = await author.post(STATUSES, {"status": "Look", **form})
    assert answer.error
    return answer.status


# ------------------------------------------------------------------------------------- making


async def test_a_quote_shows_what_it_quotes(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    first = await post(ana, "Lunch?")
    assert first["quote"] is None
    assert first["quotes_count"] == 0
    assert (await seen(bo, first))["quote_approval"] == {
        "automatic": ["public"],
        "manual": [],
        "current_user": "automatic",
    }

    second = await quote(bo, first)
    third = await quote(ana, second)

    assert second["quote"]["state"] == "accepted"
    assert second["quote"]["quoted_status"]["id"] == first["id"]
    assert second["content"].startswith('<p class="quote-inline">RE: <a href="')
    assert third["quote"]["quoted_status"]["quote"] == {
        "state": "accepted",
        "quoted_status_id": first["id"],
    }
    assert (await seen(ana, first))["quotes_count"] == 1
    (notification,) = await ana.ok("GET", "/api/v1/notifications?types[]=quote")
    check("Notification", notification)
    assert notification["status"]["id"] == second["id"]


async def test_a_quote_needs_no_words(office: Office) -> None:
    ana = await office.member("ana")
    first = await post(ana)

    bare = await ana.ok("POST", STATUSES, json={"quoted_status_id": first["id"]})
    warned = await quote(ana, first, "", spoiler_text="Food")

    assert bare["quote"]["quoted_status"]["id"] == first["id"]
    assert warned["spoiler_text"] == "Food"
    assert await refused(ana, status="") == 422


async def test_a_boost_is_quoted_as_what_it_boosts(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    first = await post(ana)
    boost = await does(bo, "reblog", first)

    made = await quote(bo, boost)

    assert made["quote"]["quoted_status"]["id"] == first["id"]
    again = await does(ana, "reblog", made)
    assert again["quote"] is None
    assert again["reblog"]["quote"]["quoted_status"]["id"] == first["id"]
    # The quote is of the post, so the boost counts it as well.
    assert again["quotes_count"] == 0
    assert (await seen(bo, boost))["quotes_count"] == 1


async def test_a_boost_of_a_quote_in_a_timeline(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    await follow(cy, bo)
    made = await quote(ana, await post(ana, "First"))
    await does(bo, "reblog", made)

    (home,) = await cy.ok("GET", "/api/v1/timelines/home")

    check("Status", home)
    assert home["reblog"]["quote"]["state"] == "accepted"


async def test_what_may_not_be_quoted_is_not_found(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    await follow(bo, ana)
    closed = await post(ana, quote_approval_policy="nobody")
    private = await post(ana, visibility="private")
    direct = await post(ana, "@bo psst", visibility="direct")

    for status in (closed, private, direct):
        assert (await seen(bo, status))["quote_approval"]["current_user"] == "denied"
        assert await refused(bo, quoted_status_id=status["id"]) == 404
        # Authors may always quote themselves.
        assert (await quote(ana, status, "@bo"))["quote"]["state"] == "accepted"
    assert await refused(bo, quoted_status_id="1") == 404
    assert await refused(bo, quoted_status_id="x") == 422


async def test_blocks_end_quoting(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    first = await post(ana)
    await bo.ok("POST", f"/api/v1/accounts/{ana.id}/block")

    assert await refused(bo, quoted_status_id=first["id"]) == 404


async def test_followers_may_where_they_may(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    first = await post(ana, quote_approval_policy="followers")
    assert first["quote_approval"]["automatic"] == ["followers"]
    assert await refused(bo, quoted_status_id=first["id"]) == 404

    await follow(bo, ana)

    assert (await seen(bo, first))["quote_approval"]["current_user"] == "automatic"
    assert (await quote(bo, first))["quote"]["state"] == "accepted"


async def test_visibility_follows_what_is_quoted(office: Office) -> None:
    ana = await office.member("ana")
    private = await post(ana, visibility="private")

    made = await quote(ana, private, visibility="public", quote_approval_policy="public")

    assert made["visibility"] == "private"
    assert made["quote_approval"] == {"automatic": [], "manual": [], "current_user": "automatic"}


async def test_a_direct_quote_names_whom_it_quotes(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    first = await post(ana)

    assert await refused(bo, quoted_status_id=first["id"], visibility="direct") == 422
    made = await quote(bo, first, "@ana look", visibility="direct")
    assert made["quote"]["state"] == "accepted"


async def test_a_quote_of_another_office_waits(office: Office) -> None:
    ana = await office.member("ana")
    rui = await office.colleague("rui")
    automatic = await arrive(office, rui, "one", quote_automatic=("public",))
    manual = await arrive(office, rui, "two", quote_automatic=(), quote_manual=("public",))
    silent = await arrive(office, rui, "three")

    for status_id, answer in ((automatic, "automatic"), (manual, "manual")):
        shown = await seen(ana, {"id": status_id})
        assert shown["quote_approval"]["current_user"] == answer
        made = await quote(ana, {"id": status_id})
        assert made["quote"] == {"state": "pending", "quoted_status": None}
    assert await refused(ana, quoted_status_id=silent) == 404
    kinds = [activity["type"] for activity in await office.sent()]
    assert kinds == ["Create", "QuoteRequest"] * 2


# ---------------------------------------------------------------------------------- visibility


async def test_a_private_quoted_post_is_shown_to_its_readers_only(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    await follow(bo, ana)
    private = await post(ana, "secret", visibility="private")
    made = await quote(ana, private, "@cy see", visibility="private")

    to_bo, to_cy = await seen(bo, made), await seen(cy, made)

    assert to_bo["quote"]["quoted_status"]["id"] == private["id"]
    assert to_cy["quote"] == {"state": "unauthorized", "quoted_status": None}
    assert "secret" not in str(to_cy)
    assert private["url"] not in to_cy["content"]


async def test_blocked_and_muted_authors(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    made = await quote(bo, await post(ana))

    await cy.ok("POST", f"/api/v1/accounts/{ana.id}/mute")
    assert (await seen(cy, made))["quote"]["state"] == "muted_account"
    await cy.ok("POST", f"/api/v1/accounts/{ana.id}/unmute")
    await cy.ok("POST", f"/api/v1/accounts/{ana.id}/block")
    assert (await seen(cy, made))["quote"]["state"] == "blocked_account"
    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/block")
    assert (await seen(bo, made))["quote"] == {"state": "unauthorized", "quoted_status": None}


async def test_pages_take_as_many_queries_with_quotes_as_without(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    plain = [await post(ana, f"plain {number}") for number in range(6)]
    quoting = [await quote(bo, status) for status in plain]
    counts = set()
    for page in (plain[:1], quoting[:1], quoting, [*plain, *quoting]):
        async with office.app.db.reader() as conn:
            found = [int(status["id"]) for status in page]
            check_all("Status", await render_statuses(office.app, conn, found, ana.account_id))
            counts.add(conn.queries)
    assert len(counts) == 1, counts


# ------------------------------------------------------------------------------------- changing


async def test_the_list_of_quotes(office: Office) -> None:
    ana, bo, cy = [await office.member(name) for name in ("ana", "bo", "cy")]
    first = await post(ana)
    made = [await quote(bo, first, f"Look {number}") for number in range(3)]
    hidden = await quote(bo, first, "@ana only you", visibility="direct")
    path = f"{STATUSES}/{first['id']}/quotes"
    newest = [status["id"] for status in reversed(made)]

    assert await ids(cy, path) == newest
    assert await ids(ana, path) == [hidden["id"], *newest]
    page = await cy.get(path, limit=2)
    assert [status["id"] for status in page.data] == newest[:2]
    rest = await cy.get(page.links["next"])
    assert [status["id"] for status in rest.data] == newest[2:]
    await cy.ok("POST", f"/api/v1/accounts/{bo.id}/mute")
    assert await ids(cy, path) == []
    private = await post(ana, visibility="private")
    assert (await cy.get(f"{STATUSES}/{private['id']}/quotes")).status == 404


async def test_revoking_a_quote(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    first, other = await post(ana), await post(ana, "other")
    made = await quote(bo, first)
    path = f"{STATUSES}/{first['id']}/quotes/{made['id']}/revoke"

    assert (await bo.post(path)).status == 403
    assert (await ana.post(f"{STATUSES}/{other['id']}/quotes/{made['id']}/revoke")).status == 404
    assert (await ana.post(f"{STATUSES}/{first['id']}/quotes/{other['id']}/revoke")).status == 404
    revoked = await ana.ok("POST", path)

    check("Status", revoked)
    assert revoked["id"] == made["id"]
    assert revoked["quote"] == {"state": "revoked", "quoted_status": None}
    assert (await ana.ok("POST", path))["quote"]["state"] == "revoked"
    assert await ids(ana, f"{STATUSES}/{first['id']}/quotes") == []
    assert await ana.ok("GET", "/api/v1/notifications?types[]=quote") == []


async def test_changing_who_may_quote(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    first = await post(ana)
    path = f"{STATUSES}/{first['id']}/interaction_policy"

    changed = await ana.ok("PUT", path, json={"quote_approval_policy": "nobody"})
    check("Status", changed)
    assert changed["quote_approval"]["automatic"] == []
    assert changed["edited_at"] is None
    assert (await bo.put(path, {"quote_approval_policy": "public"})).status == 403
    assert (await ana.put(path, {"quote_approval_policy": "everybody"})).status == 422
    edit = {"status": "Hello", "quote_approval_policy": "followers"}
    edited = await ana.ok("PUT", f"{STATUSES}/{first['id']}", json=edit)
    assert edited["quote_approval"]["automatic"] == ["followers"]
    private = await post(ana, visibility="private")
    path = f"{STATUSES}/{private['id']}/interaction_policy"
    kept = await ana.ok("PUT", path, json={"quote_approval_policy": "public"})
    assert kept["quote_approval"]["automatic"] == []
    assert (await bo.put(path, {"quote_approval_policy": "public"})).status == 404


async def test_the_default_is_told_to_apps(office: Office) -> None:
    ana = await office.member("ana")

    preferences = await ana.ok("GET", "/api/v1/preferences")
    account = await ana.ok("GET", "/api/v1/accounts/verify_credentials")

    assert preferences["posting:default:quote_policy"] == "public"
    assert account["source"]["quote_policy"] == "public"


async def test_each_version_of_a_quote_shows_it(office: Office) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    quoted = await post(bo, "wise words")
    made = await post(ana, "so true", quoted_status_id=quoted["id"])
    path = f"/api/v1/statuses/{made['id']}"
    await ana.ok("PUT", path, json={"status": "so very true"})
    versions = await ana.ok("GET", f"{path}/history")
    check_all("StatusEdit", versions)
    assert [each["quote"]["quoted_status"]["id"] for each in versions] == [quoted["id"]] * 2
    plain = await ana.ok("GET", f"/api/v1/statuses/{quoted['id']}/history")
    assert "quote" not in plain[0]
