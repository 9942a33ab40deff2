"""Runs migrations on the connection that `opm.server.db.migrate` hands over."""

from alembic import context

from opm.server.db.models import metadata


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    context.run_migrations()


run()
