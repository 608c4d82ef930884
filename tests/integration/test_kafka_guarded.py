"""A broker with TLS, passwords and rights: each may do its own work there, and nothing else."""


async def test_smoke(guarded_lab):
    await guarded_lab.send([])
