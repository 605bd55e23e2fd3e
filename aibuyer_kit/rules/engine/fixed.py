"""What objects are, as columns: which of them a scope names, what is said of their texts, and their groups.

Each is worked out once for every different text, by the functions that say what it means for one object.
"""

from collections.abc import Sequence

import numpy as np

from aibuyer_kit.rules.conditions import FieldLeaf
from aibuyer_kit.rules.engine.code import Fixed
from aibuyer_kit.rules.engine.kernels import FALSE, TRUE, UNKNOWN, Bytes
from aibuyer_kit.rules.logic import Verdict
from aibuyer_kit.rules.scope import Scope
from aibuyer_kit.rules.subjects import Subject, Text, compared_text, holds, is_in
from aibuyer_kit.rules.table import Codes

AS_BYTE: dict[Verdict, int] = {False: FALSE, None: UNKNOWN, True: TRUE}


def fixed_verdict(condition: Fixed, subject: Subject) -> int:
    """Return the verdict of a scope or of a comparison of texts for one object; of nothing it is unknown."""
    if condition is None:
        return UNKNOWN
    return AS_BYTE[is_in(condition, subject) if isinstance(condition, Scope) else holds(condition, subject)]


class Texts:
    """The texts of objects by field, each different one numbered, when a comparison first asks for them."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self._subjects = subjects
        self._known: dict[str, tuple[Codes, list[Text]]] = {}

    def verdicts(self, condition: Fixed) -> Bytes:
        """Return the verdict of a scope or of a comparison of texts for every object."""
        if condition is None:
            return np.full(len(self._subjects), UNKNOWN, dtype=np.uint8)
        return self._held(condition) if isinstance(condition, FieldLeaf) else self._in_scope(condition)

    def _field(self, name: str) -> tuple[Codes, list[Text]]:
        if name not in self._known:
            numbers: dict[Text, int] = {}
            codes = [numbers.setdefault(subject.text(name), len(numbers)) for subject in self._subjects]
            self._known[name] = np.array(codes, dtype=np.int64), list(numbers)
        return self._known[name]

    def _held(self, leaf: FieldLeaf) -> Bytes:
        codes, texts = self._field(leaf.field)
        found = [AS_BYTE[compared_text(leaf.op, text, leaf.value)] for text in texts]
        return np.array(found, dtype=np.uint8)[codes]

    def _named(self, name: str, wanted: Sequence[str]) -> Bytes:
        codes, texts = self._field(name)
        several = set(wanted)
        return np.array([TRUE if text in several else FALSE for text in texts], dtype=np.uint8)[codes]

    def _any_id(self, wanted: Sequence[str]) -> Bytes:
        own, campaign, adset = (self._named(name, wanted) for name in ("id", "campaign.id", "adset.id"))
        return np.maximum(own, np.maximum(campaign, adset))

    def _in_scope(self, scope: Scope) -> Bytes:
        """Return what `is_in` says of every object."""
        found = np.full(len(self._subjects), TRUE, dtype=np.uint8)
        if not len(found):
            return found
        if scope.status is not None:
            found &= self._named("status", scope.status)
        if scope.include is not None:
            found &= self._any_id(scope.include)
        if scope.exclude is not None:
            found &= TRUE - self._any_id(scope.exclude)
        if (before := scope.created_before) is not None:
            made = [subject.created_on for subject in self._subjects]
            found &= np.array([TRUE if day and day < before else FALSE for day in made], dtype=np.uint8)
        for leaf in scope.where or ():
            found &= np.where(self._held(leaf) == TRUE, TRUE, FALSE).astype(np.uint8)
        return found
