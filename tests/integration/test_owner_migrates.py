"""In production the databases belong to users who administer no server."""

import asyncpg

from pipeline.adapters.postgres.migrate import DATA, KEYS, migrate, shipped
from pipeline.local.servers import Servers

SERVICES = ("assess", "relay", "auditor", "watch", "intake", "feeds", "desk", "operate", "people")
ALL_ROLES = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'anwang\\_%'"


async def test_an_owner_who_is_no_administrator_brings_both_databases_to_this_schema(servers: Servers) -> None:
    admin = await asyncpg.connect(await servers.create_database("first_to_make_the_roles"))
    await migrate(servers.dsn("first_to_make_the_roles"), DATA)
    try:
        every = [row["rolname"] for row in await admin.fetch(ALL_ROLES)]
        for owner, roles in (("owns_data", every), ("owns_keys", [f"anwang_{name}" for name in SERVICES])):
            await admin.execute(f"CREATE ROLE {owner} LOGIN NOINHERIT NOSUPERUSER NOCREATEROLE")
            await admin.execute(f"GRANT {', '.join(roles)} TO {owner}")
            await admin.execute(f"CREATE DATABASE {owner} OWNER {owner}")
        for owner, folder in (("owns_data", DATA), ("owns_keys", KEYS)):
            dsn = servers.dsn(owner).replace("anwang@", f"{owner}@", 1)
            assert await migrate(dsn, folder) == tuple(m.name for m in shipped(folder))
        owned = await asyncpg.connect(servers.dsn("owns_data").replace("anwang@", "owns_data@", 1))
        assert await owned.fetchval("SELECT current_setting('is_superuser')") == "off"
        await owned.close()
    finally:
        for owner in ("owns_data", "owns_keys"):
            await servers.drop_database(owner)
            await admin.execute(f"DROP ROLE IF EXISTS {owner}")
        await admin.close()
        await servers.drop_database("first_to_make_the_roles")
