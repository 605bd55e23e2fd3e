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
        data: object = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.subcode = subcode
        self.http_status = http_status
        self.kind = kind
        self.is_transient = is_transient
        self.user_title = user_title
        self.user_message = user_message
        self.data = data

    def envelope(self, trace_id: str) -> dict[str, object]:
        """Return the body of the answer; keys that say nothing are left out."""
        error: dict[str, object] = {"message": str(self), "type": self.kind, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        error["is_transient"] = self.is_transient
        if self.user_message:
            error |= {"error_user_title": self.user_title, "error_user_msg": self.user_message}
        if self.data is not None:
            error["error_data"] = self.data
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


def unsupported_request(method: str) -> GraphError:
    return GraphError(100, f"Unsupported {method.lower()} request.", kind="GraphMethodException")


def bad_token(message: str, subcode: int | None = None) -> GraphError:
    return GraphError(190, message, subcode=subcode, http_status=401)


def too_much_data(message: str) -> GraphError:
    return GraphError(100, message, subcode=1487534)


def budget_too_low(least: str, kind: str = "daily_budget", *, on_campaign: bool = False) -> GraphError:
    subcode = {"daily_budget": 1885272, "lifetime_budget": 1487901}[kind]
    return _for_a_person(
        1885650 if on_campaign else subcode,
        "Your budget is too low",
        f"The {kind.replace('_', ' ')} must be at least {least}.",
    )


def budget_on_both_levels() -> GraphError:
    return _for_a_person(
        1885621,
        "Budget is set on the other level",
        "You can set a budget on the campaign or on its ad sets, not on both.",
    )


def deleted_object() -> GraphError:
    return _for_a_person(1487056, "It has been deleted", "What has been deleted can be read, but not changed.")


def end_in_the_past() -> GraphError:
    return _for_a_person(1487033, "The end is in the past", "Choose an end time that lies in the future.")


def too_many_budget_changes() -> GraphError:
    return GraphError(
        613,
        "(#613) Calls to this api have exceeded the rate limit.",
        subcode=1487632,
        user_title="Budget changed too often",
        user_message="The budget of this ad set was changed 4 times within an hour. Try again in an hour.",
    )


def too_many_limit_changes() -> GraphError:
    return GraphError(
        17,
        "(#17) User request limit reached",
        subcode=1885172,
        user_title="Spending limit changed too often",
        user_message="The account's spending limit was changed 10 times within a day. Try again tomorrow.",
    )


def missing_permission(permission: str) -> GraphError:
    message = f"(#200) Ad account owner has NOT granted {permission} permission"
    return GraphError(200, message, http_status=403)


def unknown_error() -> GraphError:
    return GraphError(1, "An unknown error occurred", subcode=99, http_status=500, is_transient=True)


def _for_a_person(subcode: int, title: str, message: str) -> GraphError:
    return GraphError(100, "Invalid parameter", subcode=subcode, user_title=title, user_message=message)
