"""Signing in at the desk by a password, and how a session ends."""

from pathlib import Path

import httpx
import pytest
from lab import Lab
from staff import signed_in
from test_desk import bearing, desk_for_nobody, problem
from test_explain_live import anwang

from pipeline.adapters.postgres import sessions
from pipeline.domain.posts import PostRole

PASSWORD = "kumquat-harbour-7-lanterns"  # noqa: S105 - of nobody
COOKIE = "__Host-anwang"


@pytest.fixture
async def one_who_works_here(lab: Lab) -> str:
    """S1024, with two posts in one centre."""
    await add(lab, "S1024", "screener", "63000-protective")
    await add(lab, "S1024", "supervisor", "63000-protective")
    return "S1024"


async def add(lab: Lab, code: str, *post: str) -> None:
    file = lab.settings.data_dir / "password.txt"
    file.write_text(f"{PASSWORD}\n")
    assert (await anwang(lab, "staff", "add", code, "--password-file", str(file))).exit_code == 0
    given = await anwang(lab, "staff", "post", code, *post)
    assert given.exit_code == 0, given.err


def by(code: str, password: str = PASSWORD, **more: str) -> dict[str, str]:
    return {"staff": code, "password": password, **more}


async def kinds(lab: Lab) -> list[tuple[str, str, str | None]]:
    rows = await lab.pool.fetch(
        "SELECT kind, actor, body ->> 'code' AS code FROM access_event WHERE stream = 'desk.sign-in' ORDER BY number"
    )
    return [(row["kind"], row["actor"], row["code"]) for row in rows]


async def test_who_signs_in_gets_a_new_session_each_time_and_signs_out_of_one(
    lab: Lab, one_who_works_here: str
) -> None:
    async with desk_for_nobody(lab) as client:
        several = await client.post("/v1/session", json=by(one_who_works_here))
        assert problem(several) == (409, "post_ambiguous")
        assert [post["role"] for post in several.json()["posts"]] == ["screener", "supervisor"]
        wanted = by(one_who_works_here, role="screener")
        first, second = [(await client.post("/v1/session", json=wanted)).json() for _ in range(2)]
        assert first["token"] != second["token"]
        assert (first["role"], first["scope"]) == ("screener", "63000-protective")
        client.cookies.clear()
        told = (await client.get("/v1/session", headers=bearing(first["token"]))).json()
        assert told == {name: value for name, value in first.items() if name != "token"}
        ended = await client.delete("/v1/session", headers=bearing(first["token"]))
        assert ended.status_code == 204
        assert problem(await client.get("/v1/session", headers=bearing(first["token"]))) == (401, "token_unknown")
        assert (await client.get("/v1/session", headers=bearing(second["token"]))).status_code == 200
        assert problem(await client.post("/v1/session", json=by("S1024", role="analyst"))) == (403, "no_post")
    assert await lab.pool.fetchval("SELECT count(*) FROM staff_session WHERE digest = $1", first["token"].encode()) == 0
    assert [kind for kind, _, _ in await kinds(lab)] == ["login", "login", "logout"]


async def test_whatever_is_wrong_has_one_answer_and_many_failures_lock_an_account(
    lab: Lab, one_who_works_here: str
) -> None:
    wrong = [
        by(one_who_works_here, "another-password-1234"),
        by("S9999"),
        by("王小明"),
    ]
    async with desk_for_nobody(lab) as client:
        answers = [await client.post("/v1/session", json=body) for body in wrong]
        assert {answer.text for answer in answers} == {answers[0].text}
        assert problem(answers[0]) == (403, "sign_in_refused")
        assert await kinds(lab) == [
            ("login_refused", one_who_works_here, "sign_in_refused"),
            ("login_refused", "nobody", "sign_in_refused"),
            ("login_refused", "nobody", "sign_in_refused"),
        ]
        for _ in range(sessions.FAILURES_MAX - 1):
            await client.post("/v1/session", json=by(one_who_works_here, "another-password-1234"))
        right = by(one_who_works_here, role="screener")
        assert problem(await client.post("/v1/session", json=right)) == (403, "sign_in_locked")
        await lab.pool.execute("UPDATE sign_in_lock SET locked_until = now(), last_at = now() - interval '1 hour'")
        assert (await client.post("/v1/session", json=right)).status_code == 201
        assert await lab.pool.fetchval("SELECT count(*) FROM sign_in_lock WHERE staff = 's1024'") == 0
        answers = [await client.post("/v1/session", json=by("S9999")) for _ in range(60)]
        assert problem(answers[-1]) == (429, "too_many_requests")
        assert int(answers[-1].headers["retry-after"]) > 0


async def test_a_session_ends_unused_or_old_and_with_its_post_and_its_person(lab: Lab, one_who_works_here: str) -> None:
    async with desk_for_nobody(lab) as client:

        async def token() -> str:
            answer = await client.post("/v1/session", json=by(one_who_works_here, role="supervisor"))
            client.cookies.clear()
            return str(answer.json()["token"])

        async def is_over(token: str) -> bool:
            return (await client.get("/v1/cases", headers=bearing(token))).status_code == 401

        for change in (
            "UPDATE staff_session SET seen_at = now() - interval '31 minutes'",
            "UPDATE staff_session SET ends_at = now()",
        ):
            one = await token()
            assert not await is_over(one)
            await lab.pool.execute(change)
            assert await is_over(one)
        one = await token()
        await lab.pool.execute("UPDATE staff_session SET seen_at = now() - interval '29 minutes'")
        assert not await is_over(one)
        assert await lab.pool.fetchval("SELECT max(seen_at) > now() - interval '1 minute' FROM staff_session"), (
            "it was used"
        )
        assert (await anwang(lab, "staff", "post-end", "S1024", "supervisor", "63000-protective")).exit_code == 0
        assert await is_over(one)
        await add(lab, "S1024", "supervisor", "63000-protective")
        assert await is_over(one), "a post that is given again does not bring a session back"
        two = await token()
        assert (await anwang(lab, "staff", "end", "S1024")).exit_code == 0
        assert await is_over(two)
        assert problem(await client.post("/v1/session", json=by("S1024"))) == (403, "sign_in_refused")
    changes = await lab.pool.fetch(
        "SELECT body ->> 'what' AS what FROM access_event WHERE stream = 'staff' ORDER BY number"
    )
    assert [row["what"] for row in changes][-4:] == ["post_end", "password", "post", "ended"]


