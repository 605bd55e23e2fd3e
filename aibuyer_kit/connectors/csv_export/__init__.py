"""Facts from CSV files: an Ads Manager export as it is, any other file with a mapping. The README is beside this."""

from aibuyer_kit.connectors.csv_export.ads_manager import ads_manager_mapping
from aibuyer_kit.connectors.csv_export.mapping import Mapping, read_mapping
from aibuyer_kit.connectors.csv_export.reader import ImportedFile, read_export
from aibuyer_kit.connectors.csv_export.report import EntityChange, ImportReport, RejectedRow

__all__ = [
    "EntityChange",
    "ImportReport",
    "ImportedFile",
    "Mapping",
    "RejectedRow",
    "ads_manager_mapping",
    "read_export",
    "read_mapping",
]
