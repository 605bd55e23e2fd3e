"""The vocabulary of the house: errors, money, dates, time, entities, metrics, facts, escaping, languages."""
