"""Accounts: who am I, who are they, and what nobody may see."""

from fedimmp.services import moving
from tests.api.contract.entities import check, check_all
from tests.api.office import Office


async def test_a_member_learns_who_they_are(office: Office) -> None:
    ana = await office.member("ana", display_name="Ana")
    answer = await ana.get("/api/v1/accounts/verify_credentials")
    assert answer.status == 200
    check("CredentialAccount", answer.data)
    assert answer.data["acct"] == "ana"
    assert answer.data["display_name"] == "Ana"
    assert answer.data["source"]["privacy"] == "public"
    assert answer.data["role"]["id"] == "-99"
    assert "no-store" in answer.headers["Cache-Control"]


async def test_an_administrator_is_shown_as_one(office: Office) -> None:
    ana = await office.member("ana", role="admin")
    own = await ana.ok("GET", "/api/v1/accounts/verify_credentials")
    check("CredentialAccount", own)
    assert [role["name"] for role in own["roles"]] == ["Administrator"]


async def test_without_a_token_nothing_is_told(office: Office) -> None:
    ana = await office.member("ana")
    nobody = office.anonymous()
    for path in (
        "/api/v1/accounts/verify_credentials",
        f"/api/v1/accounts/{ana.id}",
        f"/api/v1/accounts/{ana.id}/statuses",
        "/api/v1/accounts/lookup?acct=ana",
        "/api/v2/search?q=ana",
        "/api/v1/directory",
    ):
        answer = await nobody.get(path)
        assert (answer.status, bool(answer.error)) == (401, True), path


async def test_a_token_opens_only_its_scopes(office: Office) -> None:
    ana = await office.member("ana")
    posts_only = await office.api(ana.account_id, "read:statuses")
    assert (await posts_only.get(f"/api/v1/accounts/{ana.id}")).status == 403
    assert (await posts_only.get(f"/api/v1/accounts/{ana.id}/statuses")).status == 200
    profile = await office.api(ana.account_id, "profile")
    assert (await profile.get("/api/v1/accounts/verify_credentials")).status == 200
    assert (await profile.get("/api/v1/notifications")).status == 403


async def test_colleagues_are_shown_with_pictures_everywhere(office: Office) -> None:
    ana = await office.member("ana")
    rui = await office.colleague("Rui", display_name="Rui", note="<p>Oi</p>")
    shown = await ana.ok("GET", f"/api/v1/accounts/{rui}")
    check("Account", shown)
    assert shown["acct"] == "Rui@porto.example"
    assert shown["url"] == "https://porto.example/@Rui"
    assert "noindex" not in shown
    picture = await office.anonymous().get(shown["avatar"])
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/png")
    header = await office.anonymous().get(shown["header"])
    assert (header.status, header.headers["Content-Type"]) == (200, "image/png")


async def test_private_and_missing_look_the_same(office: Office) -> None:
    ana = await office.member("ana")
    rui = await office.colleague("rui")
    missing = await ana.get("/api/v1/accounts/99")
    assert (missing.status, missing.error) == (404, "Record not found")
    assert (await ana.get(f"/api/v1/accounts/{rui}")).status == 200
    await office.allow("porto.example", "removed")
    for path in ("", "/statuses", "/followers", "/following", "/lists", "/featured_tags"):
        gone = await ana.get(f"/api/v1/accounts/{rui}{path}")
        assert (gone.status, gone.data) == (404, missing.data)
    for odd in ("1", "abc", "-1", "9" * 40):
        assert (await ana.get(f"/api/v1/accounts/{odd}")).status == 404
    found = await ana.get("/api/v1/accounts/lookup", acct="rui@porto.example")
    assert found.status == 404
    assert await ana.ok("GET", "/api/v1/accounts/search", params={"q": "rui"}) == []


async def test_a_suspended_account_keeps_only_its_name(office: Office) -> None:
    ana = await office.member("ana")
    bo = await office.member("bo", display_name="Bo the Builder")
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE accounts SET suspended_at = now() WHERE id = $1", bo.account_id)
    shown = await ana.ok("GET", f"/api/v1/accounts/{bo.id}")
    check("Account", shown)
    assert (shown["suspended"], shown["display_name"]) == (True, "")
    assert (await ana.get("/api/v1/accounts/relationships", id=[bo.id])).data == []
    kept = await ana.get("/api/v1/accounts/relationships", id=[bo.id], with_suspended=True)
    assert [each["id"] for each in kept.data] == [bo.id]
    assert (await ana.post(f"/api/v1/accounts/{bo.id}/follow")).status == 404


