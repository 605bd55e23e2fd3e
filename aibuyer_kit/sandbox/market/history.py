"""What was set before the first call: how a world lived through its history."""

from datetime import date, timedelta

from aibuyer_kit.core.money import minor_from_micros
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet
from aibuyer_kit.sandbox.market.days import local_day
from aibuyer_kit.sandbox.market.settings_log import ACTIVE, LOWEST_COST, PAUSED, Setting, SettingsLog


def lived_through(account: Account, first_day: date, history_days: int) -> SettingsLog:
    """Return the settings since the beginning of `first_day`: all active, but for the pauses that plans ask for."""
    log = SettingsLog()
    start_us = local_day(first_day, account.zone).start_us
    for node in account.below:
        log.begin(node.id, _first_setting(account, node, start_us))
        if isinstance(node, Ad):
            log.begin(node.first_creative_id, Setting(start_us, ACTIVE))
        if isinstance(node, AdSet) and node.plan.paused_share:
            pause_us, resume_us = (
                _noon_us(account, first_day + timedelta(days=int(share * history_days)))
                for share in node.plan.paused_share
            )
            log.change(node.id, pause_us, status=PAUSED)
            log.change(node.id, resume_us, status=ACTIVE)
    return log


def _first_setting(account: Account, node: object, start_us: int) -> Setting:
    match node:
        case AdSet():
            daily_budget_minor = minor_from_micros(node.plan.daily_budget_micros, account.minor_per_unit)
            return Setting(start_us, ACTIVE, daily_budget_minor, bid_strategy=LOWEST_COST)
        case Ad():
            return Setting(start_us, ACTIVE, creative_id=node.first_creative_id)
    return Setting(start_us, ACTIVE)


def _noon_us(account: Account, day: date) -> int:
    bounds = local_day(day, account.zone)
    return (bounds.start_us + bounds.end_us) // 2
