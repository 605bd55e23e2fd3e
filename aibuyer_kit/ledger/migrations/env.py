"""Run by Alembic, on the connection and within the transaction of whoever opens the ledger."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
