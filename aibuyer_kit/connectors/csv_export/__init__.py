"""Facts from exported files, CSV or XLSX: Ads Manager's as they are, any other with a mapping. See the README."""

from aibuyer_kit.connectors.csv_export.ads_manager import ads_manager_mapping
from aibuyer_kit.connectors.csv_export.mapping import UNNAMED_ACCOUNT, Choices, Mapping, read_mapping
from aibuyer_kit.connectors.csv_export.preview import ColumnPreview, ImportPreview
from aibuyer_kit.connectors.csv_export.reader import ImportedFile, read_export
from aibuyer_kit.connectors.csv_export.report import (
    EmptyCells,
    EntityChange,
    ImportReport,
    RatioDifference,
    RejectedRow,
    SecondFile,
)

__all__ = [
    "UNNAMED_ACCOUNT",
    "Choices",
    "ColumnPreview",
    "EmptyCells",
    "EntityChange",
    "ImportPreview",
    "ImportReport",
    "ImportedFile",
    "Mapping",
    "RatioDifference",
    "RejectedRow",
    "SecondFile",
    "ads_manager_mapping",
    "read_export",
    "read_mapping",
]
