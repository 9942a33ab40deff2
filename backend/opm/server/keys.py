"""Master keys, for those who operate the product: what there is, a new one, and secrets that nobody can read."""

import contextlib
from collections.abc import AsyncGenerator

from opm.server.core.crypto import add_key, load_keyring, read_keys
from opm.server.core.errors import Conflict, OpmError
from opm.server.core.settings import Settings
from opm.server.db import sealed
from opm.server.db.engine import Database
from opm.server.db.migrate import is_current
from opm.server.runtime.doctor import Check


@contextlib.asynccontextmanager
async def _database(settings: Settings) -> AsyncGenerator[Database]:
    db = Database.of(settings)
    try:
        if settings.embedded_database and not (settings.data_dir / "opm.db").exists():
            raise Conflict(f"There is no database in {settings.data_dir} yet; `opm serve` makes one.")
        if not await is_current(db):
            raise Conflict("The database is not at the newest schema; run `opm migrate` first.")
        yield db
    finally:
        await db.close()


async def listed(settings: Settings) -> list[tuple[str, int, str]]:
    """Id, number of secrets, and what the key does."""
    keys = list(read_keys(settings.key_file)) if settings.key_file.exists() else []
    async with _database(settings) as db:
        used = await sealed.keys_in_use(db)
    here = [(key, used[key], "decrypts" if number else "encrypts") for number, key in enumerate(keys)]
    return here + [(key, count, "MISSING") for key, count in sorted(used.items()) if key not in keys]


async def rotate(settings: Settings) -> tuple[str, int]:
    """A new first key, and every secret under it; a server that runs takes the key up by itself."""
    async with _database(settings) as db:
        before = load_keyring(settings.key_file)
        await sealed.require_keys(db, before.ids)
        newest = add_key(settings.key_file)
        return newest, await sealed.reseal(db, load_keyring(settings.key_file), newest)


async def reseal_all(settings: Settings) -> tuple[str, int]:
    """Every secret under the first key of the file, which somebody else put there."""
    async with _database(settings) as db:
        ring = load_keyring(settings.key_file)
        await sealed.require_keys(db, ring.ids)
        return ring.ids[0], await sealed.reseal(db, ring, ring.ids[0])


async def forget(settings: Settings, key: str) -> int:
    if settings.key_file.exists() and key in read_keys(settings.key_file):
        raise Conflict(f"The key {key} is in {settings.key_file}: its secrets can be read and are not removed.")
    async with _database(settings) as db:
        return await sealed.forget(db, key)


async def check(settings: Settings) -> Check:
    """For `opm doctor`; makes nothing."""
    try:
        keys = await listed(settings)
    except OpmError as exc:
        return Check("Master keys", ok=None, found=exc.message, mend="They are looked at once there is a database.")
    missing = [key for key, _, role in keys if role == "MISSING"]
    if missing:
        mend = f"Put these keys back into {settings.key_file} from its backup, or see `opm keys forget --help`."
        return Check("Master keys", ok=False, found=f"missing: {', '.join(missing)}", mend=mend)
    return Check("Master keys", ok=True, found=f"{len(keys)} in {settings.key_file}")
