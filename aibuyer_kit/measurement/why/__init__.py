"""Why a metric changed: its exact split by driver and object, which of the parts are causes, and words for them."""
