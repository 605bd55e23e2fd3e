"""The receiver of webhooks: verifies a delivery, keeps it, answers; what follows from it is a workflow's work."""
