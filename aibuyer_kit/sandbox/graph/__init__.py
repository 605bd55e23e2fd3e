"""The Graph protocol as the official SDK speaks it: from a request to an answer, without a socket."""