async def test_a_cookie_opens_nothing_for_another_site(lab: Lab, one_who_works_here: str) -> None:
    async with desk_for_nobody(lab) as client:
        signed = await client.post("/v1/session", json=by(one_who_works_here, role="screener"))
        set_cookie = signed.headers["set-cookie"]
        name, _, rest = set_cookie.partition("=")
        assert name == COOKIE
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=strict"} <= {part.strip() for part in rest.split(";")}
        client.cookies.clear()
        host = client.base_url.netloc.decode()
        cookie = {"cookie": f"{COOKIE}={signed.json()['token']}"}
        assert (await client.get("/v1/session", headers=cookie)).status_code == 200
        for headers in (
            {},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"origin": "https://evil.example"},
            {"origin": "null"},
        ):
            refused = await client.delete("/v1/session", headers=cookie | headers)
            assert problem(refused) == (403, "cross_site")
        body = by(one_who_works_here, role="screener")
        strange = await client.post("/v1/session", json=body, headers={"origin": "https://evil.example"})
        assert problem(strange) == (403, "cross_site"), "nobody is signed in as another by a foreign page"
        ended = await client.delete("/v1/session", headers=cookie | {"origin": f"http://{host}"})
        assert ended.status_code == 204
        assert problem(await client.get("/v1/session", headers=cookie)) == (401, "token_unknown")


async def test_without_local_accounts_no_password_is_taken_and_a_desk_without_any_way_in_does_not_start(
    lab: Lab,
) -> None:
    secret = lab.settings.data_dir / "oidc-secret"
    secret.write_text("s")
    secret.chmod(0o600)
    provider = {
        "ANWANG_DESK_LOCAL_ACCOUNTS": "false",
        "ANWANG_OIDC_ISSUER": "http://127.0.0.1:9",
        "ANWANG_OIDC_CLIENT_ID": "desk",
        "ANWANG_OIDC_CLIENT_SECRET_FILE": str(secret),
        "ANWANG_OIDC_REDIRECT_URL": "http://127.0.0.1:9/back",
    }
    async with desk_for_nobody(lab, **provider) as client:
        assert problem(await client.post("/v1/session", json=by("S1024"))) == (404, "no_such_sign_in")
        away = await client.get("/v1/session/oidc")
        assert problem(away) == (503, "database_away")
    ended = await anwang(lab, "run", "desk")
    assert (ended.exit_code, "nobody could sign in" in ended.err + ended.out) == (1, True)


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("kurz-1-2-3", "12 to 128"),
        ("x" * 129, "12 to 128"),
        ("passwordpassword", "too easy"),
        ("qwertyuiop12", "too easy"),
    ],
)
async def test_a_short_or_common_password_is_refused_and_never_shown(
    lab: Lab, tmp_path: Path, password: str, said: str
) -> None:
    file = tmp_path / "password"
    file.write_text(password)
    ended = await anwang(lab, "staff", "add", "S1", "--password-file", str(file))
    assert (ended.exit_code, said in ended.err) == (1, True)
    assert password not in ended.err + ended.out
    assert await lab.count("staff") == 0


async def test_posts_are_for_centres_and_counties_that_there_are(lab: Lab) -> None:
    await signed_in(lab, "S1", PostRole.SCREENER)
    for scope, code in (("63000-protective", 0), ("臺北市", 0), ("*", 0), ("nowhere", 1), ("台北市", 1)):
        assert (await anwang(lab, "staff", "post", "S1", "supervisor", scope)).exit_code == code
    assert (await anwang(lab, "staff", "post", "S2", "supervisor", "*")).exit_code == 1
    assert (await anwang(lab, "staff", "add", "王小明", "--without-password")).exit_code == 1
    assert (await anwang(lab, "staff", "add", "s1", "--without-password")).exit_code == 1, "one code in two spellings"
    listed = (await anwang(lab, "staff", "list")).out
    assert "supervisor@臺北市" in listed
    assert "S2" not in listed


async def test_the_password_is_kept_as_argon2id_alone(lab: Lab, one_who_works_here: str) -> None:
    kept = await lab.pool.fetchval("SELECT password_hash FROM staff WHERE staff = $1", one_who_works_here)
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


async def test_an_unknown_person_takes_as_long_as_a_known_one(lab: Lab, one_who_works_here: str) -> None:
    """Of several tries the fastest, since others share this machine."""

    async def fastest(client: httpx.AsyncClient, code: str) -> float:
        body = by(code, "another-password-1234")
        return min([(await client.post("/v1/session", json=body)).elapsed.total_seconds() for _ in range(4)])

    async with desk_for_nobody(lab) as client:
        known, unknown = await fastest(client, one_who_works_here), await fastest(client, "S9999")
    assert 0.4 < known / unknown < 2.5
