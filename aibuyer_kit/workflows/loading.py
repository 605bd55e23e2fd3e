"""One stream of a connector into the warehouse: what can be read becomes facts, the rest goes into the quarantine."""

from aibuyer_kit.connectors.base import Connector, Stream
from aibuyer_kit.core.unreadable import UnreadableRow
from aibuyer_kit.warehouse.load import LoadResult
from aibuyer_kit.warehouse.write import Writer
from aibuyer_kit.workflows.cadence import coverage_of


def load_stream(writer: Writer, connector: Connector, stream: Stream) -> LoadResult:
    """Read a stream and load it. Raises PlatformError in its kinds, InconsistentReadError, WarehouseError."""
    unreadable: list[UnreadableRow] = []
    tables = connector.fetch(stream, rejected=unreadable.append)
    return writer.load(coverage_of(connector, stream), tables, known_at=connector.platform_time, rejected=unreadable)
