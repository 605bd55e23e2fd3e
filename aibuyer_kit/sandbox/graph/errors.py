"""Errors in the platform's own envelope; clients key on codes, so the texts are only like the platform's."""


class GraphError(Exception):
    """A refusal with the platform's code and HTTP status; `user_message` is what a person should read."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        subcode: int | None = None,
        http_status: int = 400,
        kind: str = "OAuthException",
        is_transient: bool = False,
        user_title: str = "",
        user_message: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.subcode = subcode
        self.http_status = http_status
        self.kind = kind
        self.is_transient = is_transient
        self.user_title = user_title
        self.user_message = user_message

    def envelope(self, trace_id: str) -> dict[str, object]:
        """Return the body of the answer; keys that say nothing are left out."""
        error: dict[str, object] = {"message": str(self), "type": self.kind, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        error["is_transient"] = self.is_transient
        if self.user_message:
            error |= {"error_user_title": self.user_title, "error_user_msg": self.user_message}
        return {"error": error | {"fbtrace_id": trace_id}}


def invalid_parameter(message: str) -> GraphError:
    """A request that makes no sense, or asks for what is not imitated."""
    return GraphError(100, f"(#100) {message}")


def no_such_object(object_id: str, method: str) -> GraphError:
    message = (
        f"Unsupported {method.lower()} request. Object with ID '{object_id}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation."
    )
    return GraphError(100, message, subcode=33, kind="GraphMethodException")


def bad_token(message: str) -> GraphError:
    return GraphError(190, message, http_status=401)


def too_much_data(message: str) -> GraphError:
    return GraphError(100, message, subcode=1487534)


def budget_too_low(least: str) -> GraphError:
    return GraphError(
        100,
        "Invalid parameter",
        subcode=1885272,
        user_title="Your budget is too low",
        user_message=f"The daily budget must be at least {least}.",
    )


def budget_on_both_levels() -> GraphError:
    return GraphError(
        100,
        "Invalid parameter",
        subcode=1885621,
        user_title="Budget is set on the ad sets",
        user_message="You can set a budget on the campaign or on its ad sets, not on both.",
    )


def unknown_error() -> GraphError:
    return GraphError(1, "An unknown error occurred", subcode=99, http_status=500, is_transient=True)
