"""The practice platform as a command: the layers above do not reach into it."""


def serve_practice_platform(world: str, *, seed: int, port: int, control_port: int) -> None:
    """Serve until interrupted; prints one JSON line when ready. Raises InputError for an unknown world."""
    from aibuyer_kit.sandbox.serve import serve_forever

    serve_forever(world, seed=seed, port=port, control_port=control_port)
