"""The rule language, and what it means: see README.md. A rule only proposes; nothing here reads or writes."""
