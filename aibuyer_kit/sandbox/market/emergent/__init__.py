"""A market whose response nobody drew: people with intent and memory, auctions with rivals, and a platform that paces.

`rules` says what a world may set, `population` who can be reached by what, `conditions` what an hour is like, `hours`
what happens in one, `course` how days follow each other.
"""
