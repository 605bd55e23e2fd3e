"""Facts in DuckDB: one writer on its own file, readers on published snapshots, every version kept.

`open_writer` loads and publishes; `Reader` answers what is known now or was known at a moment. Importing this package
loads no DuckDB: take the names from `warehouse.write` and `warehouse.read`.
"""