async def test_several_accounts_come_at_once(office: Office) -> None:
    ana = await office.member("ana")
    bo = await office.member("bo")
    answer = await ana.get("/api/v1/accounts", id=[bo.id, ana.id, "99"])
    check_all("Account", answer.data)
    assert [each["acct"] for each in answer.data] == ["bo", "ana"]
    assert (await ana.get("/api/v1/accounts", id=[str(n) for n in range(41)])).status == 422


async def test_a_handle_is_looked_up_in_any_spelling(office: Office) -> None:
    ana = await office.member("Ana")
    await office.colleague("rui")
    for acct in ("ana", "@ANA", f"ana@{office.app.uris.host}"):
        assert (await ana.get("/api/v1/accounts/lookup", acct=acct)).data["acct"] == "Ana"
    found = await ana.get("/api/v1/accounts/lookup", acct="@Rui@PORTO.example")
    assert found.data["acct"] == "rui@porto.example"
    assert (await ana.get("/api/v1/accounts/lookup", acct="nobody")).status == 404
    assert (await ana.get("/api/v1/accounts/lookup", acct=office.app.uris.host)).status == 404
    assert (await ana.get("/api/v1/accounts/lookup")).status == 422


async def test_people_are_found_by_name_and_handle(office: Office) -> None:
    ana = await office.member("ana", display_name="Ana Lima")
    await office.member("anabel", display_name="Belmira")
    await office.colleague("ana", display_name="Ana Porto")
    blocked = await office.member("anatol")
    await ana.ok("POST", f"/api/v1/accounts/{blocked.id}/block")

    async def found(q: str, **query: object) -> list[str]:
        answer = await ana.get("/api/v1/accounts/search", q=q, **query)
        check_all("Account", answer.data)
        return [each["acct"] for each in answer.data]

    assert await found("ana") == ["ana", "ana@porto.example", "anabel"]
    assert await found("LIMA ana") == ["ana"]
    assert await found("@ana@porto") == ["ana@porto.example"]
    assert await found("ana", limit=1) == ["ana"]
    assert await found("ana", following=True) == []
    for odd in ("%", "_", "\\", "'; --", "a" * 999, "&|!():*"):
        assert await found(odd) == []
    assert (await ana.get("/api/v1/accounts/search", q="a" * 1001)).status == 422


async def test_the_directory_lists_who_wants_to_be_listed(office: Office) -> None:
    ana = await office.member("ana")
    bo = await office.member("bo")
    cy = await office.member("cy")
    await office.colleague("rui")
    await cy.ok("PATCH", "/api/v1/accounts/update_credentials", json={"discoverable": False})
    everybody = await ana.get("/api/v1/directory", order="new")
    check_all("Account", everybody.data)
    assert sorted(each["acct"] for each in everybody.data) == ["ana", "bo", "rui@porto.example"]
    here = await ana.get("/api/v1/directory", local=True)
    assert sorted(each["acct"] for each in here.data) == ["ana", "bo"]
    assert (await ana.get("/api/v1/directory", order="sideways")).status == 422
    async with office.app.db.writer() as tx:
        await tx.execute(
            "UPDATE accounts SET moved_to_id = $2 WHERE id = $1", bo.account_id, ana.account_id
        )
    assert [each["acct"] for each in (await ana.get("/api/v1/directory", local=True)).data] == [
        "ana"
    ]
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE accounts SET moved_to_id = NULL WHERE id = $1", bo.account_id)
    suggested = await ana.get("/api/v2/suggestions")
    check_all("Suggestion", suggested.data)
    assert {each["account"]["acct"] for each in suggested.data} == {"bo", "rui@porto.example"}
    await ana.ok("POST", f"/api/v1/accounts/{bo.id}/follow")
    plain = await ana.get("/api/v1/suggestions")
    assert [each["acct"] for each in plain.data] == ["rui@porto.example"]


async def test_an_account_that_moved_shows_where_to(office: Office) -> None:
    ana, ben = await office.member("ana"), await office.member("ben")
    await moving.add_alias(office.app, ben.account_id, "ana")

    await moving.move_member(office.app, ana.account_id, "ben")

    seen = await ben.ok("GET", f"/api/v1/accounts/{ana.id}")
    check("Account", seen)
    assert seen["moved"]["id"] == ben.id
    own = await ana.ok("GET", "/api/v1/accounts/verify_credentials")
    check("CredentialAccount", own)
    assert own["moved"]["id"] == ben.id
    assert "moved" not in await ana.ok("GET", f"/api/v1/accounts/{ben.id}")
