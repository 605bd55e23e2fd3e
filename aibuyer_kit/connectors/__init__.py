"""Ad platforms and files as sources of facts: every connector has the shape of `base.Connector`."""
